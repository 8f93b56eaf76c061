"""What lies outside the sandbox and is attacked: a secret in every place where one can be, servers, a process, files.

Everything here is judged from outside: by what a server received, a process felt or a file became.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Outside", "Victim", "named", "outside"]

VICTIM = """
import ctypes, json, os, signal, sys
felt = []
nice = os.nice(0)
for number in (signal.SIGUSR1, signal.SIGWINCH):
    signal.signal(number, lambda *_: felt.append(1))
ctypes.CDLL(None).prctl(0x59616D61, -1, 0, 0, 0)  # Yama: everybody of this user may debug us
secret = ctypes.create_string_buffer(os.environ["SECRET"].encode(), 32)
opened = os.open(sys.argv[1], os.O_RDONLY)
def say(value):
    print(json.dumps(value), flush=True)
def changed():
    global nice
    before, nice = nice, os.nice(0)
    number = len(felt)
    felt.clear()
    return [number, nice - before]
say([ctypes.addressof(secret), opened])
for _ in sys.stdin:
    say(changed())
"""


@dataclass(frozen=True, slots=True)
class Victim:
    """A process of ours that keeps the secret in its memory, its environment and an open file, and counts signals."""

    process: subprocess.Popen[str]
    address: int
    open_file: int

    def felt(self) -> tuple[int, int]:
        """How many signals it got since it was last asked, and by how much its priority was lowered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        signals, lowered = json.loads(self.process.stdout.readline())
        return signals, lowered


@dataclass(frozen=True, slots=True)
class Outside:
    """The targets. `world` tells an attack where they are; the secret is not in it."""

    secret: str
    folder: Path
    victim: Victim
    links: dict[str, socket.socket]

    @property
    def hidden(self) -> Path:
        return self.folder / "hidden_tests.py"

    @property
    def precious(self) -> Path:
        return self.folder / "precious"

    def world(self, mark: str) -> dict[str, Any]:
        """Where everything is. `mark` is what this attack can leave behind or send, so that it is known again."""
        return {
            "mark": mark,
            "victim": self.victim.process.pid,
            "address": self.victim.address,
            "length": len(self.secret),
            "open_file": self.victim.open_file,
            "folder": str(self.folder),
            "hidden": str(self.hidden),
            "precious": str(self.precious),
            "set_user_id": str(self.folder / "id"),
            "socket": str(self.folder / "socket"),
            "datagram": str(self.folder / "datagram"),
            "abstract": self.links["abstract"].getsockname()[1:].decode(),
            **{name: self.links[name].getsockname()[1] for name in ("tcp", "tcp6", "udp") if name in self.links},
        }

    def received(self, name: str) -> str:
        """Everything that one of the servers got since it was last asked."""
        link, got = self.links[name], b""
        with suppress(BlockingIOError):
            while link.type == socket.SOCK_DGRAM:
                got += link.recv(1 << 16)
            while True:
                connection, _ = link.accept()
                with connection:
                    connection.settimeout(10)
                    got += connection.recv(1 << 16)
        return got.decode(errors="replace")

    def restore(self) -> None:
        """Make everything anew that attacks change."""
        victim = self.victim.process.pid
        Path(f"/proc/{victim}/oom_score_adj").write_text("0")
        os.sched_setaffinity(victim, os.sched_getaffinity(0))
        most = resource.prlimit(victim, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(victim, resource.RLIMIT_NOFILE, (most, most))
        self.victim.felt()
        self.precious.unlink(missing_ok=True)
        self.precious.write_text("precious")
        self.precious.chmod(0o600)


@contextmanager
def outside() -> Iterator[Outside]:
    """The targets, on the file system where a session has its folder, so that only the sandbox is in the way."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="outside-", dir=memory if memory.is_dir() else None)).resolve()
    secret = secrets.token_hex(16)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o777)
        (folder / "hidden_tests.py").write_text(f"EXPECTED = {secret!r}\n{'#' * secrets.randbelow(1000)}")
        (folder / "hidden_tests.py").chmod(0o644)
        links = {name: stack.enter_context(link) for name, link in _servers(folder).items()}
        found = Outside(secret, folder, stack.enter_context(_victim(folder, secret)), links)
        found.restore()
        _set_user_id(folder / "id")
        yield found


def named(mark: str) -> list[int]:
    """The living processes that call themselves so, wherever they are."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if (place / "comm").read_text(errors="replace").strip() == mark and state not in "ZX":
                found.append(int(place.name))
    return found


def _servers(folder: Path) -> dict[str, socket.socket]:
    links: dict[str, tuple[int, int, Any]] = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{secrets.token_hex(8)}"),
        "path": (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
        "datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "datagram")),
    }
    opened = {}
    for name, (family, kind, address) in links.items():
        link = socket.socket(family, kind)
        link.setblocking(False)
        try:
            link.bind(address)
        except OSError:
            link.close()
            if name == "tcp6":  # a machine without IPv6
                continue
            raise
        if kind == socket.SOCK_STREAM:
            link.listen()
        opened[name] = link
    for name in ("socket", "datagram"):
        (folder / name).chmod(0o777)
    return opened


@contextmanager
def _victim(folder: Path, secret: str) -> Iterator[Victim]:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", VICTIM, folder / "hidden_tests.py"],
        env={"SECRET": secret},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address, open_file = json.loads(process.stdout.readline())
        try:
            yield Victim(process, address, open_file)
        finally:
            process.kill()


def _set_user_id(place: Path) -> None:
    """A copy of `id` that runs as its owner, which only root can make for root."""
    if os.geteuid() == 0 and (program := shutil.which("id")):
        shutil.copyfile(program, place)
        place.chmod(0o4755)
