"""The reference asked only where the tier fails: the cheap way to show that hardly anything is lost.

Where a tier scores 1 it cannot lose, so a gap of 0 stands for one of 0 or more. That gives wins away, never losses, and
what is shown so is shown. Worth it for a tier that passes nearly always; elsewhere the wins are missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BadInput
from ..values import Rule
from .betting import gap_game, next_bet

__all__ = ["LOOK", "LazyWealth", "is_worth_being_lazy", "lazy_gaps", "lazy_log_wealth"]

LOOK = 30
"""After how many answers of the tier it is decided whether to stay lazy."""

_LEAST_SHARE = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyWealth:
    """Log-wealth after each unit, from the lazy gaps alone and with every win filled in that is known.

    The bets come from the lazy gaps, so filling in can only add: the claim is shown once either reaches ln 1/alpha.
    """

    lazy: tuple[float, ...]
    filled: tuple[float, ...]


def is_worth_being_lazy(scores: Sequence[float]) -> bool:
    """Whether to leave the reference unasked from here on, from the tier's scores so far in fixed order.

    The first 30 units are lazy; then 98 % of them must have passed, else every later unit is asked. That the choice
    rests on earlier units only keeps it valid.
    """
    look = scores[:LOOK]
    return len(look) < LOOK or sum(score >= 1 for score in look) >= _LEAST_SHARE * len(look)


def lazy_gaps(scores: Sequence[float], reference: Sequence[float | None]) -> list[float]:
    """Gaps with 0 wherever the tier passes and the reference was left unasked (None).

    Whether it was asked must not depend on what the unit itself says, but for the tier's pass: a reference asked by a
    rule fixed beforehand, or from earlier units, may stand. Raises BadInput where it is None and the tier did not pass.
    """
    for i, (score, other) in enumerate(zip(scores, reference, strict=True)):
        if other is None and score < 1:
            raise BadInput(f"reference[{i}]", "is unknown where the tier did not pass, ask it there")
    return [0.0 if other is None else score - other for score, other in zip(scores, reference, strict=True)]


def lazy_log_wealth(scores: Sequence[float], reference: Sequence[float | None], rule: Rule) -> LazyWealth:
    """Lazy wealth on units in fixed order; the reference may be None (unasked) where the tier scores 1.

    Filling in later costs no alpha: the filled process bets as the lazy one did, and is at least as rich at every unit.
    """
    goal = -math.log(rule.alpha)
    gaps = lazy_gaps(scores, reference)
    known = gap_game(gaps, rule)
    lazily = gap_game([0.0 if score >= 1 else gap for score, gap in zip(scores, gaps, strict=True)], rule)
    total = squares = lazy = filled = 0.0
    paths: list[tuple[float, float]] = []
    for t, (x, full) in enumerate(zip(lazily.units, known.units, strict=True)):
        bet = next_bet(max(goal - lazy, 0.0), total, squares, t, horizon=rule.horizon, low=lazily.low)
        lazy += math.log1p(bet * x)
        filled += math.log1p(bet * full)
        total += x
        squares += x * x
        paths.append((lazy, filled))
    return LazyWealth(lazy=tuple(path[0] for path in paths), filled=tuple(path[1] for path in paths))
