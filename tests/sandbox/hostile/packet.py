"""Listen to everything that passes the machine's `lo`."""

import socket

from sandbox.weapons import World


def attack(world: World) -> object:
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as tap,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link,
    ):
        tap.bind(("lo", 3))
        tap.settimeout(5)
        link.sendto(world["mark"].encode(), ("127.0.0.1", world["udp"]))
        while world["mark"].encode() not in tap.recv(1 << 16):
            pass
        return "overheard"
