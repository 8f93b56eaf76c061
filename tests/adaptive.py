"""Adaptive runs for tests: through the real rounds, against a provider that answers by luck."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from asking import World
from worlds import FakeProvider, ladder, response, right, simulate, tier

from harness import asking, job, plan, suites
from harness.providers import Connection
from harness.rounds import Question
from harness.values import Failure, Floor, Ladder, Outcome, Plan, Registered, Request, Response, Suite, Tier

LADDER = ladder(tier("cheap", "1"), tier("mid", "3"), tier("dear", "5"))


def luck(request: Request) -> float:
    """How easy a sample is, from 0 to 1: the same for every tier."""
    return int(hashlib.sha256(request.prompt.encode()).hexdigest()[:8], 16) / 16**8


def passing(**shares: float) -> Callable[[Request], str]:
    """Tiers that pass these shares of the samples; what a weaker one passes, a stronger one does too."""

    def reply(request: Request) -> str:
        return right(request) if luck(request) < shares[request.model] else "0"

    return reply


class Shuffled(FakeProvider):
    """The harder a sample, the longer its answer takes."""

    @asynccontextmanager
    async def connect(self, tier: Tier) -> AsyncIterator[Connection]:
        async def complete(request: Request) -> Response:
            self.asked.append(request)
            await asyncio.sleep(100 * luck(request))
            return response(self.reply(request), model=tier.model)

        yield Connection(complete=complete)


@dataclass(kw_only=True)
class Adaptive:
    """Runs against a provider; answers outlive a run, rounds are kept as they were asked.

    With `lazy` what is fixed beforehand is registered, and with it that the reference may be left unasked.
    """

    provider: FakeProvider
    ladder: Ladder = LADDER
    lazy: bool = False
    registered: Mapping[str, Registered] = field(default_factory=dict)
    stored: dict[str, tuple[Request, Response]] = field(default_factory=dict)
    rounds: list[tuple[Question, ...]] = field(default_factory=list)
    world: World = field(default_factory=World)

    def run(self, *chosen: Suite, rounds_at_most: int | None = None, **terms: Any) -> job.Measured:
        made = self.plan(*chosen)
        begun = asking.Asked(answers=dict(self.stored), failures={})
        first = len(self.rounds)

        def ask_some(open_: Sequence[Question], have: asking.Asked) -> asking.Asked:
            if rounds_at_most is not None and len(self.rounds) - first >= rounds_at_most:
                return asking.Asked(answers={}, failures={})
            self.rounds.append(tuple(open_))
            part = replace(made, asks=tuple(ask for question in open_ for ask in question.asks))
            return self.ask(part, have, **terms)

        def look(have: asking.Asked, known: Iterable[Outcome]) -> job.Measured:
            return job.measure(made, have.answers, have.failures, known=known)

        return asking.ask_in_rounds(made, begun, look(begun, ()), lost=(), ask_some=ask_some, look=look)

    def plan(self, *chosen: Suite) -> Plan:
        made = replace(plan.plan(self.ladder, chosen), registered=self.registered)
        if self.lazy:
            made = job.register(made, self.stored, lazy=True)
            self.registered = made.registered
        return made

    def ask(self, part: Plan, have: asking.Asked, **terms: Any) -> asking.Asked:
        todo = plan.missing(part, have.answers.keys())
        results = simulate(self.world.ask(todo, self.provider.connect, **terms))
        requests = {request.key: request for _, request in todo}
        answers = {k: (requests[k], each) for k, each in results.items() if isinstance(each, Response)}
        failures = {k: each for k, each in results.items() if isinstance(each, Failure)}
        self.stored |= answers
        stopped = frozenset(report.tier for report in self.world.reports if report.stopped)
        return asking.Asked(answers=answers, failures=failures, stopped=stopped)

    def asked(self, name: str) -> list[str]:
        return [request.prompt for request in self.provider.asked if request.model == name]


def run_all(chosen: Suite, reply: Callable[[Request], str], of: Ladder = LADDER) -> job.Measured:
    """The measurement of every sample at every tier."""
    run = Adaptive(provider=FakeProvider(reply), ladder=of)
    made = plan.plan(of, [chosen])
    asked = run.ask(made, asking.Asked(answers={}, failures={}))
    return job.measure(made, asked.answers)


def floor(measured: job.Measured, category: str = "sums") -> Floor:
    return next(each for each in measured.floors if (each.category, each.level) == (category, None))


def prompts(chosen: Suite, count: int) -> set[str]:
    return {sample.input for sample in suites.ordered(chosen)[:count]}
