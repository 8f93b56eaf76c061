"""Connect to a Unix socket that has no file."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect("\0" + world["abstract"])
        return link.send(world["mark"].encode())
