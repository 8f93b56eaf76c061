"""Answer with a line that does not end before 32 MB."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    for _ in range(32):
        os.write(world["reply"], b" " * (1 << 20))
    return "done"
