"""Copy a descriptor out of another process."""

import os

from sandbox.weapons import World, syscall


def attack(world: World) -> object:
    process = syscall("pidfd_open", world["victim"], 0)
    return os.pread(syscall("pidfd_getfd", process, world["open_file"], 0), 1000, 0).decode()
