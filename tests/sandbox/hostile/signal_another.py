"""Send another process a signal."""

import os
import signal

from sandbox.weapons import World


def attack(world: World) -> object:
    os.kill(world["victim"], signal.SIGUSR1)
    return "sent"
