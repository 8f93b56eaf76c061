"""Open a socket to the machine below this one."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with socket.socket(40, socket.SOCK_STREAM) as link:  # AF_VSOCK
        return link.family
