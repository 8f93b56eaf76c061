"""The warm processes that jails are forked from: one for each set of preloaded modules, for as long as we live."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import weakref
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from ..errors import CheckerError
from .inside.orders import Order, Setting
from .inside.wire import receive, send
from .limits import Limits
from .packages import needed

__all__ = ["Kind", "Zygote", "zygote"]

START_SECONDS: Final = 60.0
END_SECONDS: Final = 10.0

# The same isolation as -I, which would also ignore the fixed hash seed: verdicts must not depend on the order of a set.
INTERPRETER: Final = ("-P", "-s", "-S", "-B")
ENVIRONMENT: Final = {"PYTHONHASHSEED": "0"}

_MODULES: Final = (
    "limits",
    *("inside.kernel", "inside.syscalls", "inside.landlock", "inside.seccomp", "inside.orders", "inside.wire"),
    *("inside.family", "inside.mounts", "inside.channel", "inside.candidate", "inside.init", "inside.zygote"),
)  # in the order of their imports

_START: Final = """
import sys, types
def start():
    for name in ("_sandbox", "_sandbox.inside"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    for name, text in {texts}:
        module = types.ModuleType("_sandbox." + name)
        module.__package__ = module.__name__.rpartition(".")[0]
        sys.modules[module.__name__] = module
        setattr(sys.modules[module.__package__], name.rpartition(".")[2], module)
        exec(compile(text, "<sandbox." + name + ">", "exec", dont_inherit=True), vars(module))
    return module.main
start()()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What tells one zygote from another. Without an own environment it, and its candidates, have ours."""

    namespaces: bool = True
    environment: bool = True
    preload: tuple[str, ...] = ()


class Zygote:
    """One warm process and our end of the socket to it. Several threads may order jails from it."""

    __slots__ = ("__weakref__", "_control", "_end", "offers", "privileged")

    def __init__(self, kind: Kind) -> None:
        self.privileged = _may_be_anyone()
        folder = None if kind.namespaces else _private_folder()
        self._control, process = _spawn(kind)
        self._end = weakref.finalize(self, _end, os.getpid(), self._control, process, folder)
        try:
            send(self._control, _setting(kind, self.privileged, folder).told())
            self._control.settimeout(START_SECONDS)
            self.offers, _ = receive(self._control)
        except (OSError, EOFError) as problem:
            self.end()
            raise CheckerError("sandbox", f"the zygote did not start: {problem}") from problem
        if "failed" in self.offers:
            self.end()
            raise CheckerError("sandbox", f"the zygote did not start: {self.offers['failed']}")

    def order(self, layers: frozenset[str], limits: Limits, *descriptors: int) -> None:
        """Ask for a jail; the first descriptor is the socket over which it is spoken to."""
        # A user of its own, so that no jail's processes count against another's: above those that systems give out.
        user = (1 << 30) + secrets.randbelow(1 << 30) if self.privileged and "uid" in layers else None
        send(self._control, Order(layers=layers, limits=limits, user=user).told(), *descriptors)

    def end(self) -> None:
        """End it and every jail of it."""
        self._end()

    def leave(self) -> None:
        """In a copy of our process: forget the zygote, which is not ours."""
        self._end.detach()
        self._control.close()


class _Kept:
    """The zygotes of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._zygotes: dict[Kind, Zygote] = {}
        os.register_at_fork(after_in_child=self._leave)

    def get(self, kind: Kind) -> Zygote:
        with self._lock:
            if kind not in self._zygotes:
                self._zygotes[kind] = Zygote(kind)
            return self._zygotes[kind]

    def drop(self, zygote: Zygote) -> None:
        with self._lock:
            for kind in [kind for kind, kept in self._zygotes.items() if kept is zygote]:
                del self._zygotes[kind]
        zygote.end()

    def _leave(self) -> None:
        for zygote in self._zygotes.values():
            zygote.leave()
        self._zygotes.clear()
        self._lock = threading.Lock()


@cache
def kept() -> _Kept:
    """The zygotes that this process keeps warm."""
    return _Kept()


def zygote(kind: Kind) -> Zygote:
    """The zygote of this kind, started if there is none yet. Raises CheckerError if it cannot be."""
    return kept().get(kind)


def _spawn(kind: Kind) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            process = subprocess.Popen(
                [os.path.realpath(sys.executable), *INTERPRETER, "-c", _program()],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=ENVIRONMENT if kind.environment else {**os.environ, **ENVIRONMENT},
                start_new_session=True,
            )
        except OSError as problem:
            ours.close()
            raise CheckerError("sandbox", f"cannot start {sys.executable}: {problem}") from problem
    return ours, process


@cache
def _program() -> str:
    folder = resources.files(__package__)
    texts = tuple((name, (folder / f"{name.replace('.', '/')}.py").read_text("utf-8")) for name in _MODULES)
    return _START.replace("{texts}", repr(texts))


def _end(owner: int, control: socket.socket, process: subprocess.Popen[bytes], folder: Path | None) -> None:
    control.close()
    if os.getpid() != owner:
        return
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _setting(kind: Kind, privileged: bool, folder: Path | None) -> Setting:
    shown = _shown()
    return Setting(
        namespaces=kind.namespaces,
        privileged=privileged,
        preload=kind.preload,
        packages=tuple(map(str, needed(kind.preload))),
        shown=tuple(map(str, shown)),
        hidden=tuple(str(path) for path in _hidden() if any(path.is_relative_to(each) for each in shown)),
        folder="" if folder is None else str(folder),
    )


def _shown() -> list[Path]:
    """What the interpreter and the libraries below it are made of, and the time zones."""
    places = [
        Path(sys.executable).resolve(),
        Path(os.__file__).resolve().parent,
        Path(sys.base_prefix).resolve() / "lib",
        *map(Path, ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")),
    ]
    there = [place for place in dict.fromkeys(places) if place.exists() and not place.is_symlink()]
    return [place for place in there if not any(place.is_relative_to(other) and place != other for other in there)]


def _hidden() -> list[Path]:
    """Other people's packages, and ours: with us come the samples and what is expected of them."""
    ours = Path(__file__).resolve().parents[1]
    kinds = {"purelib", "platlib"}
    folders = [Path(path) for path in (*sys.path, *(sysconfig.get_path(kind) for kind in kinds)) if path]
    base = [
        Path(sysconfig.get_path(kind, vars={"base": sys.base_prefix, "platbase": sys.base_prefix})) for kind in kinds
    ]
    named = [folder.resolve() for folder in (*folders, *base) if folder.name in {"site-packages", "dist-packages"}]
    return sorted({ours, *named})


def _private_folder() -> Path:
    memory = Path("/dev/shm")  # noqa: S108  SQLite commits 18 times faster in memory than on disk
    parent = memory if os.access(memory, os.W_OK | os.X_OK) else None
    try:
        return Path(tempfile.mkdtemp(prefix="tierfloor-", dir=parent)).resolve()
    except OSError as problem:
        raise CheckerError("sandbox", f"no temporary folder: {problem}") from problem


def _may_be_anyone() -> bool:
    """Whether we may become any user, so that every jail can have one of its own."""
    if os.geteuid() != 0:
        return False
    try:
        known = Path("/proc/self/uid_map").read_text("ascii")
    except OSError:
        return False
    return sum(int(line.split()[2]) for line in known.splitlines()) > 1 << 31
