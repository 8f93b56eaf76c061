"""A conversation with one candidate: messages out, replies in, everything under a deadline."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import Any, NoReturn

from ..errors import CheckerError
from .doors import Door
from .jails import End, Jail
from .levels import Isolation
from .limits import CandidateDied, CandidateSaid, CandidateTimeout, Limits

__all__ = ["Session"]

START_SECONDS = 60.0


class Session:
    """One candidate that runs. `refused` names the limits that could not be set, each with its reason."""

    __slots__ = ("_buffer", "_channel", "_door", "_driver", "_jail", "_left", "_limits", "isolation", "refused")

    def __init__(
        self, inside: Jail, limits: Limits, driver: str, *, isolation: Isolation, door: Door | None = None
    ) -> None:
        self._jail = inside
        self._limits = limits
        self._driver = driver
        self._door = door
        self._buffer = bytearray()
        self._left = limits.wall_seconds
        self._channel: socket.socket
        self.isolation = isolation
        self.refused = isolation.refused

    def restart(self) -> None:
        """End every process of the candidate and bring the driver anew to its first `receive()`; files stay.

        Each start has its own seconds of CPU; the session's wall seconds go on.
        """
        self._channel = self._jail.start()
        self._buffer.clear()
        left, self._left = self._left, START_SECONDS
        try:
            reply = self.call(self._driver)
        except (CandidateDied, CandidateSaid, CandidateTimeout) as fault:
            raise CheckerError("sandbox", f"the driver did not start: {fault}") from fault
        if "failed" in reply:
            raise CheckerError("sandbox", f"the driver failed before its first receive(): {reply['failed']}")
        self._left = left

    def connect(self, timeout: float) -> socket.socket:
        """A new connection to the socket that the candidate listens on, with this timeout set."""
        if self._door is None:
            raise CheckerError("sandbox", "this session does not serve: pass serves=True")
        started = time.monotonic()
        try:
            return self._door.connect(timeout)
        except TimeoutError:
            self.late(time.monotonic() - started)
        except OSError:
            self.died()

    def call(self, message: Any, timeout: float | None = None) -> Any:
        """Send one message and return the reply to it, within `timeout` and what is left of the session's wall seconds.

        Only the time inside calls counts. After a fault the child is dead, and so is the session.
        """
        nonce = os.urandom(16).hex()
        try:
            frame = _ENCODE({"nonce": nonce, "value": message})
        except (TypeError, ValueError) as problem:
            raise CheckerError("sandbox", f"a message must be JSON: {problem}") from problem
        started = time.monotonic()
        deadline = started + (self._left if timeout is None else min(self._left, timeout))
        try:
            self._say(frame.encode() + b"\n", deadline)
            line = self._line(deadline)
        except TimeoutError:
            self.late(time.monotonic() - started)
        except OSError:
            self.died()
        self._left -= time.monotonic() - started
        return self._opened(line, nonce)

    def _say(self, data: bytes, deadline: float) -> None:
        """Send it all. In most cases it fits in at once, and a wait with a timeout would cost more than the message."""
        try:
            sent = self._channel.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._channel.settimeout(max(deadline - time.monotonic(), 0.001))
            self._channel.sendall(data[sent:])
            self._channel.setblocking(False)

    def _line(self, deadline: float) -> bytes:
        scanned = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            if scanned > self._limits.reply_bytes:
                self._said(f"a reply of more than {self._limits.reply_bytes} bytes")
            if scanned and time.monotonic() >= deadline:
                raise TimeoutError
            piece = self._channel.recv(1 << 16) if self._jail.heard(deadline) else b""
            if not piece:
                self.died()
            self._buffer += piece
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if len(line) > self._limits.reply_bytes:
            self._said(f"a reply of more than {self._limits.reply_bytes} bytes")
        return line

    def _opened(self, line: bytes, nonce: str) -> Any:
        """The value in a reply's frame, if the frame is one of ours for this call."""
        try:
            frame = _DECODE(line.decode())
        except (ValueError, RecursionError):
            self._said("a reply that is not JSON")
        if type(frame) is not dict or frame.keys() != {"nonce", "value"} or frame["nonce"] != nonce:
            self._said("a reply without the nonce of its call")
        return frame["value"]

    def late(self, seconds: float) -> NoReturn:
        """End a candidate that gave no answer in these seconds, and say whose doing that is."""
        if self._jail.over():
            self.died()
        starved = self._jail.starved(seconds)
        self._stop()
        if starved:
            raise CheckerError("sandbox", f"this machine was too busy for an answer in {seconds:.0f} s, grade it again")
        raise CandidateTimeout("no answer in time")

    def died(self) -> NoReturn:
        """End a candidate that broke off its answer, and say what became of it."""
        end = self._stop()
        used_up = end.cpu >= self._limits.cpu_seconds
        if end.code == -signal.SIGXCPU or (end.code == -signal.SIGKILL and used_up):
            raise CandidateTimeout(f"more than {self._limits.cpu_seconds} s of CPU")
        raise CandidateDied(f"ended by signal {-end.code}" if end.code < 0 else f"exited with {end.code}")

    def _said(self, what: str) -> NoReturn:
        self._stop()
        raise CandidateSaid(what)

    def _stop(self) -> End:
        self._channel.close()
        return self._jail.stop()


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


_ENCODE = json.JSONEncoder(allow_nan=False).encode
_DECODE = json.JSONDecoder(parse_constant=_not_json).decode
