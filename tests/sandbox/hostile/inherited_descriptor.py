"""Read every descriptor that was left open."""

import os
from contextlib import suppress

from sandbox.weapons import World


def attack(world: World) -> object:
    found = []
    for number in range(3, 256):
        with suppress(OSError):
            found.append(os.pread(number, 1000, 0).decode())
    return found
