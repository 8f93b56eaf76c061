"""Give a file outside a second name in the own folder and write to it there."""

import os
from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    os.link(world["precious"], "mine")
    return Path("mine").write_text(world["mark"])
