"""Fixed-sample tests whose error rate holds exactly at any number of units."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

from .intervals import tango_variance, tango_z

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOST_UNITS", "Alternative", "binomial_p", "critical_z", "exact_p"]

Alternative = Literal["greater", "less"]

MOST_UNITS = 1000
"""Beyond this Tango's score is referred to the normal distribution: enumerating all outcomes would take minutes."""

_DECIMALS = 9
"""Scores are rounded before they are compared: tables that tie in exact arithmetic must tie in floating point."""

_GRID = 401
_ZOOM = 21
_ZOOMS = 2


def exact_p(wins: int, losses: int, n: int, margin: float, alternative: Alternative = "greater") -> float:
    """P-value of the exact unconditional paired test, outcomes ordered by Tango's score at a gap of -margin.

    `greater` tests gap <= -margin (small p: not inferior), `less` tests gap >= -margin (small p: inferior). p is the
    largest chance, over all loss rates possible at a gap of -margin, of an outcome at least as extreme (Hsueh, Liu,
    Chen 2001, Biometrics 57:478: the largest chance under the null lies on that edge). 1 without units. Beyond 1000
    units it is Tango's approximate p.
    """
    if n == 0:
        return 1.0
    if n > MOST_UNITS:
        z = tango_z(wins, losses, n, -margin)
        return NormalDist().cdf(-z if alternative == "greater" else z)
    won, lost, score = _tables(n, margin)
    observed = score[(won == wins) & (lost == losses)]
    extreme = score >= observed if alternative == "greater" else score <= observed
    return min(1.0, _largest_chance(won[extreme], lost[extreme], n, margin))


@lru_cache(maxsize=64)
def critical_z(n: int, margin: float, alpha: float, alternative: Alternative = "greater") -> float:
    """The least Tango score at -margin, rounded to nine decimals, that shows a gap above -margin; inf if none does.

    The same test as `exact_p` <= alpha, for many tables at once; with `less` the least negated score that shows a gap
    below -margin. Beyond 1000 units the normal quantile.
    """
    import numpy as np

    if n > MOST_UNITS:
        return NormalDist().inv_cdf(1 - alpha)
    won, lost, score = _tables(n, margin)
    score = score if alternative == "greater" else -score
    order = np.argsort(-score, kind="stable")
    won, lost, score = won[order], lost[order], score[order]
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    ways = _log_ways(won, lost, n)
    size = np.zeros(len(ends))
    for loss in _grid(margin):
        size = np.maximum(size, np.cumsum(_chances(ways, won, lost, n, margin, float(loss)))[ends])
    passing = np.flatnonzero(size <= alpha)
    # The grid may miss the maximum by a hair: the last candidates are confirmed by the closer search.
    for at in passing[::-1]:
        extreme = slice(ends[at] + 1)
        if _largest_chance(won[extreme], lost[extreme], n, margin) <= alpha:
            return float(score[ends[at]])
    return math.inf


def binomial_p(passes: int, n: int, bar: float, alternative: Alternative = "greater") -> float:
    """P-value of the exact binomial test of a pass rate against `bar`; `greater` tests rate <= bar. 1 without units."""
    tail = range(passes, n + 1) if alternative == "greater" else range(passes + 1)
    up, down, all_ways = math.log(bar), math.log1p(-bar), math.lgamma(n + 1)
    logs = (all_ways - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * up + (n - k) * down for k in tail)
    return min(1.0, math.fsum(map(math.exp, logs)))


def _tables(n: int, margin: float) -> tuple[Floats, Floats, Floats]:
    """Wins, losses and Tango's score at -margin of every outcome of n units."""
    import numpy as np

    won, lost = (counts.ravel().astype(np.float64) for counts in np.indices((n + 1, n + 1)))
    possible = won + lost <= n
    won, lost = won[possible], lost[possible]
    score = np.round((won - lost + n * margin) / np.sqrt(tango_variance(won, lost, n, -margin)), _DECIMALS)
    return won, lost, score


def _grid(margin: float) -> Floats:
    """Loss rates at a gap of -margin, denser where losses are rare, which is where the maximum usually lies."""
    import numpy as np

    return margin + (1 - margin) / 2 * np.linspace(0, 1, _GRID) ** 2


def _log_ways(won: Floats, lost: Floats, n: int) -> Floats:
    import numpy as np

    log_factorial = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    ways: Floats = log_factorial[n] - sum(
        log_factorial[counts.astype(np.int64)] for counts in (won, lost, n - won - lost)
    )
    return ways


def _chances(ways: Floats, won: Floats, lost: Floats, n: int, margin: float, loss: float) -> Floats:
    """Multinomial chance of each outcome at a gap of -margin. Rates are clipped at 0: rounding can leave -1e-17."""
    import numpy as np

    logs = ways
    rates = max(0.0, loss - margin), loss, max(0.0, 1 + margin - 2 * loss)
    for counts, rate in zip((won, lost, n - won - lost), rates, strict=True):
        logs = logs + (counts * math.log(rate) if rate > 0 else np.where(counts > 0, -np.inf, 0.0))
    chances: Floats = np.exp(logs)
    return chances


def _largest_chance(won: Floats, lost: Floats, n: int, margin: float) -> float:
    """Largest chance of the given outcomes together over the loss rate: on the grid, then closer about its best."""
    import numpy as np

    ways = _log_ways(won, lost, n)
    grid, best = _grid(margin), 0.0
    for _ in range(1 + _ZOOMS):
        chances = [float(_chances(ways, won, lost, n, margin, float(loss)).sum()) for loss in grid]
        best = max(best, *chances)
        at = int(np.argmax(chances))
        grid = np.linspace(grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)], _ZOOM)
    return best
