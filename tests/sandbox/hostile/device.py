"""Make a device of one's own and read it."""

import os
import stat
from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero; a disk is made the same way
    with Path("device").open("rb") as device:
        return device.read(4).hex()
