"""One jail as the grader sees it: its first process, which we trust, and the candidate in it, which we don't."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import CheckerError
from .inside.wire import receive, send
from .limits import Limits
from .zygotes import Kind, order

__all__ = ["End", "Jail", "jail"]

START_SECONDS: Final = 60.0
END_SECONDS: Final = 10.0
LOOKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the candidate's process ended: its exit code, or minus the signal, and its seconds of CPU."""

    code: int
    cpu: float


class Jail:
    """A jail with at most one candidate running in it."""

    __slots__ = ("_candidate", "_control", "_end", "_first", "channel")

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._first: int | None = None
        self._candidate: int | None = None
        self.channel: socket.socket | None = None
        self._end: End | None = None

    def start(self) -> socket.socket:
        """Start the candidate's process anew, whatever ran before ended; the stream to it."""
        self._let_go()
        self._end = None
        self.channel, theirs = socket.socketpair()
        with theirs:
            self._order({"do": "start"}, theirs.fileno())
        while self._candidate is None:
            message, descriptors = self._report()
            if "jail" in message:
                (self._first,) = descriptors
            elif "started" in message:
                (self._candidate,) = descriptors
        return self.channel

    def stop(self) -> End:
        """End every process of the candidate; how the first of them had ended, or ended now."""
        stopped = self._end is not None
        if not stopped:
            self._order({"do": "stop"})
        while not stopped:
            message, _ = self._report()
            if "ended" in message:
                self._end = End(code=message["ended"], cpu=message["cpu"])
            stopped = "stopped" in message
        assert self._end is not None
        return self._end

    def heard(self, deadline: float) -> bool:
        """Wait for something to read from the stream; False if the candidate ended without another word.

        Its end is seen on the process itself: what it started may hold the stream open. Raises TimeoutError.
        """
        assert self.channel is not None
        assert self._candidate is not None
        poller = select.poll()
        poller.register(self.channel, select.POLLIN)
        poller.register(self._candidate, select.POLLIN)
        # Never nothing: what is there already is in time, however late we ourselves come to read it.
        ready = {descriptor for descriptor, _ in poller.poll(max(deadline - time.monotonic(), 0.001) * 1000)}
        if not ready:
            raise TimeoutError
        return self.channel.fileno() in ready

    def over(self) -> bool:
        """Whether the candidate's process has ended."""
        return self._candidate is not None and _ended(self._candidate, 0)

    def starved(self, seconds: float) -> bool:
        """Whether it is ready to run but was given less than half of these seconds: a delay that is not its own doing.

        One look would also catch a sleeper in the moment of waking.
        """
        for _ in range(LOOKS):
            try:
                about = Path(f"/proc/self/fdinfo/{self._candidate}").read_text("ascii")
                pid = next(line.split()[1] for line in about.splitlines() if line.startswith("Pid:"))
                state, *fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
            except OSError:
                return False
            ticks = int(fields[10]) + int(fields[11])  # proc(5): utime and stime, fields 14 and 15
            if state != "R" or ticks / os.sysconf("SC_CLK_TCK") >= seconds / 2:
                return False
            time.sleep(0.005)
        return True

    def close(self) -> None:
        """End it all, and see it end. Raises CheckerError if anything is left."""
        self._let_go()
        with suppress(CheckerError):  # there may never have been any
            while self._first is None:
                _, (self._first,) = self._report()
        self._control.close()
        if self._first is None:
            return
        first, self._first = self._first, None
        try:
            if not _ended(first, END_SECONDS):
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(first, signal.SIGKILL)
                if not _ended(first, END_SECONDS):
                    raise CheckerError("sandbox", "a process of the candidate survived its session, grade it again")
        finally:
            os.close(first)

    def _let_go(self) -> None:
        if self.channel is not None:
            self.channel.close()
        if self._candidate is not None:
            os.close(self._candidate)
        self.channel = self._candidate = None

    def _order(self, message: dict[str, Any], *descriptors: int) -> None:
        try:
            send(self._control, message, *descriptors)
        except OSError as problem:
            raise CheckerError("sandbox", f"the jail is gone: {problem}") from problem

    def _report(self) -> tuple[dict[str, Any], list[int]]:
        self._control.settimeout(START_SECONDS)
        try:
            message, descriptors = receive(self._control)
        except (OSError, EOFError) as problem:
            raise CheckerError("sandbox", f"the jail is gone: {problem}") from problem
        if "failed" in message:
            raise CheckerError("sandbox", f"the jail could not be made: {message['failed']}")
        return message, descriptors


@contextmanager
def jail(kind: Kind, layers: frozenset[str], limits: Limits, listener: int | None = None) -> Iterator[Jail]:
    """A jail in which nothing runs yet; at the end no process, mount or file of it is left."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made = Jail(ours)
    try:
        with theirs:
            order(kind, layers, limits, theirs.fileno(), *([] if listener is None else [listener]))
        yield made
    finally:
        made.close()


def _ended(process: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(process, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
