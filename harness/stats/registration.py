"""What was fixed before the answers came, so that a later run adds to the evidence legally.

Wealth is recomputed from the outcomes in their fixed order, and later horizons follow from the rule (`horizon_at`): a
registration and the outcomes are all that must be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..values import Rule, digest

__all__ = ["Registration", "Standing", "in_order", "prefix", "standing"]

Standing = Literal["new", "continued", "post-hoc", "reset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a verdict on one suite and ladder rests on.

    `order` are the unit names in the order of the bets, later runs' at the end; `tiers` the ladder's names in order,
    `models` the snapshots behind them; `checker` the checker's hash.
    """

    rule: Rule
    order: tuple[str, ...]
    tiers: tuple[str, ...]
    models: tuple[str, ...]
    checker: str

    @property
    def hash(self) -> str:
        """Identifies everything but the order, which may grow."""
        rule = {name: str(getattr(self.rule, name)) for name in self.rule.__slots__}
        return digest({"rule": rule, "tiers": self.tiers, "models": self.models, "checker": self.checker})


def standing(before: Registration | None, now: Registration, *, seen: int) -> Standing:
    """How a registration stands to the one that results keep, `seen` units of which were looked at.

    `reset`: another checker or model, so the evidence starts anew; `post-hoc`: the rule, the ladder or the order of
    the units seen was changed after data, so the verdict is marked; `continued`: only units were added.
    """
    if before is None or seen == 0:
        return "new"
    if before.checker != now.checker or before.models != now.models:
        return "reset"
    if before.hash != now.hash or before.order[:seen] != now.order[:seen]:
        return "post-hoc"
    return "continued"


def in_order(known: Sequence[str], units: Iterable[str], seed: str) -> tuple[str, ...]:
    """The fixed order of bets: what was registered stays in place, new units follow in an order drawn by the seed.

    Units that are gone keep their place too: it is for the evidence to say that they are missing.
    """
    new = set(units).difference(known)
    return (*known, *sorted(new, key=lambda unit: digest([seed, unit])))


def prefix(order: Sequence[str], settled: Collection[str]) -> tuple[str, ...]:
    """The units that may be bet on: all before the first that is neither answered nor given up.

    Answers come in an order that has to do with how hard the samples are; evidence must not.
    """
    ready = next((i for i, unit in enumerate(order) if unit not in settled), len(order))
    return tuple(order[:ready])
