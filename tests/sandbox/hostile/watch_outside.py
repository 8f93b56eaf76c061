"""Be told when others read the expected answers."""

import ctypes
import os

from sandbox.weapons import World

ACCESS = 1


def attack(world: World) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_add_watch(libc.inotify_init1(0), os.fsencode(world["hidden"]), ACCESS)
    if watch < 0:
        raise OSError(ctypes.get_errno(), "inotify_add_watch")
    return "watching"
