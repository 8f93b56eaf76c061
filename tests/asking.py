"""What tests of asking share: a store, money and reports; providers that answer, fail, or are busy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from loopback import SumServer
from worlds import price, request, response, tier

from harness import run
from harness.errors import Fault, ProviderError
from harness.pace import COOLDOWN, Pace
from harness.providers import Connection
from harness.values import Failure, Request, Response, Tier

Todo = tuple[tuple[Tier, Request], ...]
Complete = Callable[[Request], Awaitable[Response]]
Results = dict[str, Response | Failure]


def sums(count: int, of: Tier) -> Todo:
    """As many requests to one tier."""
    return tuple((of, request(prompt=f"{number} + 1 = ?", model=of.model)) for number in range(count))


def two_tiers() -> Todo:
    """Forty requests each to `cheap` and to `dear`, three at once."""
    return sums(40, tier("cheap")) + sums(40, tier("dear"))


@dataclass(kw_only=True)
class World:
    """The store, the money and the reports of a run."""

    kept: dict[str, Response] = field(default_factory=dict)
    commits: list[int] = field(default_factory=list)
    spending: run.Spending = field(default_factory=lambda: run.Spending(None))
    reports: list[run.Progress] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def keep(self, pairs: Sequence[tuple[Request, Response]]) -> list[Response]:
        self.commits.append(len(pairs))
        return [self.kept.setdefault(request.key, reply) for request, reply in pairs]

    def terms(self, connect: Callable[[Tier], Any], **more: Any) -> run.Terms:
        given: dict[str, Any] = {
            "connect": connect,
            "keep": self.keep,
            "worst": lambda tier, request: Decimal(2),
            "cost": lambda tier, reply: Decimal(1),
            "report": self.reports.append,
            "log": self.log.append,
            "dice": random.Random(7),
            **more,
        }
        return run.Terms(**given)

    def ask(self, todo: Todo, connect: Callable[[Tier], Any], **more: Any) -> Coroutine[Any, Any, Results]:
        return run.ask(todo, self.terms(connect, **more), self.spending)

    def last(self, name: str) -> run.Progress:
        return [each for each in self.reports if each.tier == name][-1]


def served(complete: Complete, **more: Any) -> Callable[[Tier], Any]:
    """A provider whose every connection answers with this function."""

    @asynccontextmanager
    async def connect(tier: Tier) -> AsyncIterator[Connection]:
        yield Connection(complete=complete, **more)

    return connect


def failing(fault: Fault, problem: str = "no", **more: Any) -> Callable[[Request], str]:
    def reply(request: Request) -> str:
        raise ProviderError("fake", problem, fault=fault, **more)

    return reply


async def timed(work: Awaitable[Results]) -> tuple[Results, float]:
    started = asyncio.get_running_loop().time()
    return await work, asyncio.get_running_loop().time() - started


def failures(results: Results) -> list[Failure]:
    return [result for result in results.values() if isinstance(result, Failure)]


class Busy:
    """A simulated provider that refuses beyond `most` at once or `rate` a second.

    Replies take `seconds`, more or less by the share `spread`.
    """

    def __init__(
        self, *, seconds: float, most: int | None = None, rate: float | None = None, spread: float = 0.4
    ) -> None:
        self.seconds = seconds
        self.spread = spread
        self.most = most
        self.rate = rate
        self.dice = random.Random(11)
        self.now = self.refused = 0
        self.bucket = (0.0, rate or 0.0)

    async def complete(self, request: Request) -> Response:
        if self._full():
            self.refused += 1
            raise ProviderError("busy", "429: slow down", fault="rate limit")
        self.now += 1
        await asyncio.sleep(self.seconds * self.dice.uniform(1 - self.spread, 1 + self.spread))
        self.now -= 1
        return response("1")

    def _full(self) -> bool:
        if self.most is not None:
            return self.now >= self.most
        assert self.rate is not None
        moment, held = self.bucket
        now = asyncio.get_running_loop().time()
        held = min(2 * self.rate, held + (now - moment) * self.rate)
        self.bucket = (now, held - (held >= 1))
        return held < 1


class Paces:
    """Makes paces, and remembers them."""

    def __init__(self, cooldown: float = COOLDOWN) -> None:
        self.cooldown = cooldown
        self.made: list[Pace] = []

    def __call__(self, fixed: int | None, *, longest: float) -> Pace:
        self.made.append(Pace(fixed, longest=longest, cooldown=self.cooldown))
        return self.made[-1]


def at(server: SumServer) -> Tier:
    """A tier that the real adapter asks over a real socket."""
    return Tier(name="loop", provider="openai-compatible", model="m", base_url=server.url, price=price("1"))


def sums_at(count: int, server: SumServer) -> Todo:
    given = {"provider": "openai-compatible", "model": "m", "endpoint": server.url}
    return tuple((at(server), request(prompt=f"{number} + 1 = ?", **given)) for number in range(count))
