"""Answer with JSON so deeply nested that its reader falls over."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    os.write(world["reply"], b"[" * 100_000 + b"\n")
    return "done"
