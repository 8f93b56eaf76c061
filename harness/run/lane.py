"""One tier's requests on their way to answers: the retry loop."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from ..errors import Fault, ProviderError, TierfloorError, maybe_billed
from ..pace import MOST
from ..providers import Allowance, Connection
from ..secrets import hide
from ..values import Attempt, Failure, Request, Response, Tier
from .gate import Gate
from .keeper import Keeper
from .spending import Spending
from .terms import Progress, Terms

__all__ = ["Lane", "Run"]

# The provider wants less of us, whatever is asked.
_SLOWING: Final[frozenset[Fault]] = frozenset({"rate limit", "overloaded"})
# No request is to blame for these: one that was given up speaks for all.
_COMMON: Final[frozenset[Fault]] = _SLOWING | {"no connection"}
# Fewer failed tries in a row, with few retries or none, can be chance.
_SILENCE: Final = 6
# A model on this machine is slow, not silent, and waiting for it costs nothing.
_LOCAL_TIMEOUT: Final = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the lanes of a run share; `results` are by request key."""

    terms: Terms
    spending: Spending
    keeper: Keeper
    results: dict[str, Response | Failure]


class Lane:
    """The requests of one tier over one connection. `stop` ends it early, with what is under way."""

    def __init__(self, tier: Tier, requests: Iterable[Request], gate: Gate, run: Run) -> None:
        self.tier = tier
        self.is_open = False
        self._run = run
        self._gate = gate
        self._waiting = deque(requests)
        self._total = len(self._waiting)
        self._done = self._failed = self._under_way = 0
        self._stopped = ""
        self._patience = run.terms.patience
        if tier.weights is not None:
            longest = max(self._patience.timeout, _LOCAL_TIMEOUT)
            self._patience = replace(self._patience, timeout=longest, deadline=max(self._patience.deadline, longest))
        # More than connections: those whose answer is on its way into the store need none.
        self._workers = (gate.pace.fixed or MOST) * 3 // 2
        self._loop = asyncio.get_running_loop()
        self._pauses: set[asyncio.Future[bool]] = set()
        self._heeded: Allowance | None = None
        # Since the last answer: its time, tries that failed, requests given up.
        self._heard = -math.inf
        self._silent = self._lost = 0

    async def ask(self, connection: Connection) -> None:
        """Ask everything; results are in `Run.results`."""
        self.is_open = True
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._workers, self._total)):
                group.create_task(self._work(connection))
        self.end()

    def stop(self, why: str) -> None:
        """Send nothing more; what is under way may still come in."""
        if self._stopped:
            return
        self._stopped = why
        for pause in self._pauses:
            if not pause.done():
                pause.set_result(False)
        if self.is_open:
            self._run.terms.report(self.progress())

    def end(self) -> None:
        """Report for the last time."""
        if self.is_open:
            self.is_open = False
            self._run.terms.report(self.progress())

    def progress(self) -> Progress:
        waiting, why = self._gate.pace.paused(self._loop.time())
        return Progress(
            tier=self.tier.name,
            done=self._done,
            total=self._total,
            failed=self._failed,
            connections=self._under_way,
            spent=self._run.spending.spent,
            uncertain=self._run.spending.uncertain,
            waiting=waiting,
            why=why,
            stopped=self._stopped,
            ended=not self.is_open,
        )

    async def _work(self, connection: Connection) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            result = Failure(why=self._stopped) if self._stopped else await self._one(request, connection)
            if result is None:
                self._waiting.clear()
                return
            self._run.results[request.key] = result
            if isinstance(result, Failure):
                self._done += 1
                self._failed += 1

    async def _one(self, request: Request, connection: Connection) -> Response | Failure | None:
        """One request until it is answered, hopeless or unaffordable (None)."""
        worst = self._run.terms.worst(self.tier, request)
        turn = self._gate.turn()
        tries: list[Attempt] = []
        begun = math.inf
        while await self._admitted(turn, worst, again=bool(tries)):
            started = self._loop.time()
            begun = min(begun, started)
            left = begun + self._patience.deadline - started
            if left <= 0:
                self._run.spending.settle(worst, Decimal(0))
                self._gate.ended()
                return self._given_up(tries, begun)
            outcome = await self._try(request, connection, worst, tries, min(self._patience.timeout, left))
            if isinstance(outcome, Response):
                return outcome
            took = self._loop.time() - started
            tries.append(Attempt(fault=outcome.fault, why=str(outcome), took_ms=round(took * 1000)))
            self._run.terms.log(f"{outcome} ({outcome.fault}, try {len(tries)}, {took:.1f} s)")
            wait = self._next(outcome, tries, begun)
            await self._leave(outcome, wait)
            if wait is None:
                return self._given_up(tries, begun)
        return Failure(why=self._stopped, failed=tuple(tries)) if self._stopped else None

    async def _admitted(self, turn: int, worst: Decimal, *, again: bool) -> bool:
        """Wait for a connection, then for the money; False if there is none or the lane has stopped."""
        if self._stopped or not await self._until(self._gate.enter(turn, again=again)):
            return False
        if not self._stopped and await self._until(self._run.spending.claim(worst)):
            return True
        self._gate.ended()
        return False

    async def _try(
        self, request: Request, connection: Connection, worst: Decimal, tries: Sequence[Attempt], seconds: float
    ) -> Response | ProviderError:
        """One try, settled and, if it brought an answer, stored; the connection is free as soon as that is there."""
        # Whatever ends it, a cancellation too: nobody knows whether a provider bills it. This machine bills nothing.
        paid = None if self.tier.weights is None else Decimal(0)
        self._under_way += 1
        try:
            async with asyncio.timeout(seconds):
                response = await connection.complete(request)
            if tries:
                response = replace(response, failed=tuple(tries))
            # Into the keeper's hands before anything can go wrong with its price.
            kept = self._run.keeper.put(request, response)
            kept.add_done_callback(self._stored)
            paid = self._run.terms.cost(self.tier, response)
        except ProviderError as error:
            if not maybe_billed(error.fault):
                paid = Decimal(0)
            return error
        except TimeoutError:
            problem = f"no answer within {round(seconds, 2):g} s; raise --timeout if the model needs longer"
            return ProviderError(self.tier.name, problem, fault="timeout")
        except TierfloorError:
            raise
        except Exception as error:  # noqa: BLE001 - an adapter may raise anything
            return ProviderError(self.tier.name, hide(f"{type(error).__name__}: {error}"), fault="bad request")
        finally:
            self._under_way -= 1
            self._run.spending.settle(worst, paid)
            self._heed(connection)
        self._heard, self._silent, self._lost = self._loop.time(), 0, 0
        self._gate.answered(response.usage.input + response.usage.output)
        # It is stored and counted even if this run is cancelled now.
        return await asyncio.shield(kept)

    def _stored(self, kept: asyncio.Future[Response]) -> None:
        self._done += kept.exception() is None

    def _next(self, error: ProviderError, tries: Sequence[Attempt], begun: float) -> float | None:
        """Seconds until the next try, None if it is hopeless. Stops the lane when it is hopeless for all requests."""
        if error.kind == "fatal":
            self.stop(str(error))
        if error.kind != "transient":
            return None
        self._silent += 1
        wait = self._patience.wait(len(tries), error.retry_after, self._run.terms.dice)
        now = self._loop.time()
        if len(tries) <= self._patience.retries and now + wait < begun + self._patience.deadline:
            return wait
        self._lost += 1
        speaks_for_all = self._lost > 1 or error.fault in _COMMON
        if self._heard <= begun and self._silent >= _SILENCE and speaks_for_all:
            self.stop(f"{self.tier.name}: no answer in {self._silent} tries, the last: {error}")
        return None

    async def _leave(self, error: ProviderError, wait: float | None) -> None:
        """Wait for the next try, if any, and free the connection: at once where the provider wants less of us."""
        slowing = error.fault in _SLOWING
        if slowing:
            self._gate.refused(error.retry_after)
        # A hint holds the gate itself, where this request is the first in the queue.
        if wait and not self._stopped and not (slowing and error.retry_after is not None):
            pause: asyncio.Future[bool] = self._loop.create_future()
            timer = self._loop.call_later(wait, _end, pause)
            try:
                await self._until(pause)
            finally:
                timer.cancel()
        if not slowing:
            self._gate.ended()

    async def _until(self, pause: asyncio.Future[bool]) -> bool:
        """Wait for something that `stop` ends early; False then."""
        if pause.done():
            return pause.result()
        self._pauses.add(pause)
        try:
            return await pause
        finally:
            self._pauses.discard(pause)

    def _heed(self, connection: Connection) -> None:
        told = connection.allowance()
        if told is not None and told is not self._heeded:
            self._heeded = told
            self._gate.told(told)

    def _given_up(self, tries: Sequence[Attempt], begun: float) -> Failure:
        why = tries[-1].why
        if len(tries) > 1:
            why = f"{why} ({len(tries)} tries in {self._loop.time() - begun:.0f} s)"
        return Failure(why=why, failed=tuple(tries))


def _end(pause: asyncio.Future[bool]) -> None:
    if not pause.done():
        pause.set_result(True)
