"""Start two hundred threads."""

import threading

from sandbox.weapons import World


def attack(world: World) -> object:
    over = threading.Event()
    started: list[threading.Thread] = []
    try:
        while len(started) < 200:
            thread = threading.Thread(target=over.wait, daemon=True)
            thread.start()
            started.append(thread)
    finally:
        over.set()
        for thread in started:
            thread.join()
    return len(started)
