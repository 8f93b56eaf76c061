"""Take root's identity back."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    os.setresuid(0, 0, 0)
    return os.getuid()
