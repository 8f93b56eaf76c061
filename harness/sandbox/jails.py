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

    __slots__ = ("_candidate", "_control", "_end", "_first", "_poller", "_stopped", "channel")

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._first: int | None = None
        self._candidate: int | None = None
        self.channel: socket.socket | None = None
        self._end: End | None = None
        self._stopped = True

    def start(self) -> socket.socket:
        """Start the candidate's process anew, whatever ran before ended; the stream to it, which never blocks."""
        self._let_go()
        self._end, self._stopped = None, False
        self.channel, theirs = socket.socketpair()
        with theirs:
            self._order({"do": "start"}, theirs.fileno())
        while self._candidate is None or self._first is None:
            self._learn()
        self.channel.setblocking(False)
        self._poller = select.poll()
        self._poller.register(self.channel, select.POLLIN)
        self._poller.register(self._candidate, select.POLLIN)
        return self.channel

    def stop(self) -> End:
        """End every process of the candidate; how the first of them had ended, or ended now."""
        if not self._stopped:
            self._order({"do": "stop"})
        while not self._stopped:
            self._learn()
        assert self._end is not None
        return self._end

    def heard(self, deadline: float) -> bool:
        """Wait for something to read from the stream; False if the candidate ended without another word.

        Its end is seen on the process itself: what it started may hold the stream open. Raises TimeoutError.
        """
        # Never nothing: what is there already is in time, however late we ourselves come to read it.
        ready = self._poller.poll(max(deadline - time.monotonic(), 0.001) * 1000)
        if not ready:
            raise TimeoutError
        return len(ready) > 1 or ready[0][0] != self._candidate

    def over(self) -> bool:
        """Whether the candidate's process has ended."""
        return self._candidate is not None and _ended(self._candidate, 0)

    def starved(self, seconds: float) -> bool:
        """Whether it is ready to run, but its jail was given less than half of these seconds: not its own doing.

        One look would also catch a sleeper in the moment of waking. What it started counts too, for it may be that which
        keeps it from running, and so does a priority that it lowered: no candidate makes its own failure ours.
        """
        for _ in range(LOOKS):
            try:
                about = Path(f"/proc/self/fdinfo/{self._candidate}").read_text("ascii")
                pid = next(line.split()[1] for line in about.splitlines() if line.startswith("Pid:"))
                fields = _stat(int(pid))
            except OSError:
                return False
            state, parent, nice, policy = fields[0], int(fields[1]), int(fields[16]), int(fields[38])
            lowered = nice > os.getpriority(os.PRIO_PROCESS, 0) or policy != os.sched_getscheduler(0)
            if state != "R" or lowered or _ticks(parent) / os.sysconf("SC_CLK_TCK") >= seconds / 2:
                return False
            time.sleep(0.005)
        return True

    def close(self) -> None:
        """End it all, and see it end. Raises CheckerError if anything is left."""
        self._let_go()
        with suppress(CheckerError):  # there may never have been any
            while self._first is None:
                self._learn()
        self._control.close()
        self._let_go()
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

    def _learn(self) -> None:
        """Take in the next report, from the zygote or from the jail: which comes first is open."""
        self._control.settimeout(START_SECONDS)
        try:
            message, descriptors = receive(self._control)
        except (OSError, EOFError) as problem:
            raise CheckerError("sandbox", f"the jail is gone: {problem or 'it ended'}") from problem
        if "failed" in message:
            raise CheckerError("sandbox", f"the jail could not be made: {message['failed']}")
        if "jail" in message:
            (self._first,) = descriptors
        elif "started" in message:
            (self._candidate,) = descriptors
        elif "ended" in message:
            self._end = End(code=message["ended"], cpu=message["cpu"])
        else:
            self._stopped = True


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


def _stat(pid: int) -> list[str]:
    """The fields of proc(5)'s stat from the third on: state, parent, and so on."""
    return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()


def _ticks(pid: int) -> int:
    """Ticks of CPU of a process, of all that descend from it, and of those among them that are gone."""
    try:
        own = sum(map(int, _stat(pid)[11:15]))  # utime, stime and those of collected children
        tasks = [(task / "children").read_text("ascii") for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return 0
    return own + sum(_ticks(int(child)) for text in tasks for child in text.split())


def _ended(process: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(process, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
