"""Use up the file system's inodes."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    for number in range(20_000):
        Path(str(number)).touch()
    return sum(1 for _ in Path().iterdir())
