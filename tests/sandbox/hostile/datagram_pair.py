"""Send a datagram to a Unix socket's path from a socket that was made as half of a pair."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    mine, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return mine.sendto(world["mark"].encode(), world["datagram"])
