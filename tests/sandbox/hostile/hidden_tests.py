"""Read the expected answers, which everybody may read."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(world["hidden"]).read_text()
