"""A world for tests of batches: tiers at the loopback server, requests, a clock that sleeps in no time, a program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from batch_bodies import total
from batch_server import BatchServer

from harness import batch, prices, run
from harness.cache import Cache
from harness.providers import Connect, anthropic, google, openai
from harness.values import Failure, Request, Response, Tier

KEY = "sk-test-0123456789abcdef"
CONNECT: dict[str, Connect] = {"anthropic": anthropic.connect, "openai": openai.connect, "google": google.connect}
MODELS = {"anthropic": "claude-haiku-5-5", "openai": "gpt-6-luna", "google": "gemini-3.8-flash"}
PROVIDERS = tuple(CONNECT)
DAY = date(2026, 11, 22)
LADDER = """\
title = "Toy"
unit = "USD"

[[tier]]
name = "small"
provider = "anthropic"
model = "{anthropic}"
base_url = "{first}"
key_env = "SOME_KEY"

[[tier]]
name = "full"
provider = "openai"
model = "{openai}"
base_url = "{second}"
key_env = "SOME_KEY"
"""


def tier_of(provider: str, url: str, **more: Any) -> Tier:
    given: dict[str, Any] = {"name": "small", "provider": provider, "model": MODELS[provider], "base_url": url}
    return Tier(**{"key_env": "SOME_KEY", **given, **more})


def requests_of(
    tier: Tier, count: int, start: int = 0, system: str = "Answer with the number alone."
) -> list[tuple[Tier, Request]]:
    return [
        (
            tier,
            Request(
                provider=tier.provider,
                model=tier.model,
                endpoint=tier.base_url or "",
                system=system,
                prompt=f"{number} + 1 = ?",
                max_output_tokens=1_000,
                temperature=None,
                seed=None,
                effort=None,
                schema=None,
                weights=None,
                engine=None,
                epoch=0,
            ),
        )
        for number in range(start, start + count)
    ]


def todo_of(server: BatchServer, provider: str, count: int = 5, start: int = 0) -> list[tuple[Tier, Request]]:
    return requests_of(tier_of(provider, server.url(provider)), count, start)


def texts(results: Mapping[str, Response | Failure]) -> dict[str, str]:
    return {key: result.text if isinstance(result, Response) else result.why for key, result in results.items()}


def sums(todo: list[tuple[Tier, Request]]) -> dict[str, str]:
    return {request.key: total(request.prompt) for _, request in todo}


def faults(results: Mapping[str, Response | Failure]) -> set[str]:
    """What went wrong, of results that all went wrong."""
    return {result.failed[0].fault for result in results.values() if isinstance(result, Failure)}


class Clock:
    """Sleeping takes no time (`real`: hardly any) and moves the clock; `naps` are the seconds slept."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 10, 11, tzinfo=UTC), *, real: bool = False) -> None:
        self.time = now
        self.real = real
        self.naps: list[float] = []
        self.waking: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += timedelta(seconds=seconds)
        self.waking()
        await asyncio.sleep(0.02 if self.real else 0)


@dataclass(slots=True)
class World:
    """One cache folder and what is done with it. Each `ask` is a run of its own."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    spending: run.Spending = field(default_factory=lambda: run.Spending(None))
    keep: Callable[[Sequence[tuple[Request, Response]]], Sequence[Response]] | None = None

    def ask(
        self,
        todo: Sequence[tuple[Tier, Request]],
        *,
        budget: str | None = None,
        connect: Connect | None = None,
        **desk: Any,
    ) -> Mapping[str, Response | Failure]:
        self.spending = run.Spending(None if budget is None else Decimal(budget))
        with Cache.open(self.folder) as cache:
            terms = self.terms(cache, connect)
            return asyncio.run(batch.ask(todo, terms, self.spending, self.desk(cache, **desk)))

    def terms(self, cache: Cache, connect: Connect | None = None) -> run.Terms:
        return run.Terms(
            connect=connect or (lambda tier: CONNECT[tier.provider](tier)),
            keep=self.keep or cache.add_all,
            release=cache.close,
            worst=lambda tier, request: prices.worst_case(request, tier, "USD", DAY),
            cost=cost,
            report=lambda _: None,
        )

    def desk(self, cache: Cache, **more: Any) -> batch.Desk:
        def stored(keys: Collection[str]) -> Mapping[str, Response]:
            return {key: response for key, (_, response) in cache.get_all(keys).items()}

        sleep: Callable[[float], Awaitable[None]] = self.clock.sleep
        desk = batch.Desk(
            cache=self.folder,
            unit="USD",
            stored=stored,
            worst=lambda tier, request: prices.worst_case(request, tier, "USD", DAY, "batch"),
            say=self.said.append,
            sleep=sleep,
            now=self.clock.now,
        )
        return replace(desk, **more)

    def stored(self) -> dict[str, Response]:
        with Cache.open(self.folder) as cache:
            return {key: response for key, (_, response) in cache.get_all(cache.keys()).items()}

    def tickets(self) -> list[Path]:
        return sorted((self.folder / "batches").glob("*.json*"))


def cost(tier: Tier, response: Response) -> Decimal:
    return prices.cost(response.usage, tier, "USD", DAY, response.processing)


def main() -> None:
    """A run in a process of its own: FOLDER PROVIDER URL COUNT [die], which ends it after the first stored chunk."""
    folder, provider, url, count, *how = sys.argv[1:]
    world = World(Path(folder))
    with Cache.open(Path(folder)) as cache:

        def keep(pairs: Sequence[tuple[Request, Response]]) -> Sequence[Response]:
            kept = cache.add_all(pairs)
            if how == ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            return kept

        terms = replace(world.terms(cache), keep=keep)
        real = {"sleep": asyncio.sleep, "now": lambda: datetime.now(UTC), "say": print, "settle": 0.2}
        todo = requests_of(tier_of(provider, url), int(count))
        desk = world.desk(cache, **real)
        asyncio.run(batch.ask(todo, terms, run.Spending(None), desk))
