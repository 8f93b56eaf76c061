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

__all__ = ["LOOK", "LazyWealth", "bet_lazily", "is_worth_being_lazy", "lazy_gaps", "lazy_log_wealth", "readable"]

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

    Of the first 30 units 98 % must pass; once they cannot any more, every later unit is asked. That the choice rests on
    earlier units only keeps it valid.
    """
    return sum(score < 1 for score in scores[:LOOK]) <= (1 - _LEAST_SHARE) * LOOK


def bet_lazily(scores: Sequence[float | None]) -> int:
    """On how many units, from the first on, the bets must not know the reference where the tier passes.

    On all of them, or up to the one that ended laziness. Units without a score (None) say nothing.
    """
    known: list[float] = []
    for i, score in enumerate(scores):
        if not is_worth_being_lazy(known):
            return i
        if len(known) >= LOOK:
            break
        known += [] if score is None else [score]
    return len(scores)


def readable(scores: Sequence[float], reference: Sequence[float | None], lazily: int) -> int:
    """How many units can be read: all up to the first whose reference is unknown (None) and needed.

    Among the first `lazily` it is needed where the tier did not pass; after them everywhere, and then on the first too,
    since later bets rest on what is known of them.
    """
    pairs = enumerate(zip(scores, reference, strict=True))
    end = next((i for i, (score, other) in pairs if other is None and (i >= lazily or score < 1)), len(scores))
    return min(end, lazily) if None in reference[:lazily] else end


def lazy_gaps(scores: Sequence[float], reference: Sequence[float | None]) -> list[float]:
    """Gaps with 0 wherever the tier passes and the reference was left unasked (None).

    Whether it was asked must not depend on what the unit itself says, but for the tier's pass: a reference asked by a
    rule fixed beforehand, or from earlier units, may stand. Raises BadInput where it is None and the tier did not pass.
    """
    for i, (score, other) in enumerate(zip(scores, reference, strict=True)):
        if other is None and score < 1:
            raise BadInput(f"reference[{i}]", "is unknown where the tier did not pass, ask it there")
    return [0.0 if other is None else score - other for score, other in zip(scores, reference, strict=True)]


def lazy_log_wealth(
    scores: Sequence[float],
    reference: Sequence[float | None],
    rule: Rule,
    shares: Sequence[float] = (),
    lazily: int | None = None,
) -> LazyWealth:
    """Lazy wealth on units in fixed order; the reference may be None (unasked) where the tier scores 1.

    Filling in later costs no alpha: the filled process bets as the lazy one did, and is at least as rich at every unit.
    After the first `lazily` units (None: all) laziness is over, and bets know what has been filled in. `shares` are as in
    `gap_game`.
    """
    goal = -math.log(rule.alpha)
    gaps = lazy_gaps(scores, reference)
    known = gap_game(gaps, rule, shares).units
    least = gap_game([0.0 if score >= 1 else gap for score, gap in zip(scores, gaps, strict=True)], rule, shares)
    until = len(gaps) if lazily is None else lazily
    total = squares = lazy = filled = 0.0
    paths: list[tuple[float, float]] = []
    for t, full in enumerate(known):
        if t == until:
            lazy, total, squares = filled, math.fsum(known[:t]), math.fsum(x * x for x in known[:t])
        x = least.units[t] if t < until else full
        bet = next_bet(max(goal - lazy, 0.0), total, squares, t, horizon=rule.horizon, low=least.low)
        lazy += math.log1p(bet * x)
        filled += math.log1p(bet * full)
        total += x
        squares += x * x
        paths.append((lazy, filled))
    return LazyWealth(lazy=tuple(path[0] for path in paths), filled=tuple(path[1] for path in paths))
