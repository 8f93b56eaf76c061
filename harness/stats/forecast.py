"""What further units would bring: closed forms, for planning only. No verdict's validity rests on them."""

from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist

from ..values import Rule
from .betting import CAP, Game, horizon_at, next_bet, second_moment

__all__ = ["MOST_FURTHER", "further_by_betting", "further_by_counting", "is_futile"]

MOST_FURTHER = 5000
"""No estimate looks further ahead: this many stands for this many or more."""

_POWER = 0.8
_RESERVE = 1.3
"""Luck costs units: the mean growth alone would do in about half of all runs."""

_HOPE_UNITS = 10
"""How many units the hope weighs beside those seen: without it a first loss would forecast ruin."""

FUTILE_POWER = 0.1
FUTILE_FROM = 20
SEQUENTIAL_COST = 1.1


def further_by_betting(game: Game, log_wealth: float, rule: Rule) -> float:
    """Estimated further units until the claim is shown by betting on from this wealth; inf if it never would be.

    Up to the horizon the bets are followed with every unit replaced by its expectation; beyond it, what is missing is
    divided by the growth of log-wealth at the best constant bet.
    """
    goal = -math.log(rule.alpha)
    if log_wealth >= goal:
        return 0.0
    chances = _chances(game)
    growth = _growth(chances, CAP / -game.low)
    if growth <= 0:
        return math.inf
    seen = len(game.units)
    total, squares = math.fsum(game.units), math.fsum(x * x for x in game.units)
    mean = sum(chance * x for x, chance in chances.items())
    square = sum(chance * x * x for x, chance in chances.items())
    for n in range(seen, min(rule.horizon, seen + MOST_FURTHER)):
        bet = next_bet(goal - log_wealth, total, squares, n, horizon=rule.horizon, low=game.low)
        log_wealth += sum(chance * math.log1p(bet * x) for x, chance in chances.items())
        total += mean
        squares += square
        if log_wealth >= goal:
            return _RESERVE * (n + 1 - seen)
    return max(rule.horizon - seen, 0) + _RESERVE * (goal - log_wealth) / growth


def further_by_counting(game: Game, rule: Rule) -> float:
    """Estimated further units until a fixed-sample test of the claim has 80 % power; inf if it never would have.

    The normal approximation (z of 1 - alpha + z of power)^2 variance / mean^2.
    """
    chances = _chances(game)
    mean = sum(chance * x for x, chance in chances.items())
    if mean <= 0:
        return math.inf
    variance = sum(chance * (x - mean) ** 2 for x, chance in chances.items())
    quantile = NormalDist().inv_cdf
    units = ((quantile(1 - float(rule.alpha)) + quantile(_POWER)) / mean) ** 2 * variance
    return max(0.0, units - len(game.units))


def is_futile(game: Game, rule: Rule) -> bool:
    """Whether the claim has under 10 % conditional power at the horizon, even if the units to come fulfil the hope.

    Never before 20 units, nor at a horizon itself; past one it is the next that counts. Going on regardless costs
    units, not validity.
    """
    seen = len(game.units)
    horizon = horizon_at(max(seen - 1, 0), rule.horizon)
    left = horizon - seen
    if seen < FUTILE_FROM or left <= 0:
        return False
    drift = sum(chance * x for x, chance in game.hope.items())
    variance = second_moment(math.fsum(x * x for x in game.units), seen)
    quantile = NormalDist().inv_cdf(1 - float(rule.alpha))
    lead = math.fsum(game.units) + left * drift - SEQUENTIAL_COST * quantile * math.sqrt(horizon * variance)
    return NormalDist().cdf(lead / math.sqrt(left * variance)) < FUTILE_POWER


def _chances(game: Game) -> dict[float, float]:
    """What the next unit may be, from the units seen and the hope."""
    weights = Counter[float](game.units)
    total = len(game.units) + _HOPE_UNITS
    values = sorted({*weights, *game.hope})
    return {x: (weights[x] + _HOPE_UNITS * game.hope.get(x, 0.0)) / total for x in values}


def _growth(chances: dict[float, float], largest: float) -> float:
    """Largest expected growth of log-wealth per unit over the bets from 0 to `largest`, by bisection of its slope."""

    def slope(bet: float) -> float:
        return sum(chance * x / (1 + bet * x) for x, chance in chances.items())

    if slope(0.0) <= 0:
        return 0.0
    low, bet = 0.0, largest
    if slope(largest) < 0:
        for _ in range(50):
            bet = (low + largest) / 2
            low, largest = (bet, largest) if slope(bet) > 0 else (low, bet)
    return sum(chance * math.log1p(bet * x) for x, chance in chances.items())
