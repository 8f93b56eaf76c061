"""Learn the machine's network cards."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return [each.name for each in Path("/sys/class/net").iterdir()]
