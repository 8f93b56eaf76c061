"""Take in four processes what one may not have."""

import os

from sandbox.weapons import World


def attack(world: World) -> object:
    reader, writer = os.pipe()
    held, release = os.pipe()
    for _ in range(4):
        if not os.fork():
            taken = bytearray(75 << 20)
            taken[:: 1 << 12] = b"x" * len(taken[:: 1 << 12])
            os.write(writer, b"x")
            os.close(release)
            os.read(held, 1)
            os._exit(0)
    os.close(writer)
    count = 0
    while count < 4 and os.read(reader, 1):
        count += 1
    os.close(release)
    return count
