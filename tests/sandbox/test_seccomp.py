"""The tables name the right calls, the filter refuses them, and everything else goes through."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from sandbox.candidates import DRIVER

from harness.sandbox import Limits, session
from harness.sandbox.inside import seccomp
from harness.sandbox.inside.syscalls import ABSENT, ARCHITECTURES, FORBIDDEN, LAST, SHARED, SIGNALS, numbers

MACHINE = os.uname().machine
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
OWN = [name for name in (*FORBIDDEN, *ABSENT) if name in numbers(MACHINE)]

# Tries calls without meaning by number; what stopped each, by name.
TRY = """
import ctypes, errno
library = ctypes.CDLL(None, use_errno=True)
value = {}
for name, arguments in %r.items():
    result = library.syscall(*map(ctypes.c_long, arguments))
    value[name] = errno.errorcode.get(ctypes.get_errno()) if result < 0 else None
"""


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_the_numbers_are_those_of_the_kernel_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"no {HEADERS[machine]}: install linux-libc-dev")
    text = HEADERS[machine].read_text()
    known = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", text)}

    table = numbers(machine)

    shared = table.keys() & known.keys()
    assert {name: table[name] for name in shared} == {name: known[name] for name in shared}
    assert len(shared) > 70
    newest = max(known.values())
    assert all(number > newest for name, number in table.items() if name not in known)


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_each_call_that_is_refused_is_in_a_table(machine: str) -> None:
    only_old = {
        *("create_module", "query_module", "get_kernel_syms", "uselib", "sysfs", "_sysctl", "ustat", "iopl", "ioperm"),
        *("modify_ldt", "chmod", "chown", "lchown", "utime", "utimes", "futimesat"),
    }
    wanted = {*FORBIDDEN, *ABSENT, *SHARED, *SIGNALS, "socket", "socketpair", "clone", "ioctl", "prctl", "kill"}

    assert wanted - numbers(machine).keys() == (only_old if machine == "aarch64" else set())


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
@pytest.mark.parametrize("alone", [True, False])
def test_no_jump_leaves_the_filter(machine: str, alone: bool) -> None:
    code = seccomp.program(machine, alone=alone, signals_to=7)
    lines = [code[start : start + 8] for start in range(0, len(code), 8)]

    assert len(lines) < 4096  # what the kernel takes
    for place, line in enumerate(lines):
        if line[0] & 0x07 == 0x05:
            assert place + 1 + max(line[2], line[3]) < len(lines)
    assert lines[-1] == seccomp._line(seccomp._RETURN, seccomp._ALLOW)


def test_every_forbidden_call_is_refused_in_a_jail_and_known_without_seccomp() -> None:
    table = numbers(MACHINE)
    calls = {name: [table[name], -1, -1, -1, -1, -1] for name in OWN if name not in {"vhangup", "reboot"}}

    with session(DRIVER, Limits()) as talk:
        inside = talk.call(TRY % calls)

    refused = {name: "ENOSYS" if name in ABSENT else "EPERM" for name in calls}
    assert inside == refused
    with session(DRIVER, Limits(), without=frozenset({"seccomp"})) as talk:
        outside = talk.call(
            TRY % {name: calls[name] for name in ("memfd_create", "process_vm_readv", "pidfd_getfd", "mbind")}
        )
    assert all(outside[name] != inside[name] for name in outside)


def test_arguments_decide_where_a_call_has_right_uses() -> None:
    table = numbers(MACHINE)
    wanted: dict[str, tuple[list[int], str | None]] = {
        "new namespace by clone": ([table["clone"], 0x10000000, 0, 0, 0, 0], "EPERM"),
        "a socket of the internet": ([table["socket"], 2, 1, 0], "EPERM"),
        "a netlink socket": ([table["socket"], 16, 3, 0], "EPERM"),
        "a Unix socket": ([table["socket"], 1, 1, 0], None),
        "typing into a terminal": ([table["ioctl"], 0, 0x5412, 0], "EPERM"),
        "asking about a terminal": ([table["ioctl"], 0, 0x5401, 0], "ENOTTY"),
        "outliving the parent": ([table["prctl"], 1, 0, 0, 0, 0], "EPERM"),
        "adopting orphans": ([table["prctl"], 36, 1, 0, 0, 0], "EPERM"),
        "a name": ([table["prctl"], 38, 1, 0, 0, 0], None),
        "limits of another": ([table["prlimit64"], 1, 0, 0, 0], "EPERM"),
        "own limits": ([table["prlimit64"], 0, 0, 0, 0], None),
        "a call that is newer than the table": ([LAST + 1, 0, 0, 0], "ENOSYS"),
    }

    with session(DRIVER, Limits()) as talk:
        inside = talk.call(TRY % {name: arguments for name, (arguments, _) in wanted.items()})

    assert inside == {name: error for name, (_, error) in wanted.items()}


@pytest.mark.skipif(MACHINE != "x86_64", reason="only x86-64 has second tables of calls")
def test_a_call_by_another_table_kills() -> None:
    from harness.sandbox import CandidateDied

    with session(DRIVER, Limits()) as talk, pytest.raises(CandidateDied, match="signal 31"):
        talk.call(TRY % {"x32": [0x40000000 | 39]})


def test_without_namespaces_what_others_share_is_refused() -> None:
    source = """
import errno, os, socket
def tried(do):
    try: do()
    except OSError as error: return errno.errorcode[error.errno]
open('file', 'w').close()
value = {
    'socket': tried(lambda: socket.socket(socket.AF_UNIX)),
    'stream pair': tried(socket.socketpair),
    'datagram pair': tried(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)),
    'chmod': tried(lambda: os.chmod('file', 0o600)),
    'utime': tried(lambda: os.utime('file')),
    'nice': tried(lambda: os.setpriority(os.PRIO_USER, 0, 19)),
    'signal to the parent': tried(lambda: os.kill(os.getppid(), 0)),
    'signal to itself': tried(lambda: os.kill(os.getpid(), 0)),
}
"""
    with session(DRIVER, Limits(), without=frozenset({"namespaces"})) as talk:
        assert talk.call(source) == {
            "socket": "EPERM",
            "stream pair": None,
            "datagram pair": "EPERM",
            "chmod": "EPERM",
            "utime": "EPERM",
            "nice": "EPERM",
            "signal to the parent": "EPERM",
            "signal to itself": None,
        }


def test_where_landlock_keeps_no_signals_in_the_filter_does() -> None:
    source = """
import errno, fcntl, os, signal, threading
def tried(do):
    try: do()
    except OSError as error: return errno.errorcode[error.errno]
child = os.fork()
if child == 0: signal.pause()
value = [tried(lambda: os.kill(os.getpid(), 0)), tried(lambda: os.kill(child, 9)), tried(lambda: os.kill(-1, 0)),
    tried(lambda: signal.pthread_kill(threading.get_ident(), 0)), tried(lambda: fcntl.fcntl(0, fcntl.F_SETOWN, child))]
"""
    with session(DRIVER, Limits(), without=frozenset({"namespaces", "landlock"})) as talk:
        assert talk.call(source) == [None, "EPERM", "EPERM", None, "EPERM"]


def test_a_processor_without_a_table_has_no_seccomp(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seccomp.supported()

    monkeypatch.setattr("os.uname", lambda: os.uname_result(("Linux", "", "", "", "riscv64")))

    assert not seccomp.supported()
