"""Take processors away from another process."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    os.sched_setaffinity(world["victim"], {min(os.sched_getaffinity(0))})
    return "taken"
