"""How others decide that a tier is good enough, by what their rules do. All work on counts: many rows at once.

`wins` are units that only the tier passes, `losses` those that only the reference passes, of `n`; `passes` and
`reference` count the units that each passes.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness.stats import binomial_p, wilson
from harness.stats.intervals import tango_variance

Counts = NDArray[np.float64]
Flags = NDArray[np.bool_]

ONE_SIDED = 1.6448536269514722


def point(wins: Counts, losses: Counts, n: int, margin: float) -> Flags:
    """The point estimate of the gap is within the margin."""
    return (wins - losses) / n >= -margin - 1e-12


def not_significant(wins: Counts, losses: Counts) -> Flags:
    """Not significantly worse: McNemar's exact two-sided p is above .05, or the tier wins more than it loses."""
    p = np.vectorize(_sign_p)(np.minimum(wins, losses).astype(int), (wins + losses).astype(int))
    return np.asarray((p > 0.05) | (wins >= losses))


def wald(wins: Counts, losses: Counts, n: int, margin: float) -> Flags:
    """The lower limit of the normal approximation (mean minus 1.645 standard errors) is within the margin."""
    gap = (wins - losses) / n
    error = np.sqrt(np.maximum((wins + losses) / n - gap**2, 0) / (n - 1))
    return np.where(error > 0, gap - ONE_SIDED * error >= -margin, gap > -margin)


def tango(wins: Counts, losses: Counts, n: int | NDArray[np.int64], margin: float) -> Flags:
    """Tango's score at the margin is above the normal quantile."""
    scores = (wins - losses + n * margin) / np.sqrt(tango_variance(wins, losses, n, -margin))  # type: ignore[arg-type]
    return np.asarray(scores >= ONE_SIDED)


def keeps_share(passes: Counts, reference: Counts, n: int) -> Flags:
    """The point pass rate is at least 95 % of the reference's, on 10 answers or more."""
    return (passes >= 0.95 * reference) & (passes > 0) & (n >= 10)


def hits_target(passes: Counts, n: int, target: float = 0.95) -> Flags:
    """The point pass rate reaches a target, whatever the reference does."""
    return passes / n >= target


def wilson_low(passes: Counts, n: int, target: float = 0.9) -> Flags:
    """The lower end of Wilson's two-sided 95 % interval of the pass rate reaches a target."""
    lowest = next((k for k in range(n + 1) if wilson(k, n, 0.95)[0] >= target), n + 1)
    return passes >= lowest


def paired_t(gaps: NDArray[np.float64], margin: float) -> Flags:
    """The lower limit of the paired t interval is within the margin; rows of gaps."""
    n = gaps.shape[1]
    error = gaps.std(axis=1, ddof=1) / math.sqrt(n)
    # Student's quantile by Cornish and Fisher's expansion, right to three digits from 30 units on.
    z, v = ONE_SIDED, n - 1
    quantile = z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)
    return np.asarray(gaps.mean(axis=1) - quantile * error >= -margin)


@cache
def _sign_p(fewer: int, n: int) -> float:
    return min(1.0, 2 * binomial_p(fewer, n, 0.5, "less")) if n else 1.0
