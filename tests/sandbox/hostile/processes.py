"""See who else runs."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return [each.name for each in Path("/proc").iterdir()]
