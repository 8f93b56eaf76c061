"""A conversation with one child process: messages out, replies in, everything under a deadline."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NoReturn

from ..errors import CheckerError
from .child import Child, launch
from .limits import CandidateDied, CandidateSaid, CandidateTimeout, Limits

__all__ = ["Session", "session"]

START_SECONDS = 60.0


@contextmanager
def session(driver: str, limits: Limits) -> Iterator[Session]:
    """A child that runs `driver`, gone without trace at the end: its whole process group and its folder.

    `driver` is the text of a trusted program with `receive()` and `send(value)` in its globals; the candidate's source
    reaches it as an ordinary message. Raises `CandidateFault` for what the candidate does and `CheckerError` for what
    is ours: no process, no folder, or a driver that fails before its first `receive()`.
    """
    with launch() as child:
        talk = Session(child, limits)
        talk.start(driver)
        yield talk


class Session:
    """One running child. `refused` names the limits that this system could not set, each with its reason."""

    __slots__ = ("_buffer", "_channel", "_child", "_left", "_limits", "refused")

    def __init__(self, child: Child, limits: Limits) -> None:
        self._child = child
        self._channel: socket.socket = child.channel
        self._limits = limits
        self._buffer = bytearray()
        self._left = START_SECONDS
        self.refused: tuple[str, ...] = ()

    def start(self, driver: str) -> None:
        """Confine the child and bring its driver to the first `receive()`. The session's seconds count from here."""
        try:
            reply = self.call({"driver": driver, "limits": asdict(self._limits)})
        except (CandidateDied, CandidateSaid, CandidateTimeout) as fault:
            raise CheckerError("sandbox", f"the child did not start: {fault}") from fault
        if "failed" in reply:
            raise CheckerError("sandbox", f"the driver failed before its first receive(): {reply['failed']}")
        self.refused = tuple(reply["refused"])
        self._left = self._limits.wall_seconds

    def call(self, message: Any, timeout: float | None = None) -> Any:
        """Send one message and return the reply to it, within `timeout` and what is left of the session's wall seconds.

        Only the time inside calls counts. After a fault the child is dead, and so is the session.
        """
        nonce = secrets.token_hex(16)
        try:
            frame = json.dumps({"nonce": nonce, "value": message}, allow_nan=False)
        except (TypeError, ValueError) as problem:
            raise CheckerError("sandbox", f"a message must be JSON: {problem}") from problem
        started = time.monotonic()
        deadline = started + (self._left if timeout is None else min(self._left, timeout))
        try:
            self._wait(deadline)
            self._channel.sendall(frame.encode() + b"\n")
            line = self._line(deadline)
        except TimeoutError:
            self._late(time.monotonic() - started)
        except OSError:
            self._died()
        self._left -= time.monotonic() - started
        return self._opened(line, nonce)

    def _wait(self, deadline: float) -> None:
        """Let the next socket operation wait until the deadline, not longer."""
        # Never nothing: what is there already is in time, however late we ourselves come to read it.
        self._channel.settimeout(max(deadline - time.monotonic(), 0.001))

    def _line(self, deadline: float) -> bytes:
        scanned = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            if scanned > self._limits.reply_bytes:
                self._said(f"a reply of more than {self._limits.reply_bytes} bytes")
            if scanned and time.monotonic() >= deadline:
                raise TimeoutError
            self._wait(deadline)
            piece = self._channel.recv(1 << 16)
            if not piece:
                self._died()
            self._buffer += piece
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if len(line) > self._limits.reply_bytes:
            self._said(f"a reply of more than {self._limits.reply_bytes} bytes")
        return line

    def _opened(self, line: bytes, nonce: str) -> Any:
        """The value in a reply's frame, if the frame is one of ours for this call."""
        try:
            frame = json.loads(line, parse_constant=_not_json)
        except (ValueError, RecursionError):
            self._said("a reply that is not JSON")
        if type(frame) is not dict or frame.keys() != {"nonce", "value"} or frame["nonce"] != nonce:
            self._said("a reply without the nonce of its call")
        return frame["value"]

    def _late(self, seconds: float) -> NoReturn:
        starved = self._child.starved(seconds)
        self._child.kill()
        if starved:
            raise CheckerError("sandbox", f"this machine was too busy for an answer in {seconds:.0f} s, grade it again")
        raise CandidateTimeout("no answer in time")

    def _said(self, what: str) -> NoReturn:
        self._child.kill()
        raise CandidateSaid(what)

    def _died(self) -> NoReturn:
        code = self._child.kill()
        if code == -signal.SIGXCPU:
            raise CandidateTimeout(f"more than {self._limits.cpu_seconds} s of CPU")
        raise CandidateDied(f"ended by signal {-code}" if code < 0 else f"exited with {code}")


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)
