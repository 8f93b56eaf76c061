"""Write into a folder that is open to everybody."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(world["folder"], world["mark"]).write_text("x")
