"""Which tiers a recording holds and in which order they stand: declared where it can be, else by measured cost."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from ..errors import BadInput
from ..values import Ladder, Tier
from . import Terms
from .columns import Columns
from .reading import Recording

__all__ = ["ladder_of"]

T = TypeVar("T")


def ladder_of(rows: Columns, recording: Recording, terms: Terms) -> tuple[Ladder, dict[str, str], str]:
    """The tiers in order, the file's names with ours, and why they are in that order."""
    tiers, ranks = _tiers(rows, recording)
    if terms.ladder is not None:
        order = [each for tier in terms.ladder.tiers for each in _matching(tier, tiers)]
        if not _matching(terms.ladder.reference, tiers):
            problem = f"no row is of the reference {terms.ladder.reference.name!r} of the ladder {terms.ladder.name!r}"
            raise BadInput(recording.place, f"{problem}; the file has {', '.join(sorted(tiers))}")
        why = f"in the order of the ladder {terms.ladder.name!r}"
    elif set(ranks) == set(tiers):
        order, why = _by_rank(ranks, tiers, recording), "by tier_rank"
    elif len(tiers) == 1:
        order, why = list(tiers), "the only one"
    else:
        order, why = _by_cost(rows, tiers, recording), "by mean cost, as measured"
    chosen = tuple(tiers[name] for name in order)
    base = terms.ladder or Ladder(name="", title="", unit="", tiers=())
    said = f"tiers, {why}: {' < '.join(tier.name for tier in chosen)}; the reference is {chosen[-1].name}"
    title = f"Recorded outcomes of {terms.name}"
    ladder = replace(base, name=terms.name, title=title, unit="USD", tiers=chosen)
    return ladder, {name: tier.name for name, tier in tiers.items()}, said


def _tiers(rows: Columns, recording: Recording) -> tuple[dict[str, Tier], dict[str, float]]:
    """The file's tiers by their names there, and their ranks; each must be one model of one provider."""
    providers = _said(rows.tier, rows.provider)
    models = _said(rows.tier, rows.model)
    ranks = _said(rows.tier, rows.rank)
    found: dict[str, Tier] = {}
    for name in dict.fromkeys(rows.tier):
        for what, values in (("provider", providers[name]), ("model", models[name])):
            if len(values) > 1:
                problem = f"tier {name!r} is of several {what}s ({', '.join(sorted(values))})"
                ways = f"take one with --where {what}=NAME, or make each model a tier with --column tier=model"
                raise BadInput(recording.place, f"{problem}; {ways}")
        if len(ranks[name]) > 1:
            raise BadInput(recording.place, f"tier {name!r} has several values of tier_rank; give each tier one")
        found[name] = Tier(
            name=_tier_name(name, found, recording),
            provider=next(iter(providers[name]), "unknown"),
            model=next(iter(models[name]), name),
        )
    return found, {name: next(iter(ranks[name])) for name in found if ranks[name]}


def _said(tiers: Sequence[str], values: Sequence[T | None]) -> dict[str, set[T]]:
    """What the rows of each tier say, where they say something."""
    found: dict[str, set[T]] = defaultdict(set)
    for tier, value in dict.fromkeys(zip(tiers, values, strict=True)):
        if value is not None:
            found[tier].add(value)
    return found


def _tier_name(name: str, taken: dict[str, Tier], recording: Recording) -> str:
    ours = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-._+") or "tier"
    if any(tier.name == ours for tier in taken.values()):
        raise BadInput(recording.place, f"two tiers would both be called {ours!r}; rename one of them")
    return ours


def _matching(tier: Tier, found: dict[str, Tier]) -> list[str]:
    """The file's name of a ladder's tier: by its name, else by its model."""
    by_name = [name for name, each in found.items() if tier.name in {name, each.name}]
    return (by_name or [name for name, each in found.items() if tier.model in {name, each.model}])[:1]


def _by_rank(ranks: dict[str, float], tiers: dict[str, Tier], recording: Recording) -> list[str]:
    order = sorted(ranks, key=lambda name: (ranks[name], name))
    for name, other in pairwise(order):
        if ranks[name] == ranks[other]:
            problem = f"{name!r} and {other!r} share tier_rank {ranks[name]:g}"
            providers = sorted({tier.provider for tier in tiers.values()})
            one = f"take one provider with --where provider={providers[0]}, or " if len(providers) > 1 else ""
            raise BadInput(recording.place, f"{problem}; {one}give the order with --ladder")
    return order


def _by_cost(rows: Columns, tiers: dict[str, Tier], recording: Recording) -> list[str]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    counts: Counter[str] = Counter()
    for tier, cost in zip(rows.tier, rows.cost, strict=True):
        if cost is not None:
            sums[tier] += cost
            counts[tier] += 1
    means = {tier: sums[tier] / counts[tier] for tier in counts}
    unknown = sorted(set(tiers) - set(means))
    if unknown or len(set(means.values())) < len(tiers):
        what = f"{unknown[0]!r} has neither tier_rank nor cost_usd" if unknown else "mean costs are equal"
        raise BadInput(recording.place, f"the order of the tiers is unknown: {what}; give it with --ladder")
    return sorted(means, key=lambda tier: means[tier])
