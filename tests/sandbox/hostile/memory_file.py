"""Hide data in a file that has no name."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    return os.write(os.memfd_create("hidden"), b"x" * (1 << 20))
