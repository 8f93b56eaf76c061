"""Make another process the first to be killed when memory is short."""

from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    return Path(f"/proc/{world['victim']}/oom_score_adj").write_text("321")
