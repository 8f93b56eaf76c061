"""Send a datagram to a server on this machine."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        return link.sendto(world["mark"].encode(), ("127.0.0.1", world["udp"]))
