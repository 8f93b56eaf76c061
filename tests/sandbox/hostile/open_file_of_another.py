"""Read what another process has open, through /proc."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(f"/proc/{world['victim']}/fd/{world['open_file']}").read_text()
