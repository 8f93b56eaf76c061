"""Betting e-processes: evidence that may be looked at after every unit.

A claim E[x] > 0 is tested by betting on each unit before it is seen: the wealth, which starts at 1, multiplies by
1 + bet * x. If the claim is false the wealth ever reaches 1/alpha with chance alpha at most, whatever the bets and
whenever one stops (Ville 1939), provided that a bet uses only the past.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..values import Rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CAP", "Game", "bar_game", "fastest", "gap_game", "horizon_at", "log_wealth", "next_bet", "second_moment"]

CAP = 0.8
"""Largest share of the wealth that one unit can lose: below 1, so that no single loss ends the game."""

Square = TypeVar("Square", float, "NDArray[np.float64]")

_PRIOR_MOMENT = 0.05
_PRIOR_UNITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """The claim E[x] > 0 over units x between `low` (negative) and `high`, in the order of the bets.

    `hope` gives values of x with their chances for a tier as good as its owner hopes: planning uses it, bets do not.
    """

    units: Sequence[float]
    low: float
    high: float
    hope: Mapping[float, float]

    def mirrored(self) -> Game:
        """The opposite claim, E[x] < 0, on the same units."""
        hope = {-x: chance for x, chance in self.hope.items()}
        return Game(units=[-x for x in self.units], low=-self.high, high=-self.low, hope=hope)


def gap_game(gaps: Sequence[float], rule: Rule, shares: Sequence[float] = ()) -> Game:
    """The claim that the gap is above -margin; gaps lie in -1..1. The hope is no gap, one unit in 20 discordant.

    `shares` (0..1, none: all 1) are the units' weights as shares of the heaviest that there can be; the claim is then
    about the weighted mean.
    """
    margin = float(rule.margin)
    hope = {margin - 1: 0.025, margin: 0.95, margin + 1: 0.025}
    game = Game(units=[gap + margin for gap in gaps], low=margin - 1, high=margin + 1, hope=hope)
    return _weighted(game, shares) if shares else game


def bar_game(scores: Sequence[float], rule: Rule, shares: Sequence[float] = ()) -> Game:
    """The claim that the quality is above the bar; scores lie in 0..1. The hope is halfway from the bar to 1.

    `shares` are as in `gap_game`.
    """
    bar = float(rule.bar)
    hope = {-bar: (1 - bar) / 2, 1 - bar: (1 + bar) / 2}
    game = Game(units=[score - bar for score in scores], low=-bar, high=1 - bar, hope=hope)
    return _weighted(game, shares) if shares else game


def log_wealth(game: Game, rule: Rule) -> list[float]:
    """Log-wealth after each unit; the claim is shown once it reaches ln 1/alpha, and from there it stays."""
    goal = -math.log(rule.alpha)
    wealth = total = squares = 0.0
    path: list[float] = []
    for t, x in enumerate(game.units):
        if wealth >= goal:
            path.extend([wealth] * (len(game.units) - t))
            break
        bet = next_bet(goal - wealth, total, squares, t, horizon=rule.horizon, low=game.low)
        wealth += math.log1p(bet * x)
        total += x
        squares += x * x
        path.append(wealth)
    return path


def next_bet(missing: float, total: float, squares: float, n: int, *, horizon: int, low: float) -> float:
    """The bet that would just win the `missing` log-wealth by the horizon, from the sums of `n` units and their squares.

    Bets sized by what is missing and what is left are STaR's principle (Voracek and Orabona 2025, arXiv 2505.22422).
    Beyond the planned horizon no bet is larger than the one under which wealth has grown fastest so far.
    """
    bet = min(math.sqrt(2 * missing / ((horizon_at(n, horizon) - n) * second_moment(squares, n))), CAP / -low)
    return bet if n < horizon else min(bet, fastest(total, squares))


def horizon_at(n: int, horizon: int) -> int:
    """The horizon that the unit after `n` others is bet for: the planned one, then twice, four times that and so on.

    The same wealth goes on, and so does its validity, because the later horizons are known before any unit is.
    """
    return horizon << (n // horizon).bit_length()


def fastest(total: Square, squares: Square) -> Square:
    """The bet under which wealth has grown fastest, up to third moments: sum over sum of squares (Kelly), at least 0.

    Without it a run that missed its horizon, and lost wealth in the attempt, would bet ever more to make that good and
    lose all: of tiers that pass .9 like their reference it leaves 0 instead of 17 % undecided after 16 horizons of 200,
    for 2 or 3 points at the second.
    """
    return (total + abs(total)) / 2 / (squares + _PRIOR_MOMENT * _PRIOR_UNITS)


def second_moment(squares: Square, n: Square | int) -> Square:
    """Expected square of the next unit, from the sum of `squares` of the `n` units seen and a prior.

    Works on numbers and on arrays.
    """
    return (squares + _PRIOR_MOMENT * _PRIOR_UNITS) / (n + _PRIOR_UNITS)


def _weighted(game: Game, shares: Sequence[float]) -> Game:
    mean = math.fsum(shares) / len(shares)
    return Game(
        units=[share * x for share, x in zip(shares, game.units, strict=True)],
        low=game.low,
        high=game.high,
        hope={mean * x: chance for x, chance in game.hope.items()},
    )
