"""Set up a ring whose entries would be carried out past every filter of system calls."""

import ctypes
import os

from sandbox.weapons import World, syscall


def attack(world: World) -> object:
    wanted = ctypes.create_string_buffer(120)
    os.close(syscall("io_uring_setup", 4, ctypes.addressof(wanted)))
    return "ring"
