"""Take more memory than allowed."""

from sandbox.weapons import World


def attack(world: World) -> object:
    taken = bytearray(300 << 20)
    taken[:: 1 << 12] = b"x" * len(taken[:: 1 << 12])
    return len(taken)
