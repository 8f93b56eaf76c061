"""Count events of the processor, with which other processes are overheard."""

import os
import struct

from sandbox.weapons import World, syscall

SOFTWARE, TASK_CLOCK, USER_ONLY = 1, 1, 0b1100000


def attack(world: World) -> object:
    wanted = struct.pack("=IIQQQQQ", SOFTWARE, 112, TASK_CLOCK, 0, 0, 0, USER_ONLY).ljust(112, b"\0")
    os.close(syscall("perf_event_open", wanted, 0, -1, -1, 0))
    return "events"
