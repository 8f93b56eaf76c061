"""Read the expected answers through a link in the own folder."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    link = Path("harmless")
    link.symlink_to(world["hidden"])
    return link.read_text()
