"""Write into the folder of an answer that is graded at the same time."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(world["neighbour"], world["mark"]).write_text("x")
