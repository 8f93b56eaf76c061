"""Leave a queue of messages behind; it outlives every process."""

import struct

from sandbox.weapons import World, syscall

CREATE, READ_WRITE = 0o100, 2


def attack(world: World) -> object:
    wanted = struct.pack("=8q", 0, 1, 8, 0, 0, 0, 0, 0)
    return syscall("mq_open", world["mark"].encode(), CREATE | READ_WRITE, 0o666, wanted)
