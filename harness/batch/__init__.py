"""Requests handed in as batches: half the price, answers within a day or so, in this run or in a later one.

A batch goes through three states, each on disk before the next begins: a ticket is written, the provider takes the
batch, the answers are stored and the ticket removed. A run that dies in between is taken up by the next one: a ticket
without the provider's id is looked for there before it is sent again, and fetching twice costs nothing. While its ticket
exists a request is asked by nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from .. import run
from ..errors import BadInput, ProviderError
from ..values import Attempt, Failure, Request, Response, Tier
from .counter import Counter, Desk, Fetched
from .tickets import Drawer, Ticket

__all__ = ["Desk", "Ticket", "ask", "notice", "under_way"]

Todo = Sequence[tuple[Tier, Request]]
Results = dict[str, Response | Failure]


def under_way(cache: Path) -> dict[str, Ticket]:
    """The ticket of every request, by its key, that the cache folder's open batches hold. It must not be asked."""
    return {key: ticket for ticket in Drawer(cache).all() for key in ticket.keys}


def notice(tickets: Collection[Ticket]) -> str:
    """A sentence about answers that are under way, one ticket each."""
    batches = {ticket.tag: ticket for ticket in tickets}
    first = min(batches.values(), key=lambda ticket: ticket.tried)
    one, several = f"a batch handed in on {first.when}", f"{len(batches)} batches, the first handed in on {first.when}"
    return f"{len(tickets)} answers are under way in {one if len(batches) == 1 else several}"


async def ask(todo: Todo, terms: run.Terms, spending: run.Spending, desk: Desk) -> Results:
    """Hand in what can be handed in, ask the rest live, then wait for the batches and store their answers.

    Takes up what earlier runs have handed in. Returns what `run.ask` returns; requests that are still under way when
    nobody waits are neither answers nor failures. Cancelling loses nothing: the batches go on at their providers.
    """
    async with AsyncExitStack() as stack:
        session = _Session(terms, spending, desk, stack)
        live = await session.open(todo)
        async with session.alone():
            session.take_up()
            await session.hand_in()
        if live:
            await session.ask_live(live)
        try:
            await session.fetch()
        except asyncio.CancelledError:
            desk.say("batches go on at their providers; the same command fetches them")
            raise
    return session.results


class _Session:
    """One run's dealings with batches."""

    def __init__(self, terms: run.Terms, spending: run.Spending, desk: Desk, stack: AsyncExitStack) -> None:
        self.results: Results = {}
        self._spending = spending
        self._terms = terms
        self._desk = desk
        self._stack = stack
        self._drawer = Drawer(desk.cache)
        self._counters: dict[Tier, Counter | None] = {}
        self._todo: dict[str, tuple[Tier, Request]] = {}
        self._open: list[tuple[Tier, Ticket]] = []
        self._others: list[Ticket] = []
        self._claimed: set[str] = set()

    def alone(self) -> AbstractAsyncContextManager[None]:
        return self._drawer.locked(self._desk.say, self._desk.sleep)

    async def open(self, todo: Todo) -> list[tuple[Tier, Request]]:
        """Connect to every provider before anything is handed in; returns what has to be asked live."""
        live = []
        for tier, request in todo:
            if await self._counter(tier) is None:
                live.append((tier, request))
            else:
                self._todo[request.key] = tier, request
        return live

    def take_up(self) -> None:
        """Count what earlier runs have handed in, or may have, against the budget."""
        self._drawer.sweep()
        for ticket in self._drawer.all():
            mine = next((key for key in ticket.keys if key in self._todo), None)
            if mine is None:
                self._others.append(ticket)
                continue
            tier, _ = self._todo[mine]
            if ticket.unit != self._desk.unit:
                worst = (self._desk.worst(tier, request) for request in self._drawer.requests(ticket))
                ticket = replace(ticket, unit=self._desk.unit, worst=sum(worst, Decimal(0)))  # noqa: PLW2901
            self._spending.reserved += ticket.worst
            self._claimed.update(ticket.keys)
            self._open.append((tier, ticket))

    async def hand_in(self) -> None:
        """Hand in what is not under way, as far as the budget reaches."""
        wanted = self._todo.keys() - self._claimed
        self._claimed |= wanted
        # Another process may have fetched them since the plan was made.
        stored = self._desk.stored(wanted)
        self.results |= stored
        lanes: dict[Tier, list[Request]] = {}
        for key, (tier, request) in self._todo.items():
            if key in wanted and key not in stored:
                lanes.setdefault(tier, []).append(request)
        for tier, requests in lanes.items():
            handled = 0
            for part, worst in self._parts(tier, requests):
                handled += len(part)
                fault = await self._send(tier, part, worst)
                if fault is not None and fault.kind == "fatal":
                    self._fail([request.key for request in requests[handled:]], fault)
                    break

    async def ask_live(self, live: Todo) -> None:
        names = ", ".join(dict.fromkeys(tier.name for tier, _ in live))
        self._desk.say(f"{names}: no batches there, asking {len(live)} requests one by one")
        mine, budget = self._spending, None
        if mine.budget is not None:
            budget = max(mine.budget - mine.spent - mine.uncertain - mine.reserved, Decimal(0))
        # Money of its own: asking live waits for reservations to end, which those of batches may not do for days.
        apart = run.Spending(budget)
        try:
            self.results |= await run.ask(live, self._terms, apart)
        finally:
            mine.spent += apart.spent
            mine.uncertain += apart.uncertain
            mine.unanswered += apart.unanswered
            mine.refused |= apart.refused

    async def fetch(self) -> None:
        """Wait for the batches, each by itself, and look once whether those of other selections are ready."""
        opened, self._open = self._open, []
        async with asyncio.TaskGroup() as group:
            for tier, ticket in opened:
                group.create_task(self._follow(tier, ticket))
            for ticket in self._others:
                group.create_task(self._visit(ticket))

    async def _counter(self, tier: Tier) -> Counter | None:
        if tier not in self._counters:
            self._counters[tier] = None if tier.weights is not None else await self._connected(tier, self._desk)
        return self._counters[tier]

    def _at(self, tier: Tier) -> Counter:
        counter = self._counters[tier]
        assert counter is not None  # only such tiers' requests are in `_todo`
        return counter

    async def _connected(self, tier: Tier, desk: Desk) -> Counter | None:
        async with AsyncExitStack() as passing:
            connection = await passing.enter_async_context(self._terms.connect(tier))
            if connection.batches is None:
                return None
            self._stack.push_async_exit(passing.pop_all())
            return Counter(tier, connection.batches, self._drawer, self._terms, desk)

    def _parts(self, tier: Tier, requests: Sequence[Request]) -> Iterator[tuple[list[Request], Decimal]]:
        """What fits into one batch and into the budget, with the most it can cost; it is reserved."""
        part: list[Request] = []
        worst, size, batches = Decimal(0), 0, self._at(tier).batches
        for request in requests:
            amount, more = self._desk.worst(tier, request), batches.size(request)
            if part and (len(part) == batches.most or size + more > batches.most_bytes):
                yield part, worst
                part, worst, size = [], Decimal(0), 0
            if not self._spending.reserve(amount):
                break
            part.append(request)
            worst, size = worst + amount, size + more
        if part:
            yield part, worst

    async def _send(self, tier: Tier, part: Sequence[Request], worst: Decimal) -> ProviderError | None:
        now, keys = self._desk.now().isoformat(), tuple(request.key for request in part)
        ticket = Ticket(
            tag=self._desk.tag(), tier=tier, keys=keys, unit=self._desk.unit, worst=worst, intended=now, tried=now
        )
        self._drawer.add(ticket, part)
        try:
            self._open.append((tier, await self._at(tier).send(ticket, part)))
        except ProviderError as fault:
            if self._drawer.get(ticket.tag) is None:
                self._spending.settle(worst, Decimal(0))
                self._fail(keys, fault)
            else:
                told = f"{fault.problem}; the batch may have been taken, the next run looks for it"
                self._fail(keys, ProviderError(fault.place, told, fault=fault.fault))
            return fault
        return None

    async def _follow(self, tier: Tier, ticket: Ticket) -> None:
        try:
            fetched = await self._at(tier).follow(ticket)
        except ProviderError as fault:
            where = self._drawer.folder / f"{ticket.tag}.json"
            told = f"{fault.problem}; the batch of {ticket.when} is kept: run again, or delete {where} to give it up"
            self._fail(ticket.keys, ProviderError(fault.place, told, fault=fault.fault))
            return
        if fetched is None:
            return
        paid = sum((self._terms.cost(tier, each) for each in fetched.responses.values()), Decimal(0))
        self._spending.settle(ticket.worst, None if fetched.lost else paid)
        if fetched.elsewhere:
            self.results |= self._desk.stored([key for key in ticket.keys if key in self._todo])
            return
        if fetched.never:
            # New money, for which this run's budget may not do.
            async with self.alone():
                self._claimed -= set(ticket.keys)
                await self.hand_in()
                opened, self._open = self._open, []
            await asyncio.gather(*(self._follow(*each) for each in opened))
            return
        self.results |= {key: response for key, response in fetched.responses.items() if key in self._todo}
        for key, reason in fetched.failures.items():
            self._fail([key], reason)
        self._tell(tier, fetched, f", {paid:.4g} {self._desk.unit}")

    async def _visit(self, ticket: Ticket) -> None:
        """Another selection's batch: fetched if it is ready, so that what is paid is kept, but not waited for.

        It is not this run's money, and no fault of it is this run's.
        """
        try:
            counter = await self._connected(ticket.tier, replace(self._desk, wait=False))
            fetched = None if counter is None else await counter.follow(ticket)
        except (BadInput, ProviderError) as error:
            self._desk.say(f"{ticket.tier.name}: another selection's batch cannot be fetched: {error}")
            return
        if fetched is not None and not (fetched.elsewhere or fetched.never):
            self._tell(ticket.tier, fetched, " of another selection")

    def _tell(self, tier: Tier, fetched: Fetched, more: str) -> None:
        failed = f", {len(fetched.failures)} failed" if fetched.failures else ""
        self._desk.say(f"{tier.name}: batch fetched, {len(fetched.responses)} answers{failed}{more}")

    def _fail(self, keys: Collection[str], fault: ProviderError) -> None:
        attempt = Attempt(fault=fault.fault, why=str(fault), took_ms=0)
        for key in keys:
            if key in self._todo:
                self.results[key] = Failure(why=str(fault), failed=(attempt,))
