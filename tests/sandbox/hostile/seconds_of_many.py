"""Compute in three processes for longer than one may."""

import os
import time

from sandbox.weapons import World


def attack(world: World) -> object:
    for _ in range(3):
        if not os.fork():
            while time.process_time() < 0.4:
                pass
            os._exit(0)
    for _ in range(3):
        os.wait()
    used = os.times()
    return used.children_user + used.children_system > 1
