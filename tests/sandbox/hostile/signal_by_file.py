"""Have the kernel signal another process when a pipe of ours can be read."""

import fcntl
import os
import signal

from sandbox.weapons import World

SET_SIGNAL = 10  # F_SETSIG


def attack(world: World) -> object:
    reader, writer = os.pipe()
    fcntl.fcntl(reader, SET_SIGNAL, signal.SIGUSR1)
    fcntl.fcntl(reader, fcntl.F_SETOWN, world["victim"])
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC)
    os.write(writer, b"x")
    return "sent"
