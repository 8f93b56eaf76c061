"""What a command took: wall, CPU of its whole process tree, and memory. Linux only."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

__all__ = ["Used", "used"]

EVERY = 0.02
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """`cpu` is user and system seconds of the command and of all it waited for.

    `peak_mb` is the most resident memory of the whole tree, looked at every 20 ms; `largest_mb` that of its largest
    process by the kernel's own count. `said` is stdout, `noted` stderr.
    """

    code: int
    wall: float
    cpu: float
    peak_mb: float
    largest_mb: float
    said: str
    noted: str


def used(command: Sequence[str], *, folder: Path, env: Mapping[str, str], timeout: float = 600) -> Used:
    """Run a command to its end and measure it. After `timeout` seconds it is killed together with its children."""
    peaks = [0]
    with TemporaryFile() as said, TemporaryFile() as noted:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=noted, start_new_session=True
        )
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, over), daemon=True)
        killer = threading.Timer(timeout, _kill, (process.pid,))
        watcher.start()
        killer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
        except BaseException:
            _kill(process.pid)
            raise
        finally:
            killer.cancel()
            over.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (said, noted):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    seen = peaks[0] / 1e6
    # A process starts as its parent's copy, which the kernel counts too.
    counted = usage.ru_maxrss / 1e3 if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else seen
    return Used(
        code=process.returncode,
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_mb=max(seen, counted),
        largest_mb=counted,
        said=texts[0],
        noted=texts[1],
    )


def _watch(pid: int, peaks: list[int], over: threading.Event) -> None:
    known = {pid}
    wait = EVERY / 4
    while not over.wait(wait):
        sizes = _resident(pid)
        # A child between fork and exec is its parent once more: who is new is counted the next time.
        peaks[0] = max(peaks[0], sum(size for each, size in sizes.items() if each in known))
        known = {pid, *sizes}
        wait = EVERY


def _resident(pid: int) -> dict[int, int]:
    """Resident bytes of a process and of all below it; what ends meanwhile is left out."""
    sizes: dict[int, int] = {}
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        place = Path("/proc", str(each))
        try:
            sizes[each] = int((place / "statm").read_text().split()[1]) * PAGE
            for task in (place / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, IndexError):
            continue
    return sizes


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
