"""Take over page faults, with which races in the kernel are won."""

import os

from sandbox.weapons import World, syscall

USER_MODE_ONLY = 1


def attack(world: World) -> object:
    os.close(syscall("userfaultfd", USER_MODE_ONLY))
    return "faults"
