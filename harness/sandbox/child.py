"""Starts and ends the child process: the place where stronger isolation goes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import BadInput, CheckerError

__all__ = ["Child", "launch"]

# The same isolation as -I, which would also ignore the fixed hash seed: verdicts must not depend on the order of a set.
INTERPRETER = ("-P", "-s", "-S", "-B")
GROUP_SECONDS = 0.2
LOOKS = 5
ENVIRONMENT = {"PYTHONHASHSEED": "0"}  # all there is; the bootstrap removes it before anything else runs


class Child:
    """A child process that leads its own session and process group, with our end of the socket to it."""

    __slots__ = ("_process", "channel")

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self._process = process
        self.channel = channel

    def starved(self, seconds: float) -> bool:
        """Whether it is ready to run but was given less than half of these seconds: a delay that is not its own doing.

        Known on Linux only. One look would also catch a sleeper in the moment of waking.
        """
        status = Path(f"/proc/{self._process.pid}/stat")
        for _ in range(LOOKS):
            try:
                state, *fields = status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                return False
            ticks = int(fields[10]) + int(fields[11])  # proc(5): utime and stime, fields 14 and 15
            if state != "R" or ticks / os.sysconf("SC_CLK_TCK") >= seconds / 2:
                return False
            time.sleep(0.005)
        return True

    def kill(self) -> int:
        """Kill the whole group, reap the child and return its exit code (minus the signal, if one ended it)."""
        if self._process.returncode is None:
            # Before it is reaped its id can't belong to anybody else; a dead leader's group may still have members.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._await_group()
        self.channel.close()
        return self._process.returncode

    def _await_group(self) -> None:
        """Wait until the other members are dead too: the system kills them in its own time, init collects them."""
        deadline = time.monotonic() + GROUP_SECONDS
        with suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < deadline:
                os.killpg(self._process.pid, 0)
                time.sleep(0.001)


@contextmanager
def launch() -> Iterator[Child]:
    """A fresh interpreter in an empty private folder; at the end no process of its group and no folder is left."""
    if os.name != "posix":
        raise BadInput("sandbox", "code from a model runs on Linux and macOS only, use WSL on Windows")
    folder = _private_folder()
    try:
        child = _spawn(folder)
        try:
            yield child
        finally:
            child.kill()
    finally:
        _remove(folder)


def _private_folder() -> Path:
    memory = Path("/dev/shm")  # noqa: S108  SQLite commits 18 times faster in memory than on disk
    parent = memory if os.access(memory, os.W_OK | os.X_OK) else None
    try:
        return Path(tempfile.mkdtemp(prefix="tierfloor-", dir=parent)).resolve()
    except OSError as problem:
        raise CheckerError("sandbox", f"no temporary folder: {problem}") from problem


def _spawn(folder: Path) -> Child:
    program = Path(__file__).with_name("bootstrap.py").read_text(encoding="utf-8")
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, *INTERPRETER, "-c", program],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as problem:
            ours.close()
            raise CheckerError("sandbox", f"cannot start {sys.executable}: {problem}") from problem
    return Child(process, ours)


def _remove(folder: Path) -> None:
    """Remove the folder whatever the candidate did to the modes of what it made there."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError) as problem:
        raise CheckerError("sandbox", f"{folder}: cannot be removed: {problem}") from problem
