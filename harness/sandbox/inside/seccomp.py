"""seccomp: which calls of the kernel a candidate may make. See seccomp(2)."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from functools import cache
from typing import Final

from . import kernel
from .syscalls import ABSENT, ARCHITECTURES, FORBIDDEN, LAST, SHARED, SIGNALS, numbers

__all__ = ["program", "restrict", "supported"]

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_SET_SECCOMP, _FILTER = 22, 2
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data, low halves of arguments
_X32: Final = 0x40000000

_NEW_NAMESPACES: Final = 0x7E020000
_TERMINAL_INPUT: Final = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_LONGER_LIVED: Final = (1, 4, 36)  # PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER
_OWNERS: Final = (8, 15)  # F_SETOWN, F_SETOWN_EX: who is signalled when there is something to read
_UNIX, _STREAM = 1, 1  # AF_UNIX, SOCK_STREAM
_FLAGS: Final = (0, 0o4000, 0o2000000, 0o2004000)  # SOCK_NONBLOCK, SOCK_CLOEXEC


def supported() -> bool:
    """Whether there is a table for this processor and the kernel takes filters."""
    if os.uname().machine not in ARCHITECTURES:
        return False
    try:
        kernel.prctl(_SET_SECCOMP, _FILTER, what="seccomp")  # no filter at all: EFAULT where filters are known
    except OSError as problem:
        return problem.errno == errno.EFAULT
    return False


def restrict(*, alone: bool, signals_to: int | None = None) -> None:
    """Filter the calls of this process and its children from here on; see `program`."""
    code = program(os.uname().machine, alone=alone, signals_to=signals_to)
    buffer = ctypes.create_string_buffer(code)
    structure = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    kernel.prctl(_SET_SECCOMP, _FILTER, structure, what="seccomp")


@cache
def program(machine: str, *, alone: bool, signals_to: int | None) -> bytes:
    """The filter's code.

    `alone` is for a candidate in namespaces of its own. Without them what others share is refused: any socket could be
    somebody's. Where Landlock keeps no signals in, they go to process `signals_to` only.
    """
    table = numbers(machine)
    code = [
        *_start(ARCHITECTURES[machine]),
        *_refuse(table, ABSENT, errno.ENOSYS),
        *_refuse(table, FORBIDDEN, errno.EPERM),
        *_refuse_if(table["clone"], _FIRST, [(_ANY_BIT, _NEW_NAMESPACES)]),
        *_refuse_if(table["ioctl"], _SECOND, [(_EQUAL, request) for request in _TERMINAL_INPUT]),
        *_refuse_if(table["prctl"], _FIRST, [(_EQUAL, option) for option in _LONGER_LIVED]),
        *_refuse_unless(table["prlimit64"], _FIRST, [0]),
    ]
    if alone:
        code += _refuse_unless(table["socket"], _FIRST, [_UNIX])
    else:
        code += _refuse(table, ("socket", *SHARED), errno.EPERM)
        # A pair of datagram sockets can be sent from to any name.
        code += _refuse_unless(table["socketpair"], _SECOND, [_STREAM | flags for flags in _FLAGS])
        code += _refuse_unless(table["sched_setaffinity"], _FIRST, [0])
    if signals_to is not None:
        code += _refuse(table, SIGNALS, errno.EPERM)
        code += _refuse_unless(table["kill"], _FIRST, [0, signals_to])
        code += _refuse_unless(table["tgkill"], _FIRST, [signals_to])
        code += _refuse_if(table["fcntl"], _SECOND, [(_EQUAL, owner) for owner in _OWNERS])
    return b"".join([*code, _line(_RETURN, _ALLOW)])


def _line(kind: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", kind, then, otherwise, value)


def _start(architecture: int) -> list[bytes]:
    """Kill what speaks another instruction set's table; a call newer than ours does not exist."""
    return [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, then=1),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_GREATER_EQUAL, _X32, otherwise=1),
        _line(_RETURN, _KILL),
        _line(_GREATER_EQUAL, LAST + 1, otherwise=1),
        _line(_RETURN, _FAIL | errno.ENOSYS),
    ]


def _refuse(table: dict[str, int], calls: Iterable[str], error: int) -> list[bytes]:
    """Refuse these calls, as far as this processor has them."""
    known = [table[name] for name in calls if name in table]
    return [line for call in known for line in (_line(_EQUAL, call, otherwise=1), _line(_RETURN, _FAIL | error))]


def _refuse_if(call: int, offset: int, conditions: list[tuple[int, int]]) -> list[bytes]:
    """Refuse a call if one of its arguments meets one of the conditions."""
    tests = [
        line
        for kind, value in conditions
        for line in (_line(kind, value, otherwise=1), _line(_RETURN, _FAIL | errno.EPERM))
    ]
    return _within(call, [_line(_LOAD, offset), *tests])


def _refuse_unless(call: int, offset: int, values: list[int]) -> list[bytes]:
    """Refuse a call unless one of its arguments has one of the values."""
    left = len(values)
    tests = [_line(_EQUAL, value, then=left - place) for place, value in enumerate(values)]
    return _within(call, [_line(_LOAD, offset), *tests, _line(_RETURN, _FAIL | errno.EPERM)])


def _within(call: int, body: list[bytes]) -> list[bytes]:
    """Run a body for one call only, and have the call's number loaded again after it."""
    return [_line(_EQUAL, call, otherwise=len(body) + 1), *body, _line(_LOAD, _NUMBER)]
