"""The modules that a candidate finds in place of `threading`, `queue` and `time`."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from .primitives import (
    Barrier,
    BoundedSemaphore,
    BrokenBarrierError,
    Condition,
    Event,
    Lock,
    RLock,
    Semaphore,
    Thread,
    bound,
    local,
)
from .queues import Empty, Full, LifoQueue, PriorityQueue, Queue, SimpleQueue
from .scheduler import Scheduler

__all__ = ["stand_ins"]


def stand_ins(world: Scheduler) -> dict[str, ModuleType]:
    """Fresh modules named `threading`, `queue` and `time` whose contents wait on `world`."""
    threading = (Lock, RLock, Condition, Semaphore, BoundedSemaphore, Event, Barrier, Thread, local)
    queues = (Queue, LifoQueue, PriorityQueue, SimpleQueue)

    def clock() -> float:
        return world.now

    def nanoseconds() -> int:
        return int(world.now * 1e9)

    def sleep(seconds: float) -> None:
        world.wait(lambda: False, seconds)

    def get_ident() -> int:
        return world.current.index + 1

    def current_thread() -> Thread:
        thread: Thread = classes["Thread"](name=f"Thread-{world.current.index}", daemon=world.current.daemon)
        thread.adopt(world.current)
        return thread

    classes: dict[str, Any] = {kind.__name__: bound(kind, world) for kind in threading}
    functions = {"get_ident": get_ident, "current_thread": current_thread, "TIMEOUT_MAX": 4294967.0}
    clocks = dict.fromkeys(("time", "monotonic", "perf_counter", "process_time", "thread_time"), clock)
    whole = dict.fromkeys(("time_ns", "monotonic_ns", "perf_counter_ns"), nanoseconds)
    return {
        "threading": _module("threading", {**classes, **functions, "BrokenBarrierError": BrokenBarrierError}),
        "queue": _module("queue", {**{k.__name__: bound(k, world) for k in queues}, "Empty": Empty, "Full": Full}),
        "time": _module("time", {**clocks, **whole, "sleep": sleep}),
    }


def _module(name: str, contents: Mapping[str, Any]) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module
