"""Open a port for everybody on this machine."""

import socket

from sandbox.weapons import World

KEPT: list[socket.socket] = []


def attack(world: World) -> object:
    link = socket.socket(socket.AF_INET)
    KEPT.append(link)
    link.bind(("127.0.0.1", 0))
    link.listen()
    return link.getsockname()[1]
