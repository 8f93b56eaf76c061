"""Compute for longer than allowed."""

import time

from sandbox.weapons import World


def attack(world: World) -> object:
    while time.process_time() < world["too_long"]:
        pass
    return "done"
