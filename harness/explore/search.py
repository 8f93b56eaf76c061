"""All schedules of a body over a program, up to a number of switches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from .program import Program
from .scheduler import Run, Scheduler
from .stand_ins import stand_ins

__all__ = ["Body", "Search"]

Body = Callable[[ModuleType, Scheduler], Any]


class Search:
    """Iterating gives one Run per schedule, depth first.

    `body` gets the freshly loaded module and the scheduler, spawns what it likes and returns what is worth knowing.
    Once the iteration has ended by itself, `exhausted` says that there is no other schedule with at most `bound`
    switches of a thread that could have gone on: a proof for this body and this bound, and for nothing beyond.
    Unwatched, threads switch only where they wait, pause or end, and endless loops are not noticed.
    """

    def __init__(
        self,
        program: Program,
        body: Body,
        *,
        bound: int = 1,
        cap: int = 20_000,
        limit: int = 5_000,
        watched: bool = True,
    ) -> None:
        self._program = program
        self._body = body
        self._world = Scheduler(program.points if watched else None, bound=bound, limit=limit)
        self._stand_ins = stand_ins(self._world)
        self._cap = cap
        self.schedules = 0
        self.exhausted = False

    def __iter__(self) -> Iterator[Run]:
        trail: tuple[int, ...] | None = ()
        widths: tuple[int, ...] = ()
        while trail is not None and self.schedules < self._cap:
            run = self.replay(trail, widths)
            self.schedules += 1
            yield run
            trail, widths = _next(run)
        self.exhausted = trail is None

    def replay(self, trail: tuple[int, ...], widths: tuple[int, ...] = ()) -> Run:
        """The schedule that `trail` describes."""
        return self._world.run(lambda: self._body(self._program.load(self._stand_ins), self._world), trail, widths)


def _next(run: Run) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    """The choices of the next schedule after `run`, and the numbers of options expected along them."""
    for place in range(len(run.trail) - 1, -1, -1):
        if run.trail[place] + 1 < run.widths[place]:
            return (*run.trail[:place], run.trail[place] + 1), run.widths[: place + 1]
    return None, ()
