"""Forbid another process to open files."""

import resource

from sandbox.weapons import World


def attack(world: World) -> object:
    most = resource.prlimit(world["victim"], resource.RLIMIT_NOFILE)[1]
    return resource.prlimit(world["victim"], resource.RLIMIT_NOFILE, (7, most))
