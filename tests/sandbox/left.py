"""Grades again and again and tells what is there before and after, below a parent to whom every orphan comes.

As a program: `left.py many COUNT LAYER...` and `left.py killed LAYER...`, where layers are left out.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from harness.sandbox import CandidateFault, Limits, Session, session

SUBREAPER = 36
PATIENCE = 60

DRIVER = """
import ctypes, os, signal
def rest():
    ctypes.CDLL(None).prctl(15, b"tierfloor-left", 0, 0, 0)
    while True:
        signal.pause()
def stay():
    reader, writer = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.write(writer, b"x")
            rest()
        os._exit(0)
    os.read(reader, 1)
def litter():
    os.makedirs("deep/er/still")
    os.symlink("/", "deep/root")
    for number in range(50):
        open(f"deep/er/{number}", "w").write("x" * 10000)
    os.mkdir("deep/closed", 0)
while True:
    order = receive()
    if order:
        globals()[order]()
    send(os.getcwd())
"""


def main(what: str, *arguments: str) -> None:
    """Be that parent: run the grader, wait for whatever it leaves, and print what there was."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with subprocess.Popen([sys.executable, __file__, f"{what}!", *arguments], stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        said = json.loads(grader.stdout.readline())
        if what == "killed":
            said["alive"] = len(below(os.getpid()))
            grader.kill()
    orphans = 0
    signal.alarm(PATIENCE)  # whoever is still there then was left behind, and ends us
    with suppress(ChildProcessError):
        while os.wait():
            orphans += 1
    tell({**said, "orphans": orphans, "folder": Path(said["folder"]).exists()})


def many(count: str, *without: str) -> None:
    """Grade so often, in five ways, and count before and after."""
    layers = frozenset(without)
    grade(layers, 0)
    before = settled()
    for number in range(int(count)):
        folder = grade(layers, number % 5)
    tell({"before": before, "after": settled(before), "folder": folder})


def tell(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def grade(layers: frozenset[str], way: int) -> str:
    with session(DRIVER, Limits(memory_bytes=256 << 20), without=layers) as talk:
        ways(talk, way)
        folder = str(talk.call(""))
        if way == 4:
            with suppress(CandidateFault):
                talk.call("rest", 0.001)
    return folder


def ways(talk: Session, way: int) -> None:
    if way == 1:
        talk.call("stay")
    if way == 2:
        talk.call("litter")
    if way == 3:
        talk.call("stay")
        talk.restart()


def killed(*without: str) -> None:
    """Be in the middle of a grading, with a daemon and files about, until somebody ends us."""
    with session(DRIVER, Limits(wall_seconds=600.0), without=frozenset(without)) as talk:
        talk.call("stay")
        tell({"folder": talk.call("litter")})
        talk.call("rest")


def settled(wanted: dict[str, object] | None = None) -> dict[str, object]:
    """What is there when the last session has been cleared away, a moment after its end: ten times the same, or this."""
    patience = time.monotonic() + PATIENCE
    found, times = counted(), 1
    while times < 10 and found != wanted and time.monotonic() < patience:
        os.sched_yield()
        last, found = found, counted()
        times = times + 1 if found == last and wanted is None else 1
    return found


def counted() -> dict[str, object]:
    """What a grading could leave: descriptors and threads of ours, processes below us, and mounts of all of them."""
    family = [os.getpid(), *(pid for pid in below(os.getpid()) if not dead(pid))]
    return {
        "descriptors": opened(os.getpid()),
        "threads": sum(1 for _ in Path("/proc/self/task").iterdir()),
        "processes": len(family),
        "dead": sum(map(dead, below(os.getpid()))),
        "mounts": sum(map(mounts, family)),
        "descriptors below": sorted(itertools.chain.from_iterable(map(opened, family[1:]))),
    }


def mounts(pid: int) -> int:
    with suppress(OSError):  # it ended just now, and is not counted the next time
        return len(Path(f"/proc/{pid}/mountinfo").read_text().splitlines())
    return 0


def opened(pid: int) -> list[str]:
    """What a process has open, without the numbers that differ each time."""
    found = []
    with suppress(OSError):
        for each in [*Path(f"/proc/{pid}/fd").iterdir()]:
            with suppress(FileNotFoundError):  # that with which they were listed
                found.append(re.sub(r"\d+", "", str(each.readlink())))
    return sorted(found)


def dead(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def below(pid: int) -> list[int]:
    """All processes that descend from this one."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *below(child)]
    return found


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "many!":
        many(*rest)
    elif what == "killed!":
        killed(*rest)
    else:
        main(what, *rest)
