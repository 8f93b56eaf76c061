"""Fill the memory or the disk of whoever keeps what is printed."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    for _ in range(32):
        os.write(2, b"x" * (1 << 20))
    return "lost" if os.fstat(2).st_rdev == os.makedev(1, 3) else "kept"
