"""Suites and a ladder become a plan: every request that a run needs answered, and what it may cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from . import prices, prompts, suites, weights
from .values import Ask, Ladder, Plan, Request, Sample, Suite, Tier

__all__ = ["Estimate", "estimate", "missing", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one suite at one tier takes. `worst` cannot be exceeded, `expected` is a guess; both in the ladder's unit."""

    suite: str
    tier: str
    requests: int
    stored: int
    to_ask: int
    expected: Decimal
    worst: Decimal


def plan(ladder: Ladder, chosen: Iterable[Suite], *, epochs: int | None = None, only: Collection[str] = ()) -> Plan:
    """Every sample of every suite at every tier, in the suites' fixed order.

    `epochs` overrides the suites' own; `only` names the tiers to ask, while the ladder keeps its reference.
    """
    chosen = tuple(chosen)
    pinned = {tier.name: tier.weights and weights.identity(tier.weights) for tier in ladder.tiers}
    asks = tuple(
        Ask(
            suite=suite.id,
            sample=sample,
            tier=tier,
            epoch=epoch,
            requests=_requests(suite, sample, tier, epoch, pinned[tier.name]),
        )
        for suite in chosen
        for tier in ladder.tiers
        if not only or tier.name in only
        for sample in suites.ordered(suite)
        for epoch in range(epochs or suite.epochs)
    )
    return Plan(ladder=ladder, suites=chosen, asks=asks)


def missing(plan: Plan, stored: Collection[str]) -> tuple[tuple[Tier, Request], ...]:
    """The requests without a stored answer, each once, in the plan's order."""
    found: dict[str, tuple[Tier, Request]] = {}
    for ask in plan.asks:
        for request in ask.requests:
            if request.key not in stored:
                found.setdefault(request.key, (ask.tier, request))
    return tuple(found.values())


def estimate(plan: Plan, stored: Collection[str], on: date) -> tuple[Estimate, ...]:
    """Requests and costs of what is still to ask, per suite and tier, at the prices of a day."""
    unit = plan.ladder.unit
    rows = []
    for suite in plan.suites:
        for tier in plan.ladder.tiers:
            mine = {r.key: r for ask in plan.asks if (ask.suite, ask.tier) == (suite.id, tier) for r in ask.requests}
            if not mine:
                continue
            asked = [request for key, request in mine.items() if key not in stored]
            rows.append(
                Estimate(
                    suite=suite.id,
                    tier=tier.name,
                    requests=len(mine),
                    stored=len(mine) - len(asked),
                    to_ask=len(asked),
                    expected=sum((prices.expected(each, tier, unit, on) for each in asked), Decimal(0)),
                    worst=sum((prices.worst_case(each, tier, unit, on) for each in asked), Decimal(0)),
                )
            )
    return tuple(rows)


def _requests(suite: Suite, sample: Sample, tier: Tier, epoch: int, pinned: str | None) -> tuple[Request, ...]:
    """One request, or `vote` of them that differ in their seed (and, for providers without seeds, in their epoch)."""
    prompt = prompts.fill(suite.user, sample)
    return tuple(
        Request(
            provider=tier.provider,
            model=tier.model,
            endpoint=tier.base_url or "",
            system=suite.system,
            prompt=prompt,
            max_output_tokens=suite.max_output_tokens,
            temperature=None if tier.temperature is None else format(tier.temperature, "f"),
            seed=None if tier.seed is None else tier.seed + number,
            effort=tier.effort,
            schema=suite.schema if tier.schema else None,
            weights=pinned,
            engine=tier.engine,
            epoch=number,
        )
        for number in range(epoch * tier.vote, (epoch + 1) * tier.vote)
    )
