"""Mount a file system."""

import ctypes
import os

from sandbox.weapons import World, syscall

DETACH = 2


def attack(world: World) -> object:
    folder = os.path.realpath(".").encode()
    syscall("mount", b"none", folder, b"tmpfs", 0, None)
    ctypes.CDLL(None).umount2(folder, DETACH)
    return "mounted"
