"""The first code that runs in the child: it takes the limits upon itself, then runs the trusted driver.

The text of this file is handed to `python -c`; nothing imports it. It frames lines and keeps the nonce, so that a
driver has only `receive()` and `send(value)`. Standard input, output and error of whatever runs later are /dev/null.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys

TYPE_CHECKING = False  # importing `typing` would make every start a fifth slower
if TYPE_CHECKING:
    from typing import Any


class Channel:
    """The socket to the parent, moved away from descriptor 0 so that prints and reads of the candidate don't disturb it."""

    def __init__(self) -> None:
        self._socket = os.dup(0)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.close(null)
        # Bound now: a candidate that replaces functions of these modules harms nobody but itself.
        self._read, self._write = os.read, os.write
        self._encode = json.JSONEncoder(allow_nan=False).encode
        self._decode = json.JSONDecoder().decode
        self._buffer = b""
        self._nonce = ""
        self._greeting: dict[str, Any] | None = None

    def take(self) -> Any:
        """The next message; the process ends when the parent has hung up."""
        while b"\n" not in self._buffer:
            piece = self._read(self._socket, 1 << 16)
            if not piece:
                os._exit(0)
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        frame = self._decode(line.decode())
        self._nonce = frame["nonce"]
        return frame["value"]

    def greet(self, greeting: dict[str, Any]) -> None:
        """Answer the first message with this as soon as the driver is ready for the second."""
        self._greeting = greeting

    def receive(self) -> Any:
        """The next message of the parent."""
        if self._greeting is not None:
            self.send(self._greeting)
            self._greeting = None
        return self.take()

    def send(self, value: Any) -> None:
        """Answer the message received last. Raises TypeError, ValueError or RecursionError if `value` is not JSON."""
        if not self._nonce:
            raise RuntimeError("send() answers one receive(), once")
        line = memoryview(self._encode({"nonce": self._nonce, "value": value}).encode() + b"\n")
        self._nonce = ""
        while line:
            line = line[self._write(self._socket, line) :]

    def fail(self, problem: BaseException | str) -> None:
        """Answer the first message with what went wrong, unless the driver is past it."""
        if self._greeting is None:
            return
        text = problem if isinstance(problem, str) else f"{type(problem).__name__}: {problem}"
        self.send({"failed": text})


def confine(limits: dict[str, Any]) -> list[str]:
    """Take the limits; say which of them this system refuses. Only macOS may refuse one, the address space."""
    seconds = limits["cpu_seconds"]
    limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    limit(resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"])
    limit(resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"])
    limit(resource.RLIMIT_CORE, 0, 0)
    refused: list[str] = []
    try:
        limit(resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"])
    except (OSError, ValueError) as problem:
        if sys.platform != "darwin":
            raise
        refused.append(f"memory: {problem}")
    # The parent kills at its own deadline; the alarm ends us if the parent itself was killed.
    signal.setitimer(signal.ITIMER_REAL, limits["wall_seconds"] + 10.0)
    return refused


def limit(kind: int, soft: int, hard: int) -> None:
    """Set one limit, never above what the parent has itself."""
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def run() -> None:
    """Receive the driver and its limits, and run it."""
    os.environ.clear()
    os.umask(0o077)
    channel = Channel()
    order = channel.take()
    channel.greet({})
    try:
        channel.greet({"refused": confine(order["limits"])})
        code = compile(order["driver"], "<driver>", "exec")
        exec(code, {"__name__": "driver", "receive": channel.receive, "send": channel.send})  # noqa: S102  what we are for
    except BaseException as problem:
        channel.fail(problem)
        raise
    channel.fail("the driver ended before its first receive()")


run()
