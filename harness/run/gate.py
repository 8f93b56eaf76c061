"""A pace that requests can wait at."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from ..pace import Pace
from ..providers import Allowance

__all__ = ["Gate"]


class Gate:
    """Lets requests through as the pace of their model allows: those tried before first, each kind in its order.

    A request keeps its `turn` through all its tries, so that one that was begun comes to an end.
    """

    def __init__(self, place: str, pace: Pace, log: Callable[[str], None]) -> None:
        self.place = place
        self.pace = pace
        self._log = log
        self._turns = itertools.count()
        self._again: list[tuple[int, asyncio.Future[bool]]] = []
        self._new: list[tuple[int, asyncio.Future[bool]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def turn(self) -> int:
        return next(self._turns)

    def enter(self, turn: int, *, again: bool) -> asyncio.Future[bool]:
        """Wait until one more may be sent, which then counts as under way."""
        entered: asyncio.Future[bool] = self._loop.create_future()
        heapq.heappush(self._again if again else self._new, (turn, entered))
        self._open()
        return entered

    def answered(self, tokens: int) -> None:
        limit = self.pace.limit
        self.pace.answered(self._loop.time(), tokens)
        self._changed(limit, "answers")

    def refused(self, hint: float | None) -> None:
        limit = self.pace.limit
        self.pace.refused(self._loop.time(), hint)
        self._changed(limit, "refused")

    def ended(self) -> None:
        self.pace.ended()
        self._open()

    def told(self, allowance: Allowance) -> None:
        self.pace.told(self._loop.time(), requests=allowance.requests, tokens=allowance.tokens, reset=allowance.reset)
        self._open()

    def _changed(self, before: int, why: str) -> None:
        if self.pace.limit != before:
            self._log(f"{self.place}: {self.pace.limit} requests at once from now on, was {before} ({why})")
        self._open()

    def _open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._loop.time()
        waits = [self._let_in(self._again, now, again=True), self._let_in(self._new, now, again=False)]
        soonest = min((wait for wait in waits if wait is not None), default=None)
        if soonest is not None:
            self._timer = self._loop.call_later(soonest, self._open)

    def _let_in(self, waiting: list[tuple[int, asyncio.Future[bool]]], now: float, *, again: bool) -> float | None:
        """Let in as many as may enter now; returns when the next may, None if nobody waits or one has to end first."""
        while waiting:
            _, entered = waiting[0]
            if not entered.done():
                wait = self.pace.wait(now, again=again)
                if wait != 0:
                    return wait
                self.pace.start(now)
                entered.set_result(True)
            heapq.heappop(waiting)
        return None
