"""Read a file of the machine."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path("/etc/passwd").read_text()
