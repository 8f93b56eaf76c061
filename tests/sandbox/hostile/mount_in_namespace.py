"""Become root of a namespace and mount a file system there."""

import os

from sandbox.weapons import World, syscall

NEW_NS, NEW_USER = 0x20000, 0x10000000


def attack(world: World) -> object:
    syscall("unshare", NEW_USER | NEW_NS)
    syscall("mount", b"none", os.path.realpath(".").encode(), b"tmpfs", 0, None)
    return "mounted"
