"""Delete a file in a folder that is open to everybody."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    Path(world["precious"]).unlink()
    return "gone"
