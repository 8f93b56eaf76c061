"""Fill the disk with files each of which is small enough."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    for number in range(80):
        Path(f"part-{number}").write_bytes(b"x" * (1 << 20))
    return sum(path.stat().st_size for path in Path().iterdir())
