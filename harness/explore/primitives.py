"""Stand-ins for what `threading` holds that wait on a scheduler.

Waiting is exact: a thread that nobody can ever wake is a deadlock at once. `notify` wakes in the order of waiting, as
CPython does, and no wake-up is spurious. There is no Timer.
"""

# ruff: noqa: D101, SLF001  each class is what Python documents under its name; a condition works inside its lock

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .scheduler import Scheduler, Task

__all__ = [
    "Barrier",
    "BoundedSemaphore",
    "BrokenBarrierError",
    "Condition",
    "Event",
    "Lock",
    "RLock",
    "Scheduled",
    "Semaphore",
    "Thread",
    "bound",
    "local",
]


def bound(kind: type[Any], world: Scheduler) -> Any:
    """The class `kind` on a scheduler."""
    return type(kind.__name__, (kind,), {"_world": world})


class Scheduled:
    """Base of all classes here; `bound` gives each its scheduler."""

    _world: Scheduler


class Lock(Scheduled):
    def __init__(self) -> None:
        self._owner: Task | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        limit = None if timeout < 0 else timeout
        taken = self._world.wait(self._free, limit) if blocking else self._free()
        if taken:
            self._owner = self._world.current
        return taken

    def release(self) -> None:
        if self._world.ended is None:
            if self._owner is None:
                raise RuntimeError("release unlocked lock")
            self._owner = None

    def locked(self) -> bool:
        return self._owner is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _free(self) -> bool:
        return self._owner is None

    def _held(self) -> bool:
        """Whether a condition may be used with it; like CPython's, any holder will do."""
        return self._owner is not None

    def _put_down(self) -> int:
        """Let go whatever the depth of holding, which is returned."""
        self._owner = None
        return 1

    def _pick_up(self, depth: int) -> None:  # noqa: ARG002  a plain lock is held once or not at all
        self._owner = self._world.current


class RLock(Lock):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        taken = self._owner is self._world.current or super().acquire(blocking, timeout)
        if taken:
            self._depth += 1
        return taken

    def release(self) -> None:
        if self._world.ended is None:
            if self._owner is not self._world.current:
                raise RuntimeError("cannot release un-acquired lock")
            self._depth -= 1
            if not self._depth:
                self._owner = None

    def _held(self) -> bool:
        return self._owner is self._world.current

    def _put_down(self) -> int:
        depth, self._depth, self._owner = self._depth, 0, None
        return depth

    def _pick_up(self, depth: int) -> None:
        self._owner, self._depth = self._world.current, depth


class Condition(Scheduled):
    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock if lock is not None else bound(RLock, self._world)()
        self._waiting: list[_Ticket] = []
        self.acquire = self._lock.acquire
        self.release = self._lock.release

    def __enter__(self) -> bool:
        return self._lock.__enter__()

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()

    def wait(self, timeout: float | None = None) -> bool:
        self._check("wait on")
        ticket, lock = _Ticket(), self._lock
        self._waiting.append(ticket)
        depth = lock._put_down()
        if not self._world.wait(lambda: ticket.called and lock._free(), timeout):
            if not ticket.called:
                self._waiting.remove(ticket)
            self._world.wait(lock._free)
        lock._pick_up(depth)
        return ticket.called

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        end = None if timeout is None else self._world.now + timeout
        result = predicate()
        while not result:
            left = None if end is None else end - self._world.now
            if left is not None and left <= 0:
                break
            self.wait(left)
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        self._check("notify on")
        for ticket in self._waiting[:n]:
            ticket.called = True
        del self._waiting[:n]

    def notify_all(self) -> None:
        self.notify(len(self._waiting))

    def _check(self, what: str) -> None:
        if self._world.ended is None and not self._lock._held():
            raise RuntimeError(f"cannot {what} un-acquired lock")


class _Ticket:
    __slots__ = ("called",)

    def __init__(self) -> None:
        self.called = False


class Semaphore(Scheduled):
    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._value = self._most = value

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        taken = self._world.wait(self._any, timeout) if blocking else self._any()
        if taken:
            self._value -= 1
        return taken

    def release(self, n: int = 1) -> None:
        if n < 1:
            raise ValueError("n must be one or more")
        self._value += n

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _any(self) -> bool:
        return self._value > 0


class BoundedSemaphore(Semaphore):
    def release(self, n: int = 1) -> None:
        if self._world.ended is None and self._value + n > self._most:
            raise ValueError("Semaphore released too many times")
        super().release(n)


class Event(Scheduled):
    def __init__(self) -> None:
        self._set = False
        self._waiting: list[_Ticket] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for ticket in self._waiting:
            ticket.called = True
        self._waiting.clear()

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        if self._set:
            return True
        ticket = _Ticket()
        self._waiting.append(ticket)
        return self._world.wait(lambda: ticket.called, timeout)


class BrokenBarrierError(RuntimeError):
    pass


class Barrier(Scheduled):
    def __init__(self, parties: int, action: Callable[[], Any] | None = None, timeout: float | None = None) -> None:
        self.parties = parties
        self.n_waiting = 0
        self.broken = False
        self._action = action
        self._timeout = timeout
        self._round = 0

    def wait(self, timeout: float | None = None) -> int:
        place, turn = self.n_waiting, self._round
        self.n_waiting += 1
        if self.n_waiting == self.parties:
            if self._action is not None:
                self._action()
            self._round, self.n_waiting = turn + 1, 0
        elif not self._world.wait(
            lambda: self.broken or self._round != turn, self._timeout if timeout is None else timeout
        ):
            self.broken = True
        if self.broken:
            raise BrokenBarrierError
        return place

    def abort(self) -> None:
        self.broken = True


class Thread(Scheduled):
    def __init__(
        self,
        group: None = None,  # noqa: ARG002  Python's signature
        target: Callable[..., Any] | None = None,
        name: str | None = None,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> None:
        self.name = name or "Thread"
        self.daemon = self._world.current.daemon if daemon is None else daemon
        self._call = (target, tuple(args), dict(kwargs or {}))
        self._task: Task | None = None

    def run(self) -> None:
        target, arguments, named = self._call
        if target is not None:
            target(*arguments, **named)

    def start(self) -> None:
        if self._task is not None:
            raise RuntimeError("threads can only be started once")
        self._task = self._world.spawn(self.run, daemon=self.daemon)

    def join(self, timeout: float | None = None) -> None:
        task = self._task
        if task is None:
            raise RuntimeError("cannot join thread before it is started")
        self._world.wait(lambda: task.done, timeout)

    def adopt(self, task: Task) -> None:
        """Stand for a task that runs already."""
        self._task = task

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.done

    @property
    def ident(self) -> int | None:
        return None if self._task is None else self._task.index + 1


class local(Scheduled):  # noqa: N801  Python's name
    def __getattr__(self, name: str) -> Any:
        try:
            return self._own()[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._own()[name] = value

    def __delattr__(self, name: str) -> None:
        del self._own()[name]

    def _own(self) -> dict[str, Any]:
        spaces: dict[Any, dict[str, Any]] = self.__dict__
        return spaces.setdefault(self._world.current.index, {})
