"""What tests of the sandbox share: a driver that does as it is told, and a look at the whole machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Runs each message as Python that leaves its result in `value`, the way a checker's driver runs a candidate.
DRIVER = """
names = {"__name__": "candidate", "listener": listener}
while True:
    source = receive()
    names["value"] = None
    try:
        exec(source, names)
    except Exception as error:
        names["value"] = f"{type(error).__name__}: {error}"
    send(names["value"])
"""

# Gives the candidate's process, and those that it starts, a name by which the whole machine can be searched.
MARK = f"import ctypes, os, signal, time; ctypes.CDLL(None).prctl(15, b'of-{os.getpid()}', 0, 0, 0)\n"

ALONE_OR_NOT = pytest.mark.parametrize(
    "without", [frozenset(), frozenset({"namespaces", "seccomp"})], ids=["namespaces", "none"]
)


def marked(grader: int | None = None) -> list[int]:
    """Every marked process of a grader, us or another, but for corpses that nobody collected yet."""
    name = f"of-{grader or os.getpid()}"
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = status.read_text(errors="replace").split(" (", 1)
        except OSError:
            continue
        called, _, fields = rest.rpartition(")")
        if called == name and fields.split()[0] != "Z":
            found.append(int(pid))
    return found


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()


def files(pid: int | None = None) -> int:
    """Those of a process, ours or another, in the folders for what does not last."""
    places = (Path("/dev/shm"), Path(tempfile.gettempdir()))
    return sum(len(list(place.glob(f"tierfloor-{pid or os.getpid()}-*"))) for place in places)


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
