"""Zygotes are warm, hold nothing of ours, serve several threads, and end with us, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sandbox.candidates import ALONE_OR_NOT, DRIVER, MARK, files, marked, mounts

import harness
from harness.errors import CheckerError
from harness.sandbox import CandidateDied, Limits, session, zygotes
from harness.sandbox.zygotes import Kind

ROOT = Path(harness.__file__).parent.parent


def patience(done: object) -> bool:
    """Ask again and again until it holds; a minute is for a machine on its knees."""
    assert callable(done)
    deadline = time.monotonic() + 60
    while not done():
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def own_zygotes() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


def test_nothing_of_ours_is_in_the_memory_of_a_candidate(tmp_path: Path) -> None:
    source = """
import ctypes, sys, gc
frames, frame = [], sys._getframe()
while frame is not None:
    frames.append(repr({**frame.f_globals, **frame.f_locals}))
    frame = frame.f_back
gc.unfreeze()
value = [repr(sys.modules), " ".join(frames), repr([repr(each) for each in gc.get_objects()])]
"""
    with session(DRIVER, Limits(reply_bytes=1 << 26, cpu_seconds=60)) as talk:
        seen = " ".join(talk.call(source))

    assert str(ROOT) not in seen
    assert "'harness" not in seen
    assert "_sandbox'" not in seen.split("'builtins'")[0]


def test_what_a_candidate_did_is_unknown_to_the_next() -> None:
    with session(DRIVER, Limits()) as talk:
        talk.call("import builtins, random; builtins.left = 1; value = random.random()")
    with session(DRIVER, Limits()) as talk:
        assert talk.call("import builtins; value = hasattr(builtins, 'left')") is False


def test_each_candidate_draws_other_random_numbers() -> None:
    drawn = set()
    for _ in range(2):
        with session(DRIVER, Limits(), preload=("random",)) as talk:
            drawn.add(talk.call("import random; value = random.random()"))

    assert len(drawn) == 2


MODULES = (
    ("carried.one", "import secrets\nmark = secrets.token_hex()\n"),
    ("carried.two", "from . import one\nfrom .one import mark\n"),
)
MARKS = "import carried.two as two; value = [two.mark, two.one.mark]; two.one.mark = 0"


def test_modules_that_come_as_text_are_imported_once_for_all_sessions() -> None:
    seen = []
    for _ in range(2):
        with session(DRIVER, Limits(), modules=MODULES) as talk:
            seen.append(talk.call(MARKS))
            talk.restart()
            seen.append(talk.call(MARKS))

    assert len({mark for marks in seen for mark in marks}) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [("1 /", "SyntaxError"), ("import nowhere", "No module named 'nowhere'"), ("#" * 70_000, "too long")],
    ids=["syntax", "import", "length"],
)
def test_a_module_that_cannot_be_imported_is_our_fault(text: str, why: str) -> None:
    with pytest.raises(CheckerError, match=why), session(DRIVER, Limits(), modules=(("carried", text),)):
        pass


def test_several_threads_are_served_at_once() -> None:
    def square(number: int) -> int:
        with session(DRIVER, Limits(wall_seconds=300)) as talk:
            return int(talk.call(f"value = {number} ** 2"))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(square, range(40))) == [number**2 for number in range(40)]


def test_one_zygote_serves_all_sessions_of_a_kind() -> None:
    with session(DRIVER, Limits()):
        before = own_zygotes()
    for _ in range(3):
        with session(DRIVER, Limits()):
            pass

    assert own_zygotes() == before


def test_a_zygote_that_was_killed_takes_its_jails_along_and_is_replaced() -> None:
    with session(DRIVER, Limits(), preload=("fractions",)) as talk:
        before = own_zygotes()
    with session(DRIVER, Limits(), preload=("colorsys",)) as talk:
        talk.call(MARK + "if os.fork() == 0:\n    os.setsid()\n    time.sleep(600)")
        (zygote,) = own_zygotes() - before
        os.kill(zygote, signal.SIGKILL)
        with pytest.raises((CheckerError, CandidateDied)):
            talk.call("time.sleep(600)", timeout=60)

    assert patience(lambda: not marked())
    with session(DRIVER, Limits(), preload=("colorsys",)) as talk:
        assert talk.call("value = 1") == 1


GRADER = """
import os, sys, threading
from sandbox.candidates import DRIVER, MARK
from harness.sandbox import Limits, session
with session(DRIVER, Limits(), without=frozenset(sys.argv[1:]), serves=True) as talk:
    talk.call(MARK + "open('file', 'w').write('x' * 1000)")
    talk.call("if os.fork() == 0:\\n    os.setsid()\\n    time.sleep(600)")
    print("ready", flush=True)
    talk.call("time.sleep(600)")
"""


@ALONE_OR_NOT
def test_a_grader_that_was_killed_leaves_nothing(without: frozenset[str]) -> None:
    before = mounts()
    start = f"import sys; sys.path[:0] = {sys.path}\n"
    grader = subprocess.Popen([sys.executable, "-c", start + GRADER, *without], stdout=subprocess.PIPE, cwd=ROOT)
    assert grader.stdout is not None
    assert grader.stdout.readline() == b"ready\n"
    assert len(marked(grader.pid)) == 2

    grader.kill()
    grader.wait()

    assert patience(lambda: not marked(grader.pid))
    assert patience(lambda: (mounts(), files(grader.pid)) == (before, 0))


def test_a_copy_of_our_process_starts_zygotes_of_its_own() -> None:
    with session(DRIVER, Limits()):
        before = own_zygotes()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with session(DRIVER, Limits()) as talk:
                code = 0 if talk.call("value = 2") == 2 and not own_zygotes() & before else 2
            zygotes._kept()._leave()
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with session(DRIVER, Limits()) as talk:
        assert talk.call("value = 3") == 3


def test_a_module_that_is_not_installed_is_named() -> None:
    with (
        pytest.raises(Exception, match="nowhere_to_be_found is not installed"),
        session(DRIVER, Limits(), preload=("nowhere_to_be_found",)),
    ):
        pass


def test_a_zygote_ends_when_it_is_forgotten() -> None:
    kind = Kind(preload=("bisect",))
    before = own_zygotes()
    zygotes.offers(kind)
    assert len(own_zygotes() - before) == 1

    zygotes.forget(kind)

    assert own_zygotes() == before
