"""Real child processes that do what a hostile or broken answer would do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.candidates import ALONE_OR_NOT, DRIVER, MARK, descriptors, files, marked, mounts

from harness.errors import CheckerError
from harness.sandbox import (
    CandidateDied,
    CandidateSaid,
    CandidateTimeout,
    Limits,
    Session,
    session,
)

QUICK = Limits(cpu_seconds=1, wall_seconds=30.0)


@pytest.fixture
def talk() -> Iterator[Session]:
    with session(DRIVER, QUICK) as running:
        yield running


def test_a_reply_is_what_the_driver_sent(talk: Session) -> None:
    assert talk.call("value = [1, 2.5, None, True, 'ü\\ud800', {'a': []}]") == [
        1,
        2.5,
        None,
        True,
        "ü\ud800",
        {"a": []},
    ]


def test_a_session_keeps_its_state_from_call_to_call(talk: Session) -> None:
    talk.call("n = 41")

    assert talk.call("value = n + 1") == 42


def test_nothing_of_our_environment_reaches_the_child(talk: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with session(DRIVER, QUICK) as after:
        assert after.call("import os; value = dict(os.environ)") == {}
    assert talk.call("import os; value = dict(os.environ)") == {}


@ALONE_OR_NOT
def test_the_folder_is_private_empty_and_gone_afterwards(without: frozenset[str]) -> None:
    with session(DRIVER, QUICK, without=without) as first, session(DRIVER, QUICK, without=without) as second:
        listed = first.call("import os; value = os.listdir()")
        mode = first.call("value = os.stat('.').st_mode & 0o777")
        first.call(
            "os.makedirs('deep/er'); open('deep/er/file', 'w').write('x'); os.chmod('deep/er', 0); os.chmod('deep', 0)"
        )
        second.call("import os; os.symlink('/', 'root')")
        seen = second.call("value = os.listdir()")
        folders = [talk.call("value = os.getcwd()") for talk in (first, second)]

    assert (listed, mode, seen) == ([], 0o700, ["root"])
    assert not any(Path(folder).exists() for folder in folders)


def test_neither_our_packages_nor_our_folder_can_be_imported(talk: Session) -> None:
    found = talk.call(
        "import importlib.util as u; value = [u.find_spec(n) is None for n in ('harness', 'pydantic', 'tests')]"
    )

    assert found == [True, True, True]


def test_standard_streams_are_dev_null(talk: Session) -> None:
    assert talk.call("print('x' * 100000); import sys; sys.stderr.write('y'); value = sys.stdin.read()") == ""
    assert talk.call(
        "import os; os.write(1, b'z'); value = [os.path.samestat(os.fstat(n), os.stat('/dev/null')) for n in (0, 1, 2)]"
    ) == [
        True,
        True,
        True,
    ]


def test_no_descriptor_of_ours_is_open_in_the_child(talk: Session) -> None:
    source = """
import os
value = []
for number in range(1024):
    try: os.fstat(number)
    except OSError: continue
    value.append(number)
"""
    assert talk.call(source) == [0, 1, 2, 3]


def test_a_busy_loop_ends_with_its_cpu_seconds() -> None:
    limits = Limits(cpu_seconds=1, wall_seconds=300.0)
    with session(DRIVER, limits) as talk, pytest.raises(CandidateTimeout, match="1 s of CPU"):
        talk.call("while True: pass")


def test_a_sleeper_ends_at_the_deadline_of_the_call(talk: Session) -> None:
    started = time.monotonic()
    with pytest.raises(CandidateTimeout, match="in time"):
        talk.call("import time; time.sleep(20)", timeout=0.3)

    assert time.monotonic() - started < 10


def test_a_reply_that_drips_does_not_outlive_the_deadline(talk: Session) -> None:
    source = """
import os, time
while True:
    for n in range(3, 10):
        try: os.write(n, b'x')
        except OSError: pass
    time.sleep(0.0002)
"""
    started = time.monotonic()
    with pytest.raises((CandidateTimeout, CheckerError), match=r"in time|too busy"):
        talk.call(source, timeout=0.3)

    assert time.monotonic() - started < 10


def test_the_session_has_a_deadline_of_its_own() -> None:
    calls: list[object] = []

    def go_on() -> None:
        with session(DRIVER, Limits(wall_seconds=0.5)) as talk:
            while True:
                calls.append(talk.call("import time; time.sleep(0.1)", timeout=15))

    with pytest.raises(CandidateTimeout):
        go_on()

    assert len(calls) < 10


def test_a_machine_that_is_too_busy_is_our_fault() -> None:
    """On one processor, beside four others that never rest, nobody gets half of the time."""
    processor = min(os.sched_getaffinity(0))
    busy = f"import os; os.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    rivals = [subprocess.Popen([sys.executable, "-c", busy], start_new_session=True) for _ in range(4)]
    try:
        with session(DRIVER, Limits(cpu_seconds=60)) as talk, pytest.raises(CheckerError, match="too busy"):
            talk.call(busy, timeout=2)
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


def test_memory_is_bounded_in_the_child_only() -> None:
    with session(DRIVER, Limits(memory_bytes=256 << 20)) as talk:
        if talk.refused:
            pytest.skip(f"this system cannot bound memory: {talk.refused}")
        assert talk.call("value = len('x' * (512 << 20))") == "MemoryError: "
        assert talk.call("value = 'alive'") == "alive"


def test_a_big_file_cannot_be_written() -> None:
    with session(DRIVER, Limits(file_bytes=1 << 20)) as talk:
        said = talk.call("with open('big', 'wb') as file:\n    file.write(b'x' * (2 << 20))")

    assert "File too large" in said


def test_open_files_are_bounded(talk: Session) -> None:
    assert "Too many open files" in talk.call("kept = [open('/dev/null') for _ in range(1000)]")


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("import os; os._exit(0)", "exited with 0"),
        ("import sys; sys.exit(3)", "exited with 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        ("import os; os.kill(os.getpid(), 44)", "signal 44"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
    ],
)
def test_an_early_end_is_no_answer(talk: Session, source: str, how: str) -> None:
    with pytest.raises(CandidateDied, match=how):
        talk.call(source)


def test_a_long_reply_is_refused() -> None:
    with session(DRIVER, Limits(reply_bytes=1000)) as talk:
        assert len(talk.call("value = 'x' * 900")) == 900
        with pytest.raises(CandidateSaid, match="1000 bytes"):
            talk.call("value = 'x' * 1000")


def test_an_endless_line_is_refused(talk: Session) -> None:
    source = """
import os
while True:
    for n in range(3, 10):
        try: os.write(n, b'x' * 65536)
        except OSError: pass
"""
    with pytest.raises(CandidateSaid, match="more than"):
        talk.call(source)


@pytest.mark.parametrize(
    "line",
    [
        b"hello\\n",
        b"{}\\n",
        b"[]\\n",
        b"\\xff\\n",
        b"[[" * 60000 + b"\\n",
        b'{"nonce": "00000000000000000000000000000000", "value": "passed"}\\n',
        b'{"nonce": 0, "value": "passed"}\\n',
        b'{"value": "passed"}\\n',
        b'{"nonce": NaN, "value": "passed"}\\n',
    ],
)
def test_a_forged_reply_is_refused(talk: Session, line: bytes) -> None:
    text = line.decode("latin-1")
    source = f"""
import os
forged = {text!r}.encode('latin-1').decode('unicode_escape').encode('latin-1')
for n in range(3, 10):
    try: os.write(n, forged)
    except OSError: pass
"""
    with pytest.raises(CandidateSaid, match=r"not JSON|without the nonce"):
        talk.call(source)


def test_a_reply_made_before_the_question_is_refused(talk: Session) -> None:
    seen = """
import gc, os
frame = next(o for o in gc.get_objects() if type(o).__name__ == 'Channel')
value = 'first'
late = os.dup(frame._socket)
os.write(late, ('{"nonce": "' + frame._nonce + '", "value": "mine"}\\n').encode())
"""
    assert talk.call(seen) == "mine"
    with pytest.raises(CandidateSaid, match="nonce"):
        talk.call("value = 1")


def test_the_session_is_over_after_a_fault(talk: Session) -> None:
    with pytest.raises(CandidateDied):
        talk.call("import os; os._exit(0)")

    with pytest.raises(CandidateDied):
        talk.call("value = 1")


@ALONE_OR_NOT
def test_processes_that_the_candidate_left_are_killed(without: frozenset[str]) -> None:
    with session(DRIVER, QUICK, without=without) as talk:
        talk.call(MARK + "if os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)")
        assert len(marked()) == 2

    assert marked() == []


@ALONE_OR_NOT
def test_daemons_are_killed_even_if_their_parents_went_first(without: frozenset[str]) -> None:
    source = """
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(64): signal.signal(number, signal.SIG_IGN) if number in {1, 2, 15, 24} else None
        os.write(writer, b'here')
        time.sleep(60)
    os._exit(0)
os.read(reader, 4)
os.wait()
"""
    with session(DRIVER, QUICK, without=without) as talk:
        talk.call(MARK + source)
        with pytest.raises(CandidateDied):
            talk.call("os._exit(0)")
        assert marked() == []


def test_a_signal_for_the_group_does_not_reach_us(talk: Session) -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("the candidate reached us"))
    try:
        with pytest.raises(CandidateDied, match="signal 15"):
            talk.call("import os, signal; os.killpg(0, signal.SIGTERM)")
    finally:
        signal.signal(signal.SIGTERM, before)


@ALONE_OR_NOT
def test_thirty_sessions_leave_nothing_behind(without: frozenset[str]) -> None:
    with session(DRIVER, QUICK, without=without):
        before = (descriptors(), mounts(), files())
    for number in range(30):
        with session(DRIVER, QUICK, without=without, serves=True) as talk:
            talk.call(MARK)
            if number % 3 == 0:
                with pytest.raises(CandidateDied):
                    talk.call("os._exit(1)")

    with session(DRIVER, QUICK, without=without):
        assert (descriptors(), mounts(), files()) == before
    assert marked() == []


def test_an_exception_of_ours_also_ends_the_child() -> None:
    def fail() -> None:
        with session(DRIVER, QUICK) as talk:
            talk.call(MARK)
            assert len(marked()) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert marked() == []


@pytest.mark.parametrize(
    ("driver", "what"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("pass", "ended before its first receive"),
        ("import os; os._exit(4)", "exited with 4"),
    ],
)
def test_a_broken_driver_is_our_fault(driver: str, what: str) -> None:
    with pytest.raises(CheckerError, match=what), session(driver, QUICK):
        pass


def test_a_limit_that_cannot_be_set_is_our_fault() -> None:
    with pytest.raises(CheckerError, match="failed before"), session(DRIVER, Limits(memory_bytes=1 << 70)):
        pass


def test_only_the_time_inside_calls_counts() -> None:
    with session(DRIVER, Limits(wall_seconds=0.4)) as talk:
        time.sleep(0.5)
        assert talk.call("value = 1") == 1


def test_a_message_that_is_not_json_is_our_fault(talk: Session) -> None:
    with pytest.raises(CheckerError, match="must be JSON"):
        talk.call({1, 2})


def test_a_driver_answers_each_message_once_and_with_json() -> None:
    driver = """
receive()
try: send({1})
except TypeError: send('refused')
receive()
send(1)
try: send(2)
except RuntimeError as error: said = str(error)
receive()
send(said)
receive()
"""
    with session(driver, QUICK) as talk:
        assert talk.call(0) == "refused"
        assert talk.call(0) == 1
        assert talk.call(0) == "send() answers one receive(), once"


def test_verdicts_do_not_depend_on_the_order_of_a_set() -> None:
    source = "value = list({'a', 'b', 'c', 'd', 'e', 'f', 'g'})"
    with session(DRIVER, QUICK) as one, session(DRIVER, QUICK) as two:
        assert one.call(source) == two.call(source)


def test_a_restart_ends_every_process_and_keeps_the_files() -> None:
    with session(DRIVER, QUICK) as talk:
        talk.call(MARK + "open('kept', 'w').write('x')\nif os.fork() == 0: time.sleep(60)")
        talk.restart()

        assert marked() == []
        assert talk.call("import os; value = [os.listdir(), 'ctypes' in globals()]") == [["kept"], False]


def test_a_restart_revives_a_session_after_a_fault_with_seconds_of_its_own() -> None:
    with session(DRIVER, Limits(cpu_seconds=1, wall_seconds=600)) as talk:
        for _ in range(2):
            with pytest.raises(CandidateTimeout, match="1 s of CPU"):
                talk.call("while True: pass")
            talk.restart()

        assert talk.call("value = 1") == 1


SERVER = """
import socket
door = socket.socket(fileno=listener)
source = receive()
send("ready")
while True:
    connection = door.accept()[0]
    exec(source)
"""


def test_a_candidate_that_serves_is_connected_to_also_after_a_restart() -> None:
    with session(SERVER, QUICK, serves=True) as talk:
        for source, reply in (("connection.sendall(b'one')", b"one"), ("connection.sendall(b'two')", b"two")):
            assert talk.call(source) == "ready"
            with talk.connect(10) as connection:
                assert connection.recv(3) == reply
            talk.restart()


def test_a_server_that_dies_or_is_late_is_told_apart() -> None:
    with session(SERVER, QUICK, serves=True) as talk:
        talk.call("import os; os._exit(7)")
        with talk.connect(10) as connection:
            assert connection.recv(1) == b""
        with pytest.raises(CandidateDied, match="exited with 7"):
            talk.died()

        talk.restart()
        talk.call("import time; time.sleep(60)")
        with talk.connect(0.2) as connection, pytest.raises(TimeoutError):
            connection.recv(1)
        with pytest.raises(CandidateTimeout):
            talk.late(0.2)


@ALONE_OR_NOT
def test_who_forks_without_end_ends(without: frozenset[str]) -> None:
    """Each that is killed makes room for another, so they are stopped before they are killed."""
    bomb = """
if os.fork() == 0:
    os.setsid()
    while True:
        try: os.fork()
        except OSError: pass
"""
    with session(DRIVER, Limits(processes=12), without=without) as talk:
        talk.call(MARK + bomb)
        while len(marked()) < 8:
            pass
        talk.restart()

        assert marked() == []
        talk.call(MARK + bomb)

    assert marked() == []
