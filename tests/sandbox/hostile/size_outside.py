"""Learn how long the expected answers are, without reading them."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(world["hidden"]).stat().st_size
