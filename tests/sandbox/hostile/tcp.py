"""Connect to a server on this machine."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with socket.socket(socket.AF_INET) as link:
        link.connect(("127.0.0.1", world["tcp"]))
        return link.send(world["mark"].encode())
