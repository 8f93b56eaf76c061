"""Answer byte by byte, so that no single read has to wait for long."""

import os
import time

from sandbox.weapons import World


def attack(world: World) -> object:
    for _ in range(int(world["late"] / 0.01)):
        os.write(world["reply"], b" ")
        time.sleep(0.01)
    return "done"
