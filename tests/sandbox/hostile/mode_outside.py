"""Open a private file of the same user to everybody."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    Path(world["precious"]).chmod(0o666)
    return "open"
