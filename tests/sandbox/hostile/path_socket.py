"""Connect to a Unix socket by its path, as one would to Docker's."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(world["socket"])
        return link.send(world["mark"].encode())
