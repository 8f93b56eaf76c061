"""Ask the kernel for the machine's network devices; `lo` that is up is not our own."""

import socket
import struct

from sandbox.weapons import World

GET_LINK, DUMP, UP = 18, 0x301, 1


def attack(world: World) -> object:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.send(struct.pack("=IHHIIBxHiII", 32, GET_LINK, DUMP, 1, 0, 0, 0, 0, 0, 0))
        index, flags = struct.unpack_from("=iI", link.recv(1 << 16), 20)
        return bool(index == 1 and flags & UP)
