"""Threads that run one at a time, in an order that is chosen, written down and repeatable."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from .opcodes import Points
from .probes import watch

__all__ = ["Diverged", "Kind", "Run", "Scheduler", "Stop", "Task"]

Kind = Literal["done", "deadlock", "livelock"]


class Stop(BaseException):
    """Unwinds the threads of a run that is over."""


class Diverged(Exception):
    """The same choices led to a different program: it depends on something that is not scheduled."""


class Run(NamedTuple):
    """One schedule. `trail` repeats it; `value` is what the body returned, `stuck` the tasks a deadlock left over.

    `widths` are the numbers of options at the places of `trail`, `steps` the watched instructions that ran.
    """

    kind: Kind
    value: Any
    stuck: tuple[int, ...]
    trail: tuple[int, ...]
    widths: tuple[int, ...]
    steps: int


class Task:
    """One thread. It may go on when `ready` is None or says so, or when its `deadline` passes."""

    __slots__ = ("daemon", "deadline", "done", "expired", "finished", "gate", "index", "ready")

    def __init__(self, index: int, *, daemon: bool) -> None:
        self.index = index
        self.daemon = daemon
        self.done = False
        self.ready: Callable[[], bool] | None = None
        self.deadline: float | None = None
        self.expired = False
        self.gate = _thread.allocate_lock()
        self.gate.acquire()
        self.finished = _thread.allocate_lock()
        self.finished.acquire()

    def can_run(self) -> bool:
        return not self.done and (self.ready is None or self.ready())


class Scheduler:
    """Runs a body and the threads it spawns, switching between them at most `bound` times where none has to wait.

    A switch is free where the running thread waits, ends or pauses. Time is virtual: it moves to the nearest deadline
    when everybody waits. That a deadline passes earlier costs one of the `bound` switches, so sleeping orders nothing.
    """

    def __init__(self, points: Points | None, *, bound: int, limit: int) -> None:
        self._probe = watch(points, self._visit)
        self._bound = bound
        self._limit = limit
        self._begin((), ())

    def _begin(self, trail: tuple[int, ...], widths: tuple[int, ...]) -> None:
        self._given, self._expected = trail, widths
        self._trail: list[int] = []
        self._widths: list[int] = []
        self._left = self._bound
        self._steps = 0
        self._diverged = False
        self.now = 0.0
        self.ended: Kind | None = None
        self.stuck: tuple[int, ...] = ()
        self.tasks = [Task(0, daemon=False)]
        self.current = self.tasks[0]

    def run(self, body: Callable[[], Any], trail: tuple[int, ...] = (), widths: tuple[int, ...] = ()) -> Run:
        """Run `body` as the first task, making the choices in `trail` and then the first option each time.

        Raises Diverged where `widths`, seen when `trail` was written, don't come again, and what `body` raises.
        """
        self._begin(trail, widths)
        value = None
        self._probe.start()
        try:
            value = body()
        except Stop:
            pass
        finally:
            kind = self.ended or "done"
            self.ended = kind
            self._unwind()
            self._probe.stop()
        if self._diverged:
            raise Diverged("the same choices led to other options")
        return Run(kind, value, self.stuck, tuple(self._trail), tuple(self._widths), self._steps)

    def spawn(self, function: Callable[[], Any], *, daemon: bool = False) -> Task:
        """A new task that will call `function`; nothing is switched here."""
        task = Task(len(self.tasks), daemon=daemon)
        self.tasks.append(task)
        _thread.start_new_thread(self._live, (task, function))
        return task

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `ready()`, or for `seconds`; says whether it is ready. Others run meanwhile, at no cost."""
        if self.ended is not None:
            raise Stop
        if ready():
            return True
        me = self.current
        me.ready, me.expired = ready, False
        me.deadline = None if seconds is None else self.now + max(seconds, 0.0)
        self._switch(free=False)
        me.ready = me.deadline = None
        return not me.expired

    def pause(self) -> None:
        """Let anybody go on, at no cost: what a slow call does."""
        self._switch(free=True)

    def _live(self, task: Task, function: Callable[[], Any]) -> None:
        task.gate.acquire()
        try:
            if self.ended is None:
                self._probe.join()
                function()
        except BaseException:  # noqa: BLE001, S110  a thread's last exception ends that thread only, as in Python
            pass
        task.done = True
        if self.ended is None:
            heir = self._choose(free=False)
            if heir is None:
                self._close("deadlock")
                heir = self.tasks[0]
            self.current = heir
            heir.gate.release()
        task.finished.release()

    def _visit(self, switchable: bool) -> None:
        """Called by the probe in the running task, before a watched instruction."""
        if self.ended is None:
            self._steps += 1
            if self._steps > self._limit:
                self._end("livelock")
            if switchable and self._left:
                self._switch(free=False)

    def _switch(self, *, free: bool) -> None:
        if self.ended is not None:
            raise Stop
        me = self.current
        heir = self._choose(free=free)
        if heir is None:
            self._end("deadlock")
        elif heir is not me:
            self.current = heir
            heir.gate.release()
            me.gate.acquire()
            if self.ended is not None:
                raise Stop

    def _choose(self, *, free: bool) -> Task | None:
        """Who goes on; None if nobody can. A choice between several is taken from the trail, else the first."""
        options = self._options(free=free)
        if not options:
            return None
        pick = 0
        if len(options) > 1:
            pick = self._pick(len(options))
        task, cost = options[pick]
        self._left -= cost
        if not task.can_run():
            self.now = max(self.now, task.deadline or 0.0)
            task.expired = True
        return task

    def _options(self, *, free: bool) -> list[tuple[Task, int]]:
        """Who could go on, and the price in switches: first the running task, then by age, then the sleepers."""
        me = self.current
        going = me.can_run()
        ready = [task for task in self.tasks if task is not me and task.can_run()]
        sleepers = [task for task in self.tasks if task.deadline is not None and not task.can_run()]
        sleepers.sort(key=lambda task: (task.deadline, task.index))
        price = 1 if going and not free else 0
        options = [(me, 0)] if going else []
        options += [(task, price) for task in ready]
        options += [(task, 1 if options or place else 0) for place, task in enumerate(sleepers)]
        return [(task, cost) for task, cost in options if cost <= self._left]

    def _pick(self, width: int) -> int:
        place = len(self._trail)
        pick = self._given[place] if place < len(self._given) else 0
        if pick >= width or (place < len(self._expected) and self._expected[place] != width):
            self._diverged = True
            pick = 0
        self._trail.append(pick)
        self._widths.append(width)
        return pick

    def _close(self, kind: Kind) -> None:
        self.ended = kind
        self.stuck = tuple(task.index for task in self.tasks[1:] if not task.done)

    def _end(self, kind: Kind) -> None:
        """Stop everything from inside any task: the first task takes over and unwinds the others."""
        self._close(kind)
        me, first = self.current, self.tasks[0]
        if me is not first:
            first.gate.release()
            me.gate.acquire()
        raise Stop

    def _unwind(self) -> None:
        for task in self.tasks[1:]:
            if not task.done:
                task.gate.release()
            task.finished.acquire()
