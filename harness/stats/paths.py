"""Many runs at once: the tests and their stops on the rows of an array, for forecasts and simulations.

Row by row these give what `betting` and `decide` give for one run; tests hold them together.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from ..values import Rule
from .betting import CAP, bar_game, fastest, gap_game, horizon_at, second_moment
from .exact import binomial_p, critical_z
from .forecast import FUTILE_FROM, FUTILE_POWER, SEQUENTIAL_COST
from .intervals import tango_variance
from .rules import least_units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["NEVER", "Ends", "State", "ends", "first_futile", "reached", "read"]

NEVER = 2**40
"""Stands for a unit that does not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a game stands: log-wealth, and number, sum and sum of squares of the units seen."""

    wealth: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How runs end, one entry per row: `kind` 1 sufficient, -1 insufficient, 0 neither; after how many `units`."""

    kind: Ints
    units: Ints


def reached(units: Floats, low: float, rule: Rule, start: State | None = None) -> Ints:
    """After how many of its columns each row's wealth reaches 1/alpha (0: it had), NEVER where it does not."""
    import numpy as np

    start = start or State()
    goal = -math.log(rule.alpha)
    wealth, total, squares = (np.full(len(units), x) for x in (start.wealth, start.total, start.squares))
    at = np.where(wealth >= goal, 0, NEVER)
    for t, x in enumerate(np.ascontiguousarray(units.T)):
        n = start.seen + t
        # As in `next_bet`: nothing is bet once nothing is missing.
        missing = np.maximum(goal - wealth, 0.0)
        left = horizon_at(n, rule.horizon) - n
        bet = np.minimum(np.sqrt(2 * missing / (left * second_moment(squares, n))), CAP / -low)
        if n >= rule.horizon:
            bet = np.minimum(bet, fastest(total, squares))
        wealth += np.log1p(bet * x)
        total += x
        squares += x * x
        at[(at == NEVER) & (wealth >= goal)] = t + 1
    return at


def first_futile(units: Floats, drift: float, rule: Rule) -> Ints:
    """After how many columns each row first has under 10 % conditional power at its horizon; NEVER where never.

    `drift` is the mean of a unit in the hope of its game.
    """
    import numpy as np

    seen = np.arange(1, units.shape[1] + 1)
    horizon = np.array([horizon_at(int(n) - 1, rule.horizon) for n in seen])
    left = horizon - seen
    quantile = NormalDist().inv_cdf
    variance = second_moment(np.cumsum(units**2, axis=1), seen.astype(np.float64))
    reserve = SEQUENTIAL_COST * quantile(1 - float(rule.alpha)) * np.sqrt(horizon * variance)
    lead = np.cumsum(units, axis=1) + left * drift - reserve
    futile = (lead < quantile(FUTILE_POWER) * np.sqrt(left * variance)) & (seen >= FUTILE_FROM) & (left > 0)
    return np.where(futile.any(axis=1), futile.argmax(axis=1) + 1, NEVER)


def ends(scores: Floats, reference: Floats | None, rule: Rule, *, futility: bool = True) -> Ends:
    """How runs over rows of unit scores end under the sequential rule; the reference itself has None to meet.

    A row that is neither sufficient nor insufficient ends where it is futile (if `futility` is heeded) or is used up.
    """
    import numpy as np

    claims = [(bar_game([], rule), scores - float(rule.bar))]
    if reference is not None:
        claims.append((gap_game([], rule), scores - reference + float(rule.margin)))
    most = scores.shape[1]
    sufficient = np.full(len(scores), least_units(rule))
    refuted, futile = np.full(len(scores), NEVER), np.full(len(scores), NEVER)
    for game, units in claims:
        shown = reached(units, game.low, rule)
        sufficient = np.maximum(sufficient, shown)
        refuted = np.minimum(refuted, reached(-units, -game.high, rule))
        if futility:
            at = first_futile(units, sum(x * chance for x, chance in game.hope.items()), rule)
            futile = np.minimum(futile, np.where(at < shown, at, NEVER))
    units_used = np.minimum(np.minimum(sufficient, refuted), np.minimum(futile, most))
    kind = np.where(refuted == units_used, -1, np.where(sufficient == units_used, 1, 0))
    return Ends(kind=kind, units=units_used)


def read(scores: Floats, reference: Floats, rule: Rule) -> Ends:
    """How runs over rows of passes and fails end under the fixed-sample rule, read once after all columns."""
    import numpy as np

    n, margin, alpha = scores.shape[1], float(rule.margin), float(rule.alpha)
    gaps = scores - reference
    wins, losses = (gaps > 0).sum(axis=1).astype(np.float64), (gaps < 0).sum(axis=1).astype(np.float64)
    z = np.round((wins - losses + n * margin) / np.sqrt(tango_variance(wins, losses, n, -margin)), 9)
    passes = scores.sum(axis=1).astype(np.int64)
    bar = float(rule.bar)
    enough = bisect_left(range(n + 1), True, key=lambda k: binomial_p(k, n, bar) <= alpha)
    missing = bisect_left(range(n + 1), True, key=lambda k: binomial_p(k, n, bar, "less") > alpha)
    shown = (z >= critical_z(n, margin, alpha)) & (passes >= enough) & (n >= least_units(rule))
    refuted = (-z >= critical_z(n, margin, alpha, "less")) | (passes < missing)
    return Ends(kind=np.where(refuted, -1, np.where(shown, 1, 0)), units=np.full(len(scores), n))
