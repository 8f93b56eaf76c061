"""Suites and a ladder become a plan: every request that a run needs answered, and what it may cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .. import prompts, suites, weights
from ..values import Ask, Ladder, Plan, Request, Sample, Suite, Tier
from .estimates import Estimate, estimate, total

__all__ = ["Estimate", "estimate", "missing", "plan", "total"]


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
