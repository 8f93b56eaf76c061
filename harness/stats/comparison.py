"""What others decide by, for tables that set it beside our verdicts. No verdict of ours rests on any of it.

Cells are both pass, tier only, reference only, neither. A gap is tier minus reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

from .exact import binomial_p
from .intervals import wilson

__all__ = ["bonett_price", "bootstrap_gap", "cheapest_within", "mcnemar_p", "newcombe", "wald"]

Cells = tuple[float, float, float, float]


def mcnemar_p(wins: int, losses: int, kind: Literal["exact", "mid-p", "asymptotic"] = "exact") -> float:
    """Two-sided p-value against equal shares (McNemar 1947, Psychometrika 12:153); 1 without discordant pairs.

    A large one does not show that tier and reference are alike.
    """
    n = wins + losses
    if n == 0:
        return 1.0
    if kind == "asymptotic":
        return 2 * NormalDist().cdf(-abs(wins - losses) / math.sqrt(n))
    p = 2 * binomial_p(min(wins, losses), n, 0.5, "less")
    if kind == "mid-p":
        p -= math.comb(n, wins) / 2**n
    return min(1.0, p)


def wald(wins: float, losses: float, n: int, confidence: float) -> tuple[float, float]:
    """Two-sided interval of the gap from the normal approximation: the paired mean plus and minus z standard errors."""
    gap = (wins - losses) / n
    half = _z(confidence) * math.sqrt(max(0.0, (wins + losses) / n - gap * gap) / max(n - 1, 1))
    return gap - half, gap + half


def bonett_price(wins: float, losses: float, n: int, confidence: float) -> tuple[float, float]:
    """Two-sided interval of the gap by Wald's formula after adding one win and one loss (Bonett and Price 2012)."""
    win, loss = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = _z(confidence) * math.sqrt((win + loss - (win - loss) ** 2) / (n + 2))
    return max(-1.0, win - loss - half), min(1.0, win - loss + half)


def newcombe(cells: Cells, confidence: float) -> tuple[float, float]:
    """Two-sided interval of the gap by squaring and adding Wilson's limits (Newcombe 1998, Stat Med 17:2635)."""
    both, tier_only, reference_only, neither = cells
    n = round(sum(cells))
    tier, reference = (both + tier_only) / n, (both + reference_only) / n
    (low, high), (other_low, other_high) = (wilson(share * n, n, confidence) for share in (tier, reference))
    product = both * neither - tier_only * reference_only
    scale = math.sqrt(tier * (1 - tier) * reference * (1 - reference)) * n * n
    # The continuity correction of the paper's method 10: only towards no correlation, and only from above.
    correlation = (min(product, max(product - n / 2, 0.0)) / scale) if scale > 0 else 0.0

    def length(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    gap = tier - reference
    return gap - length(tier - low, other_high - reference), gap + length(high - tier, reference - other_low)


def bootstrap_gap(
    wins: int, losses: int, n: int, confidence: float, *, runs: int = 20_000, seed: int = 0
) -> tuple[float, float]:
    """Two-sided percentile bootstrap interval of the gap; of no width without discordant pairs, however few units."""
    import numpy as np

    shares = [losses / n, wins / n, 1 - (wins + losses) / n]
    counts = np.random.default_rng(seed).multinomial(n, shares, size=runs)
    low, high = np.quantile((counts[:, 0] - counts[:, 1]) / n, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(-high), float(-low)


def cheapest_within(lower_limits: Sequence[float], margin: float) -> int:
    """The first tier, cheapest first, whose lower limit of the gap is not below -margin; else the reference's index.

    No bar, and no price for trying several tiers: with Tango's or a bootstrap's limit, or with the point estimate for
    one, it reproduces published tables.
    """
    passing = (i for i, low in enumerate(lower_limits) if low >= -margin - 1e-12)
    return next(passing, len(lower_limits))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
