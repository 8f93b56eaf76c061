"""Is a tier good enough? Tests whose error rate is known, the intervals shown beside them, and the cost-quality hull.

Pure functions without randomness: the same scores and the same rule give the same verdict. A gap is tier minus
reference, so a loss is negative.
"""

from __future__ import annotations

from .betting import Game, bar_game, gap_game, log_wealth
from .curves import hull
from .decide import judge, least_units, qualify
from .exact import binomial_p, exact_p
from .intervals import tango, tango_z, wilson

__all__ = [
    "Game",
    "bar_game",
    "binomial_p",
    "exact_p",
    "gap_game",
    "hull",
    "judge",
    "least_units",
    "log_wealth",
    "qualify",
    "tango",
    "tango_z",
    "wilson",
]
