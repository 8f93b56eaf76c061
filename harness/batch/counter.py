"""Where one tier's batches are handed in and fetched."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter as Counted
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from ..errors import Fault, ProviderError, TierfloorError
from ..providers import Batches, BatchState
from ..run import Terms
from ..values import Request, Response, Tier
from .tickets import Drawer, Ticket

__all__ = ["Counter", "Desk", "Fetched"]

TRIES: Final = 6
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 60.0
GROWTH: Final = 1.5
# Answers stored at a time, in one transaction.
CHUNK: Final = 200
# How often these are met before they are believed; other faults that pass are waited out for ever, the rest not at all.
# A provider may not know a batch for minutes after it took it (anthropics/anthropic-sdk-python#1432).
PATIENCE: Final = {"unreadable reply": 5, "no such model": 10}
# The same without `wait`.
HURRY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What handing in takes besides the terms of a run.

    `cache` is the folder of the answer cache, `stored` looks into it. `worst` is the most that a request can cost in a
    batch, in `unit`. Without `wait`, what is not ready stays under way. A batch that may have been handed in just before
    is looked for `settle` seconds after.
    """

    cache: Path
    unit: str
    stored: Callable[[Collection[str]], Mapping[str, Response]]
    worst: Callable[[Tier, Request], Decimal]
    say: Callable[[str], None]
    wait: bool = True
    settle: float = 120.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tag: Callable[[], str] = lambda: uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of a batch whose ticket is gone. `lost`: there were results, and they are no more.

    `elsewhere`: another process fetched it, and its answers are stored. `never`: the provider never had it.
    """

    responses: Mapping[str, Response] = field(default_factory=dict)
    failures: Mapping[str, ProviderError] = field(default_factory=dict)
    lost: bool = False
    elsewhere: bool = False
    never: bool = False


class NotOursError(Exception):
    """A batch that was looked up holds somebody else's requests."""


class Counter:
    """One tier's way to its provider's batches."""

    __slots__ = ("_desk", "_drawer", "_said", "_terms", "batches", "tier")

    def __init__(self, tier: Tier, batches: Batches, drawer: Drawer, terms: Terms, desk: Desk) -> None:
        self.tier = tier
        self.batches = batches
        self._drawer = drawer
        self._terms = terms
        self._desk = desk
        self._said: dict[str, str] = {}

    async def send(self, ticket: Ticket, requests: Sequence[Request]) -> Ticket:
        """Have the provider take a new batch. Only for the holder of the lock.

        Raises ProviderError. The ticket is gone then if the provider surely has no such batch; otherwise it stays, and
        the next run looks for the batch.
        """
        pause, sure = FIRST_PAUSE, True
        for attempt in range(1, TRIES + 1):
            try:
                if not sure and (known := await self._find(ticket)):
                    return self._taken(ticket, known, found=True)
                ticket = replace(ticket, tried=self._desk.now().isoformat())
                self._drawer.put(ticket)
                try:
                    batch = await self.batches.submit(requests, ticket.tag)
                except Exception as error:
                    sure = _refused(self._fault(error))
                    raise
                return self._taken(ticket, batch, found=False)
            except Exception as error:  # noqa: BLE001 - an adapter may raise anything
                fault = self._fault(error)
            if fault.kind != "transient" or attempt == TRIES or not self._desk.wait:
                break
            pause = await self._sit_out(ticket, fault, pause)
        if sure:
            self._drawer.remove(ticket)
        raise fault

    async def follow(self, ticket: Ticket) -> Fetched | None:
        """Wait for a batch and fetch it; None if it is not ready and nobody waits. Raises ProviderError, ticket kept."""
        pause = FIRST_PAUSE
        faults: Counted[Fault] = Counted()
        while True:
            found: Fetched | Ticket | None
            try:
                found = await self._look(ticket)
                faults.clear()
            except Exception as error:  # noqa: BLE001 - an adapter may raise anything
                fault = self._fault(error)
                faults[fault.fault] += 1
                if self._is_gone(ticket, fault):
                    found = await self._give_up(ticket, fault)
                elif self._hopeless(fault, faults[fault.fault]):
                    raise fault from None
                elif not self._desk.wait and faults.total() == HURRY:
                    self._desk.say(f"{self.tier.name}: {fault}; the batch stays under way")
                    return None
                else:
                    pause = await self._sit_out(ticket, fault, pause)
                    continue
            if isinstance(found, Ticket):
                ticket = found
            elif found is not None or not self._desk.wait:
                return found
            else:
                await self._desk.sleep(pause)
                pause = min(pause * GROWTH, LONGEST_PAUSE)

    async def _look(self, ticket: Ticket) -> Fetched | Ticket | None:
        """Fetch the batch if it has ended; another ticket, where something about the batch has changed."""
        if ticket.batch is None:
            if self._too_early(ticket) > 0 and not self._desk.wait:
                self._desk.say(f"{self.tier.name}: a batch may be handed in already; a run in two minutes looks for it")
                return None
            return await self._seek(ticket)
        async with self._limit():
            state = await self.batches.state(ticket.batch)
        if state.ended:
            return await self._fetch(ticket, state)
        line = f"{self.tier.name}: batch {state.done}/{len(ticket.keys)} done, handed in {ticket.when}"
        self._say(ticket, line)
        return None

    async def _fetch(self, ticket: Ticket, state: BatchState) -> Fetched | Ticket:
        """Store the answers and close the ticket."""
        async with self._drawer.locked(self._desk.say, self._desk.sleep):
            if changed := self._changed(ticket):
                return changed
            if state.failed:
                fault = ProviderError(self.tier.name, f"{state.failed}; nothing of it was asked", fault="bad request")
                fetched = Fetched(failures=dict.fromkeys(ticket.keys, fault))
            else:
                requests = self._drawer.requests(ticket)
                try:
                    fetched = await self._read(ticket, {request.key: request for request in requests})
                except NotOursError:
                    not_ours = (*ticket.not_ours, ticket.batch or "")
                    anew = replace(ticket, batch=None, found=False, not_ours=not_ours)
                    self._drawer.put(anew)
                    return anew
            self._drawer.remove(ticket)
        return fetched

    async def _seek(self, ticket: Ticket) -> Fetched | Ticket:
        """Find out whether the provider ever took the batch."""
        async with self._drawer.locked(self._desk.say, self._desk.sleep):
            if changed := self._changed(ticket):
                return changed
            if known := await self._find(ticket):
                return self._taken(ticket, known, found=True)
            self._drawer.remove(ticket)
        return Fetched(never=True)

    async def _read(self, ticket: Ticket, requests: Mapping[str, Request]) -> Fetched:
        responses: dict[str, Response] = {}
        failures: dict[str, ProviderError] = {}
        arrived: dict[str, tuple[Request, Response]] = {}

        def store() -> None:
            if arrived:
                kept = self._terms.keep(list(arrived.values()))
                responses.update(zip(arrived, kept, strict=True))
                arrived.clear()

        try:
            async with aclosing(self.batches.results(ticket.batch or "")) as results:
                async for key, result in results:
                    if key not in requests and ticket.found:
                        raise NotOursError
                    if key not in requests or key in responses or key in failures or key in arrived:
                        continue
                    if isinstance(result, ProviderError):
                        failures[key] = result
                        continue
                    arrived[key] = requests[key], result
                    if len(arrived) == CHUNK:
                        store()
        finally:
            store()
        silent = ProviderError(self.tier.name, "the batch brought no result; run again to ask anew", fault="expired")
        failures |= dict.fromkeys(requests.keys() - responses.keys() - failures.keys(), silent)
        return Fetched(responses=responses, failures=failures)

    async def _give_up(self, ticket: Ticket, fault: ProviderError) -> Fetched | Ticket:
        async with self._drawer.locked(self._desk.say, self._desk.sleep):
            if changed := self._changed(ticket):
                return changed
            self._drawer.remove(ticket)
        told = f"{fault.problem}; what the batch of {ticket.when} cost is lost, run again to ask anew"
        gone = ProviderError(fault.place, told, fault="expired")
        return Fetched(failures=dict.fromkeys(ticket.keys, gone), lost=True)

    def _changed(self, ticket: Ticket) -> Fetched | Ticket | None:
        """What another process made of the ticket meanwhile."""
        current = self._drawer.get(ticket.tag)
        if current is None:
            return Fetched(elsewhere=True)
        return current if current.batch != ticket.batch else None

    async def _find(self, ticket: Ticket) -> str | None:
        """The provider's id of a batch that may have been handed in, after the time a provider needs to list it."""
        count = len(ticket.keys)
        self._desk.say(f"{self.tier.name}: looking for a batch of {count} requests that may be handed in already")
        if (early := self._too_early(ticket)) > 0:
            await self._desk.sleep(early)
        taken = {other.batch for other in self._drawer.all() if other.batch} | set(ticket.not_ours)
        async with self._limit():
            return await self.batches.find(ticket.tag, count, ticket.since, taken)

    def _too_early(self, ticket: Ticket) -> float:
        """Seconds until a provider surely lists a batch that was handed in when this one was tried."""
        age = (self._desk.now() - datetime.fromisoformat(ticket.tried)).total_seconds()
        return self._desk.settle - max(age, 0.0)

    def _taken(self, ticket: Ticket, batch: str, *, found: bool) -> Ticket:
        ticket = replace(ticket, batch=batch, found=found)
        self._drawer.put(ticket)
        verb = "found" if found else "handed in"
        self._desk.say(f"{self.tier.name}: {verb} a batch of {len(ticket.keys)} requests ({batch})")
        return ticket

    def _is_gone(self, ticket: Ticket, fault: ProviderError) -> bool:
        """Whether the results are no more. A batch unknown before its time may belong to another key's account."""
        age: timedelta = self._desk.now() - datetime.fromisoformat(ticket.tried)
        return fault.fault == "expired" or (fault.fault == "no such model" and age > self.batches.kept)

    @staticmethod
    def _hopeless(fault: ProviderError, times: int) -> bool:
        if fault.fault in PATIENCE:
            return times >= PATIENCE[fault.fault]
        return fault.kind != "transient"

    async def _sit_out(self, ticket: Ticket, fault: ProviderError, pause: float) -> float:
        """Say what is wrong, wait, and return the next pause."""
        line = f"{self.tier.name}: {fault.place}: {fault.problem.removesuffix('; try again later')}; trying on"
        self._say(ticket, line)
        await self._desk.sleep(max(pause, min(fault.retry_after or 0.0, self._terms.patience.max_wait)))
        return min(pause * GROWTH, LONGEST_PAUSE)

    def _say(self, ticket: Ticket, line: str) -> None:
        """Say it unless it was the last thing said of this batch."""
        if self._said.get(ticket.tag) != line:
            self._desk.say(line)
        self._said[ticket.tag] = line

    def _limit(self) -> asyncio.Timeout:
        return asyncio.timeout(self._terms.patience.timeout)

    def _fault(self, error: Exception) -> ProviderError:
        """An error of the provider's; what is ours (a full disk, a damaged file) goes on up."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, TierfloorError):
            raise error
        if isinstance(error, TimeoutError):
            return ProviderError(self.tier.name, "no reply in time", fault="timeout")
        return ProviderError(self.tier.name, f"{type(error).__name__}: {error}", fault="unreadable reply")


def _refused(fault: ProviderError) -> bool:
    """Whether a provider that answered so has surely not taken the batch."""
    return fault.kind != "transient" or fault.fault == "rate limit"
