"""Fork two hundred times."""

import os
import signal

from sandbox.weapons import World


def attack(world: World) -> object:
    children: list[int] = []
    try:
        while len(children) < 200:
            child = os.fork()
            if not child:
                signal.pause()
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    return len(children)
