"""Read a key out of the environment."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    return list(os.environ.values())
