"""Answer too late without using the processor."""

import time

from sandbox.weapons import World


def attack(world: World) -> object:
    time.sleep(world["late"])
    return "done"
