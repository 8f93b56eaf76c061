"""Signs that a floor rests on something else than the tiers' ability. An alarm changes no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..values import Rule
from .exact import binomial_p

__all__ = ["Alarm", "Seen", "alarms"]

MANY_UNPARSABLE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one tier: mean quality and cost, share of unparsable answers, and its units beside the reference.

    `wins` are the units on which it scores more than the reference, `losses` those on which it scores less.
    """

    tier: str
    quality: float | None
    cost: float | None
    unparsable: float
    wins: int = 0
    losses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something to look at before a floor is trusted."""

    kind: Literal["reference", "cost order", "unparsable", "too easy", "too hard"]
    tier: str
    text: str


def alarms(ladder: Sequence[Seen], rule: Rule) -> tuple[Alarm, ...]:
    """Alarms about one kind of work, from its tiers in ladder order (the reference last).

    The reference is worse than a cheaper tier (exact sign test, alpha by the number of tiers); a tier costs more than
    the next one; over 5 % of a tier's answers cannot be read; all tiers are within the margin of perfect, so that none
    could fail; none reaches half the bar, so that the suite or its checker may be at fault.
    """
    *cheaper, reference = ladder
    found = []
    for seen in cheaper:
        p = binomial_p(seen.wins, seen.wins + seen.losses, 0.5) if seen.wins + seen.losses else 1.0
        if p <= float(rule.alpha) / len(cheaper):
            text = f"{reference.tier} is worse than {seen.tier}: {seen.losses} units won, {seen.wins} lost (p {p:.2g})"
            found.append(Alarm(kind="reference", tier=reference.tier, text=text))
    for seen, dearer in pairwise(ladder):
        if seen.cost is not None and dearer.cost is not None and seen.cost > dearer.cost:
            text = f"{seen.tier} costs more than {dearer.tier}, which the ladder calls dearer"
            found.append(Alarm(kind="cost order", tier=seen.tier, text=text))
    for seen in ladder:
        if seen.unparsable > MANY_UNPARSABLE:
            text = f"{seen.unparsable:.0%} of the answers of {seen.tier} cannot be read, look at its prompt and schema"
            found.append(Alarm(kind="unparsable", tier=seen.tier, text=text))
    return (*found, *_spread(ladder, rule))


def _spread(ladder: Sequence[Seen], rule: Rule) -> list[Alarm]:
    qualities = [seen.quality for seen in ladder if seen.quality is not None]
    if len(qualities) < len(ladder):
        return []
    if min(qualities) >= float(1 - rule.margin):
        text = "every tier is within the margin of perfect: too easy to tell tiers apart"
        return [Alarm(kind="too easy", tier=ladder[0].tier, text=text)]
    if max(qualities) < float(rule.bar / 2):
        text = "no tier reaches half the bar: too hard, or the prompt or the checker is at fault"
        return [Alarm(kind="too hard", tier=ladder[-1].tier, text=text)]
    return []
