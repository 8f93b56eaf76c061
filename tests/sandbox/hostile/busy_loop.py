"""Compute for two seconds, whatever the signals say."""

import signal
import time

from sandbox.weapons import World


def attack(world: World) -> object:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while time.process_time() < world["too_long"]:
        pass
    return "done"
