"""Units still needed, by playing on with units drawn from those seen. For planning only: no verdict rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..values import Rule
from .betting import Game, bar_game, gap_game, log_wealth
from .forecast import MOST_FURTHER
from .paths import State, reached
from .rules import least_units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["further_by_resampling"]

_PATHS = 500
_POWER = 0.8
_LEAST = 20
_HORIZONS = 4
"""How many horizons are played before the answer is "as many and more": what takes longer is not worth planning."""


def further_by_resampling(
    scores: Sequence[float], reference: Sequence[float] | None, rule: Rule, shares: Sequence[float] = (), seed: int = 0
) -> int | None:
    """Further units after which 80 % of 500 runs continued from here are decided, one way or the other.

    Each run draws its units from those seen and bets on from the present wealth. None below 20 units and beyond 5000,
    where the closed form serves better; never more than four horizons or 5000, which then mean that many or more.
    """
    import numpy as np

    n = len(scores)
    if not _LEAST <= n <= MOST_FURTHER:
        return None
    games = [bar_game(scores, rule, shares)]
    if reference is not None:
        games.append(gap_game([s - r for s, r in zip(scores, reference, strict=True)], rule, shares))
    most = min(MOST_FURTHER, _HORIZONS * max(rule.horizon, n))
    drawn = np.random.default_rng(seed).integers(n, size=(_PATHS, most))
    shown, refuted = [], []
    for game in games:
        shown.append(_continued(game, drawn, rule))
        refuted.append(_continued(game.mirrored(), drawn, rule))
    sufficient = np.maximum(np.max(shown, axis=0), least_units(rule) - n)
    decided = np.minimum(sufficient, np.min(refuted, axis=0))
    return int(min(most, max(1, np.quantile(decided, _POWER, method="higher"))))


def _continued(game: Game, drawn: NDArray[np.int64], rule: Rule) -> NDArray[np.int64]:
    import numpy as np

    units = np.asarray(game.units)
    wealth = log_wealth(game, rule)[-1]
    start = State(wealth=wealth, total=float(units.sum()), squares=float(units @ units), seen=len(units))
    return reached(units[drawn], game.low, rule, start)
