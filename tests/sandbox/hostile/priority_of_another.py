"""Make another process wait for everybody else."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    before = os.getpriority(os.PRIO_PROCESS, world["victim"])
    os.setpriority(os.PRIO_PROCESS, world["victim"], before + 1)
    return "lowered"
