"""How a zygote is started. Whoever brings another wall to run code behind announces an `Executor`."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import CheckerError

__all__ = ["LOCAL", "Executor", "Program", "Started", "inherit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A zygote: a Python interpreter and its arguments, and what of this machine it needs to see and must not see.

    `shown` are the files of this interpreter, `packages` those of what it imports, `hidden` folders within them that
    must be left out.
    """

    python: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    shown: tuple[str, ...]
    packages: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process that ends when the other end of `control` is closed: a Unix socket of the kind SOCK_SEQPACKET."""

    process: subprocess.Popen[bytes]
    control: socket.socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Starts zygotes. Raises BadInput with what to do where it can't.

    A `contained` one builds its own wall around all jails of a zygote; the other lets each jail build one. The zygote
    finds its end of the control socket on standard input, or at the path that is its last argument.
    """

    start: Callable[[Program], Started]
    contained: bool = True


def inherit(command: list[str], environment: Mapping[str, str], *, user: int | None = None) -> Started:
    """Start a command with the control socket as its standard input, as this user if it is not who we are."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        except OSError as problem:
            ours.close()
            raise CheckerError("sandbox", f"cannot start {Path(command[0]).name}: {problem.strerror}") from problem
    return Started(process=process, control=ours)


def _start(program: Program) -> Started:
    return inherit([program.python, *program.arguments], program.environment)


LOCAL: Final = Executor(start=_start, contained=False)
