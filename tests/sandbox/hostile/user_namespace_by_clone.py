"""Start a child that is root of a namespace of its own, by the newest call."""

import os
import struct

from sandbox.weapons import World, syscall

NEW_USER, CHILD_ENDED = 0x10000000, 17


def attack(world: World) -> object:
    wanted = struct.pack("=QQQQQQQQ", NEW_USER, 0, 0, 0, CHILD_ENDED, 0, 0, 0)
    child = syscall("clone3", wanted, len(wanted))
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return "root"
