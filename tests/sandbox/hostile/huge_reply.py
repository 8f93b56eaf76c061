"""Answer with 32 MB."""

from sandbox.weapons import World


def attack(world: World) -> object:
    return "x" * (32 << 20)
