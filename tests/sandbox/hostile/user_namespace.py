"""Become root of a namespace of one's own."""

from sandbox.weapons import World, syscall

NEW_USER = 0x10000000


def attack(world: World) -> object:
    syscall("unshare", NEW_USER)
    return "root"
