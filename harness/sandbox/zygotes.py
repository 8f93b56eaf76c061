"""The warm processes that jails are forked from: one for each set of preloaded modules, for as long as we live."""

from __future__ import annotations

import os
import secrets
import shutil
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

from .. import plugins
from ..errors import CheckerError
from .executors import Executor, Program, Started
from .inside.interpreter import shown
from .inside.orders import Order, Setting
from .inside.wire import receive, send
from .limits import Limits
from .packages import needed

__all__ = ["CANARY", "Kind", "Modules", "Offers", "Zygote", "forget", "offers", "order"]

START_SECONDS: Final = 60.0
END_SECONDS: Final = 10.0

# The same isolation as -I, which would also ignore the fixed hash seed: verdicts must not depend on the order of a set.
INTERPRETER: Final = ("-P", "-s", "-S", "-B")
ENVIRONMENT: Final = {"PYTHONHASHSEED": "0"}
CANARY: Final = "TIERFLOOR_CANARY"  # stands for what an environment may hold, for whoever gets ours

_MODULES: Final = (
    "limits",
    *("inside.kernel", "inside.syscalls", "inside.landlock", "inside.seccomp", "inside.orders", "inside.wire"),
    *("inside.interpreter", "inside.family", "inside.mounts", "inside.channel", "inside.candidate", "inside.init"),
    *("inside.carried", "inside.zygote"),
)  # in the order of their imports

Modules = tuple[tuple[str, str], ...]
"""Names and texts of modules, in the order of their imports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What tells one zygote from another: who starts it, whether its jails get namespaces of their own, its modules.

    `preload` are names of modules that are installed, `modules` those that come as text. Without an environment of its own
    it, and its candidates, have ours.
    """

    executor: str = "local"
    namespaces: bool = True
    environment: bool = True
    preload: tuple[str, ...] = ()
    modules: Modules = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What jails of a zygote can have: a version of Landlock (0: none), seccomp, each a user of its own."""

    landlock: int
    seccomp: bool
    privileged: bool


class Zygote:
    """One warm process and our end of the socket to it. Several threads may order jails from it."""

    __slots__ = ("__weakref__", "_control", "_end", "offers")

    def __init__(self, kind: Kind) -> None:
        executor: Executor = plugins.load("executors", kind.executor)
        privileged = not executor.contained and _may_be_anyone()
        folder = None if kind.namespaces or executor.contained else _private_folder()
        program = _program(kind)
        started = executor.start(program)
        self._control = started.control
        self._end = weakref.finalize(self, _end, os.getpid(), started, folder)
        setting = Setting(
            namespaces=kind.namespaces,
            privileged=privileged,
            preload=kind.preload,
            modules=len(kind.modules),
            shown=(),
            packages=program.packages,
            hidden=program.hidden,
            folder=str(folder or f"/tmp/tierfloor-{secrets.token_hex(8)}"),  # noqa: S108  behind the executor's wall
        )
        try:
            self._control.settimeout(START_SECONDS)
            send(self._control, setting.told())
            for name, text in kind.modules:
                send(self._control, {"name": name, "text": text})
            message, _ = receive(self._control)
        except (OSError, EOFError) as problem:
            self.end()
            raise CheckerError("sandbox", f"the zygote did not start: {problem or 'it ended'}") from problem
        if "failed" in message:
            self.end()
            raise CheckerError("sandbox", f"the zygote did not start: {message['failed']}")
        self.offers = Offers(landlock=message["landlock"], seccomp=message["seccomp"], privileged=privileged)

    def order(self, layers: frozenset[str], limits: Limits, *descriptors: int) -> None:
        """Ask for a jail; the first descriptor is the socket over which it is spoken to."""
        # A user of its own, so that no jail's processes count against another's: above those that systems give out.
        user = (1 << 30) + secrets.randbelow(1 << 30) if self.offers.privileged and "uid" in layers else None
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

    def forget(self, kind: Kind, zygote: Zygote | None = None) -> None:
        with self._lock:
            kept = self._zygotes.get(kind)
            if kept is None or (zygote is not None and kept is not zygote):
                return
            del self._zygotes[kind]
        kept.end()

    def _leave(self) -> None:
        for zygote in self._zygotes.values():
            zygote.leave()
        self._zygotes.clear()
        self._lock = threading.Lock()


@cache
def _kept() -> _Kept:
    return _Kept()


def order(kind: Kind, layers: frozenset[str], limits: Limits, *descriptors: int) -> Zygote:
    """Have a zygote of this kind, kept warm, make a jail. One that is gone is replaced once. Raises CheckerError."""
    for last in (False, True):
        zygote = _kept().get(kind)
        try:
            zygote.order(layers, limits, *descriptors)
        except OSError as problem:
            _kept().forget(kind, zygote)
            if last:
                raise CheckerError("sandbox", f"the zygote is gone: {problem}") from problem
        else:
            break
    return zygote


def offers(kind: Kind) -> Offers:
    """What jails of this kind can have. Raises CheckerError if there can be none."""
    return _kept().get(kind).offers


def forget(kind: Kind) -> None:
    """End the zygote of this kind, if there is one."""
    _kept().forget(kind)


def _program(kind: Kind) -> Program:
    packages = tuple(map(str, needed(kind.preload)))
    outer = {} if kind.environment else {**os.environ, CANARY: "1"}
    visible = shown()
    return Program(
        python=os.path.realpath(sys.executable),
        arguments=(*INTERPRETER, "-c", _text()),
        environment={**outer, **ENVIRONMENT},
        shown=visible,
        packages=packages,
        hidden=tuple(path for path in map(str, _hidden()) if any(path.startswith(f"{each}/") for each in visible)),
    )


@cache
def _text() -> str:
    folder = resources.files(__package__)
    texts = {name: (folder / f"{name.replace('.', '/')}.py").read_text("utf-8") for name in _MODULES}
    modules = tuple((f"_sandbox.{name}", text) for name, text in texts.items())
    return f"{texts['inside.carried']}\nload({modules!r})\nsys.modules['_sandbox.inside.zygote'].main()\n"


def _end(owner: int, started: Started, folder: Path | None) -> None:
    started.control.close()
    if os.getpid() != owner:
        return
    try:
        started.process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        started.process.kill()
        started.process.wait()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _hidden() -> list[Path]:
    """Other people's packages, and ours: with us come the samples and what is expected of them."""
    bases = [{}, {"base": sys.base_prefix, "platbase": sys.base_prefix}]
    folders = [Path(sysconfig.get_path(kind, vars=base)) for base in bases for kind in ("purelib", "platlib")]
    folders += [path for path in map(Path, sys.path) if path.name in {"site-packages", "dist-packages"}]
    folders += [path for place in shown() for path in Path(place).glob("python3*/*-packages")]
    there = {Path(__file__).parents[1].resolve(), *(folder.resolve() for folder in folders)}
    return sorted(folder for folder in there if folder.is_dir())


def _private_folder() -> Path:
    memory = Path("/dev/shm")  # noqa: S108  SQLite commits 18 times faster in memory than on disk
    parent = memory if os.access(memory, os.W_OK | os.X_OK) else None
    try:
        return Path(tempfile.mkdtemp(prefix=f"tierfloor-{os.getpid()}-", dir=parent)).resolve()
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
