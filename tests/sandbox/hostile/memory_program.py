"""Run a program that was never a file; the dynamic loader is at hand and small."""

import os
from pathlib import Path

from sandbox.weapons import World


def attack(world: World) -> object:
    loader = next(found for folder in ("/lib64", "/lib") for found in Path(folder).glob("ld-linux*"))
    program = os.memfd_create("hidden", 0)
    os.write(program, loader.read_bytes())
    reader, writer = os.pipe()
    if not os.fork():
        try:
            os.dup2(writer, 1)
            os.execve(program, [world["mark"], "--version"], {})
        finally:
            os._exit(1)
    os.close(writer)
    return os.read(reader, 5).decode()
