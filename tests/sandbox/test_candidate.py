"""What a candidate's process is when its driver begins: every trap that was met once."""

from __future__ import annotations

import os
import resource

import pytest
from sandbox.candidates import ALONE_OR_NOT, DRIVER, descriptors

from harness.sandbox import CandidateDied, CandidateTimeout, Limits, session

ROOT = os.geteuid() == 0
PRCTL = "import ctypes, os; prctl = ctypes.CDLL(None, use_errno=True).prctl\n"


@ALONE_OR_NOT
def test_it_is_killed_with_its_parent_although_its_user_changed(without: frozenset[str]) -> None:
    """setresuid(2) clears the parent death signal: set too early, it would be 0 here."""
    source = PRCTL + "number = ctypes.c_int(); prctl(2, ctypes.byref(number)); value = number.value"

    with session(DRIVER, Limits(), without=without) as talk:
        assert talk.call(source) == 9


def test_it_gains_nothing_and_shows_nothing() -> None:
    source = (
        PRCTL
        + "value = [prctl(39, 0, 0, 0, 0), prctl(3, 0, 0, 0, 0), any(prctl(23, number, 0, 0, 0) == 1 for number in range(64))]"
    )

    with session(DRIVER, Limits()) as talk:
        assert talk.call(source) == [1, 0, False]


@ALONE_OR_NOT
def test_it_has_no_capability_and_no_group(without: frozenset[str]) -> None:
    source = """
import ctypes, os, struct
data = ctypes.create_string_buffer(24)
assert ctypes.CDLL(None).capget(struct.pack('=Ii', 0x20080522, 0), data) == 0
value = [list(struct.unpack('=6I', data.raw)), os.getgroups() in ([], [65534]) or os.getgroups(), os.getuid() != 0]
"""
    with session(DRIVER, Limits(), without=without) as talk:
        caps, groups, ordinary = talk.call(source)

    assert caps == [0] * 6
    assert groups is True or not ROOT
    assert ordinary


@pytest.mark.skipif(not ROOT, reason="only root can give each jail a user of its own")
def test_each_jail_has_a_user_of_its_own() -> None:
    with session(DRIVER, Limits()) as one, session(DRIVER, Limits()) as two:
        users = [talk.call("import os; value = os.getresuid() + os.getresgid()") for talk in (one, two)]

    assert all(len(set(user)) == 1 for user in users)
    assert users[0] != users[1]


def test_the_processes_of_one_jail_do_not_count_in_another() -> None:
    bomb = """
import os, time
value = 0
try:
    while os.fork() or time.sleep(600): value += 1
except OSError: pass
"""
    with session(DRIVER, Limits(processes=20)) as one, session(DRIVER, Limits(processes=20)) as two:
        first = one.call(bomb)
        second = two.call(bomb)

        assert 10 <= first <= 20
        assert 10 <= second <= 20
        one.restart()
        assert one.call(bomb) >= 10  # those that were killed are reaped and count no more


def test_it_has_the_limits_that_it_was_given() -> None:
    limits = Limits(cpu_seconds=7, memory_bytes=1 << 29, file_bytes=1 << 20, open_files=40, processes=30)
    source = """
import resource
value = [resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in
    ('CPU', 'AS', 'FSIZE', 'NOFILE', 'NPROC', 'CORE', 'MEMLOCK', 'MSGQUEUE')]
"""
    with session(DRIVER, limits) as talk:
        given = [tuple(pair) for pair in talk.call(source)]

    zero = (0, 0)
    assert given == [(7, 8), (1 << 29,) * 2, (1 << 20,) * 2, (40,) * 2, (30,) * 2, zero, zero, zero]


def test_a_limit_above_our_own_is_our_own() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    with session(DRIVER, Limits(open_files=most + 1000)) as talk:
        assert talk.call("import resource; value = resource.getrlimit(resource.RLIMIT_NOFILE)") == [most, most]


def test_who_ignores_the_end_of_its_seconds_ends_a_second_later() -> None:
    source = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"

    limits = Limits(cpu_seconds=1, wall_seconds=600)
    with session(DRIVER, limits) as talk, pytest.raises(CandidateTimeout, match="1 s of CPU"):
        talk.call(source)


def test_threads_count_as_processes() -> None:
    source = """
import threading
stop = threading.Event()
value = 0
try:
    while True:
        threading.Thread(target=stop.wait, daemon=True).start()
        value += 1
except RuntimeError: pass
"""
    with session(DRIVER, Limits(processes=20)) as talk:
        assert 10 <= talk.call(source) <= 20


def test_it_cannot_reach_the_process_that_starts_it() -> None:
    source = """
import errno, os
value = [os.getppid()]
for number in (0, 1, 2, 9, 10, 15, 19):
    try: os.kill(1, number)
    except OSError as error: value.append(errno.errorcode[error.errno])
"""
    for without in (frozenset[str](), frozenset({"landlock", "seccomp"})):
        with session(DRIVER, Limits(), without=without) as talk:
            talk.call(source)
            assert talk.call("value = 'alive'") == "alive"
            talk.restart()


def test_a_driver_that_exits_says_so_with_its_code() -> None:
    for way, code in (("raise SystemExit(3)", 3), ("raise SystemExit('sorry')", 1), ("raise SystemExit", 0)):
        with session(DRIVER, Limits()) as talk, pytest.raises(CandidateDied, match=f"exited with {code}"):
            talk.call(way)


def test_a_session_needs_few_descriptors_of_ours() -> None:
    with session(DRIVER, Limits()):
        pass
    before = descriptors()
    with session(DRIVER, Limits(), serves=True):
        assert descriptors() - before <= 6
    assert descriptors() == before
