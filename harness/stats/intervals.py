"""Score intervals: Wilson's for a share of passes, Tango's for the gap between paired shares.

Both are for a fixed number of units; beside a verdict that stopped early they describe, they do not decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["tango", "tango_variance", "tango_z", "wilson"]

Count = TypeVar("Count", float, "NDArray[np.float64]")


def wilson(passes: float, n: int, confidence: float) -> tuple[float, float]:
    """Two-sided interval of a share (Wilson 1927, J Am Stat Assoc 22:209); (0, 1) without units."""
    if n == 0:
        return 0.0, 1.0
    z = _two_sided(confidence)
    share = passes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if passes == 0 else max(0.0, middle - half)
    high = 1.0 if passes == n else min(1.0, middle + half)
    return low, high


def tango(wins: float, losses: float, n: int, confidence: float) -> tuple[float, float]:
    """Two-sided interval of the gap of two paired shares (Tango 1998, Stat Med 17:891); (-1, 1) without units.

    `wins` are the units that only the tier passes, `losses` those that only the reference passes.
    """
    if n == 0:
        return -1.0, 1.0
    z = _two_sided(confidence)
    gap = (wins - losses) / n
    low = -1.0 if losses == n else _crossing(lambda theta: tango_z(wins, losses, n, theta) - z, -1.0, gap)
    high = 1.0 if wins == n else _crossing(lambda theta: tango_z(wins, losses, n, theta) + z, gap, 1.0)
    return low, high


def tango_z(wins: float, losses: float, n: int, theta: float) -> float:
    """Tango's score statistic for a gap of `theta`: it falls as `theta` grows, and is 0 at the gap seen."""
    distance = wins - losses - n * theta
    if distance == 0:
        return 0.0
    variance = tango_variance(float(wins), float(losses), n, theta)
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def tango_variance(wins: Count, losses: Count, n: int, theta: float) -> Count:
    """Variance of wins minus losses at a gap of `theta`, the loss rate q at its restricted maximum likelihood.

    Works on numbers and on arrays. The discriminant is clipped at 0: rounding can leave it at -1e-17.
    """
    a = 2 * n
    b = -wins - losses + (2 * n - wins + losses) * theta
    c = -losses * theta * (1 - theta)
    discriminant = b * b - 4 * a * c
    root: Count = ((discriminant + abs(discriminant)) / 2) ** 0.5
    q = (root - b) / (2 * a)
    return n * (2 * q + theta * (1 - theta))


def _two_sided(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function changes sign, to the last bit, by bisection; the ends themselves are never evaluated."""
    while low < (middle := (low + high) / 2) < high:
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return middle
