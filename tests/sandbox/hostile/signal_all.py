"""Send everybody a signal; this one is ignored by whoever did not ask for it."""

import os
import signal

from sandbox.weapons import World


def attack(world: World) -> object:
    os.kill(-1, signal.SIGWINCH)
    return "sent"
