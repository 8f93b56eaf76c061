"""Write a file that is too big."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    with Path("big").open("wb", buffering=0) as file:
        file.writelines(b"x" * (1 << 20) for _ in range(40))
    return Path("big").stat().st_size
