"""Runs in the sandbox: locks as answers see them, which let the other call move while they wait."""

from __future__ import annotations

import fcntl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from .inside_gate import Gate

__all__ = ["gated_locks"]


@contextmanager
def gated_locks(gate: Gate) -> Iterator[None]:
    """While an answer is loaded, what it imports from `threading`, `asyncio` and `fcntl` tells the gate when it waits."""
    copies = {"threading": _copy(threading, **_of_threads(gate)), "fcntl": _copy(fcntl, flock=_flock(gate))}
    if "asyncio" in sys.modules:  # where an app is served
        copies["asyncio"] = _copy(sys.modules["asyncio"], **_of_tasks(gate))
    real = {name: sys.modules[name] for name in copies}
    sys.modules.update(copies)
    try:
        yield
    finally:
        sys.modules.update(real)


def _copy(module: ModuleType, **replaced: Any) -> ModuleType:
    made = ModuleType(module.__name__)
    vars(made).update(vars(module), **replaced)
    return made


def _waited(gate: Gate, attempt: Callable[[], Any], wait: Callable[[], Any]) -> Any:
    """Attempt it whenever the other call has moved; if that has nothing to move, wait for real."""
    while not attempt():
        if not gate.give_way():
            return wait()
    return True


def _of_threads(known: Gate) -> dict[str, type]:
    class Lock(_Lock):
        gate, make = known, staticmethod(threading.Lock)

    class RLock(_Lock):
        gate, make = known, staticmethod(threading.RLock)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)  # what a condition asks of it

    class Semaphore(_Lock):
        gate, make = known, staticmethod(threading.Semaphore)

    class BoundedSemaphore(_Lock):
        gate, make = known, staticmethod(threading.BoundedSemaphore)

    class Condition(threading.Condition):
        _waiters: Any  # a lock for each of the threads that wait, which `notify` releases
        _release_save: Any
        _acquire_restore: Any

        def __init__(self, lock: Any = None) -> None:
            made: Any = RLock() if lock is None else lock
            super().__init__(made)

        def wait(self, timeout: float | None = None) -> bool:
            ticket = Lock()
            ticket.acquire()
            self._waiters.append(ticket)
            kept = self._release_save()
            try:
                told = ticket.acquire(timeout=-1 if timeout is None else timeout)
            finally:
                self._acquire_restore(kept)
            if not told and ticket in self._waiters:
                self._waiters.remove(ticket)
            return told

    return {each.__name__: each for each in (Lock, RLock, Semaphore, BoundedSemaphore, Condition)}


class _Lock:
    """A lock or semaphore of `threading` whose waiting lets the other call move."""

    gate: Gate
    make: Callable[..., Any]

    def __init__(self, *given: Any, **named: Any) -> None:
        self._real = self.make(*given, **named)

    def acquire(self, blocking: bool = True, timeout: float | None = -1) -> bool:
        if not blocking:
            return bool(self._real.acquire(blocking=False))
        limit = {} if timeout is None or timeout < 0 else {"timeout": timeout}
        return bool(_waited(self.gate, lambda: self._real.acquire(blocking=False), lambda: self._real.acquire(**limit)))

    def release(self, *given: Any, **named: Any) -> None:
        self._real.release(*given, **named)

    def locked(self) -> bool:
        return bool(self._real.locked())

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _of_tasks(gate: Gate) -> dict[str, type]:
    import asyncio

    class Parking:
        async def acquire(self: Any) -> Any:
            if self.locked():
                gate.park()
            return await super().acquire()  # type: ignore[misc]

    return {each.__name__: type(each.__name__, (Parking, each), {}) for each in (asyncio.Lock, asyncio.Semaphore)}


def _flock(gate: Gate) -> Callable[[Any, int], None]:
    def flock(file: Any, operation: int) -> None:
        def attempt() -> bool:
            try:
                fcntl.flock(file, operation | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if operation & (fcntl.LOCK_NB | fcntl.LOCK_UN):
            fcntl.flock(file, operation)
        else:
            _waited(gate, attempt, lambda: fcntl.flock(file, operation))

    return flock
