"""Connect to a server on this machine, over IPv6."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with socket.socket(socket.AF_INET6) as link:
        link.connect(("::1", world["tcp6"]))
        return link.send(world["mark"].encode())
