"""Fixed-sample tests whose error rate holds exactly at any number of units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from .intervals import tango_variance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOST_UNITS", "Alternative", "binomial_p", "exact_p"]

Alternative = Literal["greater", "less"]

MOST_UNITS = 1000
"""Beyond this the enumeration of all outcomes takes minutes."""

_DECIMALS = 9
"""Scores are rounded before they are compared: tables that tie in exact arithmetic must tie in floating point."""

_GRID = 401
_ZOOM = 21
_ZOOMS = 2


def exact_p(wins: int, losses: int, n: int, margin: float, alternative: Alternative = "greater") -> float:
    """P-value of the exact unconditional paired test, outcomes ordered by Tango's score at a gap of -margin.

    `greater` tests gap <= -margin (small p: not inferior), `less` tests gap >= -margin (small p: inferior). p is the
    largest chance, over all loss rates possible at a gap of -margin, of an outcome at least as extreme (Hsueh, Liu,
    Chen 2001, Biometrics 57:478: the largest chance under the null lies on that edge). 1 without units.
    """
    import numpy as np

    if n == 0:
        return 1.0
    won, lost = (counts.ravel().astype(np.float64) for counts in np.indices((n + 1, n + 1)))
    possible = won + lost <= n
    won, lost = won[possible], lost[possible]
    score = np.round((won - lost + n * margin) / np.sqrt(tango_variance(won, lost, n, -margin)), _DECIMALS)
    observed = score[(won == wins) & (lost == losses)]
    extreme = score >= observed if alternative == "greater" else score <= observed
    return min(1.0, _largest_chance(won[extreme], lost[extreme], n, margin))


def binomial_p(passes: int, n: int, bar: float, alternative: Alternative = "greater") -> float:
    """P-value of the exact binomial test of a pass rate against `bar`; `greater` tests rate <= bar. 1 without units."""
    tail = range(passes, n + 1) if alternative == "greater" else range(passes + 1)
    up, down = math.log(bar), math.log1p(-bar)
    return min(1.0, math.fsum(math.exp(math.log(math.comb(n, k)) + k * up + (n - k) * down) for k in tail))


def _largest_chance(won: Floats, lost: Floats, n: int, margin: float) -> float:
    """Largest multinomial chance of the given outcomes over the loss rate: a grid, then a closer one about its best.

    The grid is denser where losses are rare, which is where the maximum usually lies.
    """
    import numpy as np

    tied = n - won - lost
    log_factorial = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    ways = log_factorial[n] - sum(log_factorial[counts.astype(np.int64)] for counts in (won, lost, tied))

    def chance(loss: float) -> float:
        rates = max(0.0, loss - margin), loss, max(0.0, 1 + margin - 2 * loss)
        logs = ways
        for counts, rate in zip((won, lost, tied), rates, strict=True):
            logs = logs + (counts * math.log(rate) if rate > 0 else np.where(counts > 0, -np.inf, 0.0))
        return float(np.exp(logs).sum())

    grid = margin + (1 - margin) / 2 * np.linspace(0, 1, _GRID) ** 2
    best = 0.0
    for _ in range(1 + _ZOOMS):
        chances = [chance(float(loss)) for loss in grid]
        best = max(best, *chances)
        at = int(np.argmax(chances))
        grid = np.linspace(grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)], _ZOOM)
    return best
