"""Leave a segment of System V shared memory behind; it outlives every process."""

from sandbox.weapons import World, syscall


def attack(world: World) -> object:
    return syscall("shmget", int(world["mark"][-7:], 16), 1 << 20, 0o1600)
