"""Leave a key in the kernel's keyring of this user."""

from sandbox.weapons import World, syscall

USER_KEYRING = -4


def attack(world: World) -> object:
    return syscall("add_key", b"user", world["mark"].encode(), b"x", 1, USER_KEYRING) > 0
