"""The candidate's process: it gives up everything that its layers take, then runs the trusted driver."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

from ..limits import Limits
from . import kernel, landlock, mounts, seccomp
from .channel import Channel
from .orders import Order, Setting

__all__ = ["run"]

_CHANNEL, _LISTENER = 3, 4
_CROWDED = 16


def run(setting: Setting, order: Order, channel: int, listener: int | None) -> NoReturn:
    """Be the candidate until it ends; the process never comes back from here."""
    code = 1
    try:
        os.setsid()
        kept = _arrange(channel, listener)
        talk = Channel(_CHANNEL)
        driver = talk.take()
        talk.greet({})
        try:
            _confine(setting, order)
            talk.greet({"started": True})
            _drive(driver, talk, kept)
        except BaseException as problem:
            talk.fail(problem)
            raise
        talk.fail("the driver ended before its first receive()")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  nobody is left to whom it could be told
        code = 1
    finally:
        os._exit(code & 0xFF)


def _arrange(channel: int, listener: int | None) -> int | None:
    """Close every descriptor but our own; what a candidate prints or reads is /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    kept = [channel] if listener is None else [channel, listener]
    # First above what is overwritten next, whatever numbers they had.
    lifted = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 16) for each in kept]
    for place, each in enumerate(lifted):
        os.dup2(each, _CHANNEL + place, inheritable=False)
    os.closerange(_CHANNEL + len(kept), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    if listener is None:
        return None
    os.set_blocking(_LISTENER, True)  # it is the same socket for every start, and whoever ran before may have set this
    return _LISTENER


def _drive(driver: str, talk: Channel, listener: int | None) -> None:
    code = compile(driver, "<driver>", "exec", dont_inherit=True)
    package = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    names = {"__name__": "driver", "receive": talk.receive, "send": talk.send, "listener": listener}
    exec(code, names)  # noqa: S102  what we are for


def _confine(setting: Setting, order: Order) -> None:
    layers = order.layers
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "environment" in layers:
        os.environ.clear()
    if "uid" in layers:
        _become(order.user)
    kernel.die_with_parent()
    kernel.forbid_privileges()
    kernel.forbid_inspection()
    if "limits" in layers:
        _limit(order.limits, setting.crowd)
    if "landlock" in layers:
        landlock.restrict(_rights(setting))
    if "seccomp" in layers:
        scoped = "landlock" in layers and landlock.abi() >= 6
        signals_to = None if setting.namespaces or scoped else os.getpid()
        seccomp.restrict(alone=setting.namespaces, signals_to=signals_to)


def _become(user: int | None) -> None:
    """Somebody without privileges: this user if there is a choice, else who we are."""
    kernel.bound_capabilities()
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.drop_capabilities()


def _limit(limits: Limits, crowd: int) -> None:
    seconds = limits.cpu_seconds
    # Where the kernel counts other programs' processes too, a tight bound would let those decide about an answer.
    processes = crowd + _CROWDED * limits.processes if crowd else limits.processes
    for kind, wanted_soft, wanted_hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_STACK, 8 << 20, 8 << 20),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]  # never above what we have ourselves
        most = wanted_hard if ceiling == resource.RLIM_INFINITY else min(wanted_hard, ceiling)
        resource.setrlimit(kind, (min(wanted_soft, most), most))


def _rights(setting: Setting) -> Iterator[tuple[str, int]]:
    """What Landlock allows. In a root of our own everything shown may be read; without one, only what would be in it."""
    if setting.namespaces:
        yield "/", landlock.READ
        yield from ((f"/{name}", landlock.RUN) for name in os.listdir("/") if name not in {"dev", "tmp"})
        yield "/dev", landlock.USE
        yield "/tmp", landlock.WRITE
        return
    for path in setting.shown:
        for part in _around(path, setting.hidden):
            yield part, landlock.RUN
    for path in setting.packages:
        yield path, landlock.RUN
    for name in mounts.DEVICES:
        yield f"/dev/{name}", landlock.USE
    yield os.path.join(setting.folder, "packages"), landlock.READ
    yield os.getcwd(), landlock.WRITE


def _around(path: str, holes: tuple[str, ...]) -> Iterator[str]:
    """Paths that together cover this one, the holes left out."""
    if path in holes:
        return
    if not any(hole.startswith(f"{path}/") for hole in holes):
        yield path
        return
    for name in os.listdir(path):
        part = os.path.join(path, name)
        if not os.path.islink(part):  # where it leads to is shown by its own name, or not at all
            yield from _around(part, holes)
