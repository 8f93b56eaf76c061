"""A candidate that fails must not make its failure ours: a hole in the table would be better for it than a wrong answer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sandbox.graders import DRIVER

from harness.sandbox import CandidateDied, CandidateFault, CandidateTimeout, Limits, session

SPIN = "while True: pass\n"


def end_of(answer: str, *, without: frozenset[str] = frozenset(), seconds: float = 1.0) -> type[CandidateFault] | None:
    """How a session with this answer ends; CheckerError, which would be our fault, is not caught."""
    try:
        with session(DRIVER, Limits(cpu_seconds=10, wall_seconds=120.0), without=without) as talk:
            talk.call(answer, seconds)
            talk.call([1, 2], seconds)
    except CandidateFault as fault:
        return type(fault)
    return None


LEVELS = pytest.mark.parametrize(
    "without", [frozenset(), frozenset({"namespaces"})], ids=["strongest", "no namespaces"]
)


@LEVELS
def test_who_is_starved_by_its_own_children(without: frozenset[str]) -> None:
    """They had their share, however busy the machine is: one has computed for long enough, forty go on."""
    answer = """
import os, time
if not os.fork():
    while time.process_time() < 0.3: pass
    os._exit(0)
os.wait()
def add_all(numbers):
    for _ in range(40):
        if not os.fork():
            while True: pass
    while True: pass
"""
    with session(DRIVER, Limits(cpu_seconds=10, wall_seconds=120.0), without=without) as talk:
        talk.call(answer)
        with pytest.raises(CandidateTimeout):
            talk.call([1, 2], 0.5)


def test_who_lowered_its_own_priority() -> None:
    """Beside others that never rest, it would never be given half of the time."""
    processor = min(os.sched_getaffinity(0))
    there = f"import os; os.sched_setaffinity(0, {{{processor}}})\n"
    rivals = [subprocess.Popen([sys.executable, "-c", there + SPIN]) for _ in range(2)]
    try:
        assert end_of(f"{there}os.nice(19)\n{SPIN}") is CandidateTimeout
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


@LEVELS
@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP", "SIGTERM"])
def test_who_signals_the_process_that_holds_it(without: frozenset[str], signal: str) -> None:
    answer = f"""
import os, signal
try:
    os.kill(os.getppid(), signal.{signal})
except PermissionError:
    pass
os._exit(7)
"""
    assert end_of(answer, without=without, seconds=60.0) is CandidateDied


@LEVELS
def test_whose_processes_hop_from_one_to_the_next(without: frozenset[str]) -> None:
    """Each forks and ends at once, so that whoever looks for it comes too late."""
    answer = """
import os
for _ in range(8):
    if not os.fork():
        os.setsid()
        while not os.fork():
            pass
        os._exit(0)
os._exit(7)
"""
    assert end_of(answer, without=without, seconds=60.0) is CandidateDied


@LEVELS
def test_whose_children_hold_the_stream_open(without: frozenset[str]) -> None:
    answer = "import os, signal\nif os.fork():\n    os._exit(7)\nsignal.pause()\n"

    assert end_of(answer, without=without, seconds=60.0) is CandidateDied


@LEVELS
def test_who_reads_no_question(without: frozenset[str]) -> None:
    """The question is larger than any buffer between us."""
    with session(DRIVER, Limits(), without=without) as talk:
        talk.call("import signal, sys\nsys._getframe(1).f_globals['receive'] = signal.pause")
        with pytest.raises(CandidateTimeout):
            talk.call([0] * 1_000_000, 0.5)
