"""Leave the session and the process group, and stay."""

import os
import signal

from sandbox.weapons import World, call_itself


def attack(world: World) -> object:
    reader, writer = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
                signal.signal(number, signal.SIG_IGN)
            call_itself(world["mark"])
            os.write(writer, b"x")
            os.closerange(0, 256)
            while True:
                signal.pause()
        os._exit(0)
    return os.read(reader, 1).decode()
