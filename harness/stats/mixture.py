"""An order-free betting e-process, and the lower limit that it gives: valid whenever one stops, for display.

It bets a mixture of constant shares instead of aiming at a horizon, so its limit is wider than the test of `betting`
and may disagree with the verdict; the verdict stands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["lower_limit", "mixture_log_wealth"]

_NODES = 64
_HALVINGS = 50
_CLOSE = 1e-9


def mixture_log_wealth(units: Sequence[float], low: float) -> list[float]:
    """Log-wealth after each unit x >= low (negative) of a bettor against E[x] <= 0.

    The stakes are 64 equally likely shares of the largest possible, at the midpoints of the arcsine distribution.
    """
    import numpy as np

    logs = np.cumsum(np.log1p(np.outer(np.asarray(units, dtype=np.float64), _stakes() / -low)), axis=0)
    return [float(each) for each in _log_mean(logs)]


def lower_limit(values: Sequence[float], alpha: float, *, least: float = -1.0, shares: Sequence[float] = ()) -> float:
    """Lower limit of the mean of values in `least`..1 that is wrong with chance alpha at most, at any time.

    It is the largest mean that the mixture of bets rejects. `least` is -1 for gaps and 0 for scores; `shares` weigh the
    values, which counts them as shares of the heaviest there can be. `least` without values.
    """
    import numpy as np

    if not values:
        return least
    pairs = np.column_stack([values, shares or [1.0] * len(values)])
    kinds, numbers = np.unique(pairs, axis=0, return_counts=True)
    goal = -math.log(alpha)

    def is_rejected(mean: float) -> bool:
        units = kinds[:, 1] * (kinds[:, 0] - mean)
        logs = numbers.astype(np.float64) @ np.log1p(np.outer(units, _stakes() / (mean - least)))
        return float(_log_mean(logs[None, :])[0]) >= goal

    low, high = least, float(np.average(pairs[:, 0], weights=pairs[:, 1]))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if middle - least > _CLOSE and is_rejected(middle) else (low, middle)
    return low


def _stakes() -> NDArray[np.float64]:
    import numpy as np

    stakes: NDArray[np.float64] = np.sin(np.pi * (2 * np.arange(1, _NODES + 1) - 1) / (4 * _NODES)) ** 2
    return stakes


def _log_mean(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the mean, along the rows, of what the logarithms stand for."""
    import numpy as np

    most = logs.max(axis=1, keepdims=True)
    means: NDArray[np.float64] = most[:, 0] + np.log(np.mean(np.exp(logs - most), axis=1))
    return means
