"""Is a tier good enough? Tests whose error rate is known, the intervals shown beside them, and what routing is worth.

Pure functions; those that draw at random take a seed, so the same scores and the same rule give the same verdict. A gap
is tier minus reference, so a loss is negative.
"""

from __future__ import annotations

from .alarms import Alarm, Seen, alarms
from .betting import Game, bar_game, gap_game, horizon_at, log_wealth
from .curves import aiq, hull, mix_quality
from .decide import Decision, decide, decided_at, flawless_at, judge, qualify
from .exact import binomial_p, critical_z, exact_p
from .intervals import tango, tango_z, wilson
from .lazy import LazyWealth, bet_lazily, is_worth_being_lazy, lazy_gaps, lazy_log_wealth, readable
from .mixture import lower_limit, mixture_log_wealth
from .power import Assumed, Chances, power
from .registration import Registration, in_order, prefix, standing
from .resampling import further_by_resampling
from .rules import least_units, share_alpha
from .units import Pair, Units, gather
from .walk import Walk, cheap_first, top_down

__all__ = [
    "Alarm",
    "Assumed",
    "Chances",
    "Decision",
    "Game",
    "LazyWealth",
    "Pair",
    "Registration",
    "Seen",
    "Units",
    "Walk",
    "aiq",
    "alarms",
    "bar_game",
    "bet_lazily",
    "binomial_p",
    "cheap_first",
    "critical_z",
    "decide",
    "decided_at",
    "exact_p",
    "flawless_at",
    "further_by_resampling",
    "gap_game",
    "gather",
    "horizon_at",
    "hull",
    "in_order",
    "is_worth_being_lazy",
    "judge",
    "lazy_gaps",
    "lazy_log_wealth",
    "least_units",
    "log_wealth",
    "lower_limit",
    "mix_quality",
    "mixture_log_wealth",
    "power",
    "prefix",
    "qualify",
    "readable",
    "share_alpha",
    "standing",
    "tango",
    "tango_z",
    "top_down",
    "wilson",
]
