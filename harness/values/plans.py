"""What is asked of whom, and what was fixed about it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from .ladders import Ladder, Procedure, Tier
from .requests import Request
from .suites import Rule, Sample, Suite

__all__ = ["Ask", "Plan", "Registered"]

_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One sample at one tier in one epoch, with the request (or, for a vote, the requests) it takes."""

    suite: str
    sample: Sample
    tier: Tier
    epoch: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What was fixed about a suite and a ladder when the first answers came, as a results folder keeps it.

    `order` are the units in the order in which they are read, of which the first `seen` were looked at; `levels` gives
    the number of samples and of units by level, which weights and horizons rest on. `models` are the models that served
    each tier, `retired` those that served it before: their answers are evidence no longer. `lazy`: the reference was to
    be left unasked where tiers pass, and the bets are made accordingly, whatever is asked later.
    """

    __pydantic_config__ = _STRICT

    version: str
    rule: Rule
    graded: bool
    order: tuple[str, ...]
    seen: int
    levels: Mapping[str, tuple[int, int]]
    tiers: tuple[str, ...]
    floors: Procedure
    table_alpha: bool
    mix: Mapping[str, Decimal]
    checker: str
    models: Mapping[str, tuple[str, ...]]
    retired: Mapping[str, tuple[str, ...]]
    lazy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a run needs answered, in order: suites, then tiers, then samples in their fixed order.

    `registered` holds, by suite, what an earlier run fixed.
    """

    ladder: Ladder
    suites: tuple[Suite, ...]
    asks: tuple[Ask, ...]
    registered: Mapping[str, Registered] = field(default_factory=dict)
