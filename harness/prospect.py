"""What an adaptive run is expected to ask: its walk to the floors, simulated from what is stored and what is assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from . import rounds, sizing, stats
from .stats import lazy, paths
from .values import Ladder, Outcome, Plan, Rule, Suite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["PRIOR_UNITS", "RUNS", "Prospect", "Rate", "prospect"]

RUNS: Final = 400

# Tiers share this part of their luck: where they do, both pass or fail alike, so that failures correlate at about 0.4.
SHARED: Final = 0.63

# How many units the assumption weighs beside the outcomes that are stored.
PRIOR_UNITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The pass rate that a tier is taken to have, from so many units with stored outcomes."""

    tier: str
    passes: float
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What deciding a suite is expected to take: means over simulated runs with their 5 % and 95 % percentiles.

    Costs are those of the mean answer in the ladder's unit. No run asks more than `most` requests, nor pays more than
    `worst`.
    """

    suite: str
    until: str
    requests: tuple[float, int, int]
    most: int
    cost: tuple[Decimal, Decimal, Decimal]
    worst: Decimal
    rates: tuple[Rate, ...]
    lazy: bool

    @property
    def basis(self) -> str:
        measured = [f"{rate.tier} {rate.passes:.2f}" for rate in self.rates if rate.units]
        guessed = [f"{rate.tier} {rate.passes:.2f}" for rate in self.rates if not rate.units]
        told = [("stored outcomes: ", measured), ("assumed: ", guessed)]
        return "; ".join(kind + ", ".join(rates) for kind, rates in told if rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Game:
    """The units of a suite, up to its horizon, over simulated runs: who passes, and what is answered already.

    `passes` and `known` are by tier; `passes` are runs x units, `known` units.
    """

    ladder: Ladder
    rule: Rule
    passes: Mapping[str, Floats]
    known: Mapping[str, Flags]
    lazy: bool


def prospect(
    plan: Plan, suite: Suite, outcomes: Iterable[Outcome], prices: Mapping[str, Decimal], bound: tuple[int, Decimal]
) -> Prospect:
    """What an adaptive run is expected to ask of a suite.

    Tiers without stored outcomes are assumed to be as good as a reference commonly is; of the others the answers that are
    stored are taken as they are, and further ones are drawn at their rate. `prices` are those of an expected request by
    tier; `bound` is the most that the run asks and pays.
    """
    import numpy as np

    names = [tier.name for tier in plan.ladder.tiers]
    units = rounds.units(plan, suite)
    seen = _seen(outcomes, suite, names, units)
    rates = [_rate(name, seen[name], sizing.reference_rate(suite.rule)) for name in names]
    before = plan.registered.get(suite.id)
    game = _Game(
        ladder=plan.ladder,
        rule=suite.rule,
        passes=_drawn(rates, seen),
        known={name: ~np.isnan(scores) for name, scores in seen.items()},
        lazy=before is not None and before.lazy,
    )
    asked = _walked(game)
    sizes = rounds.requests(plan, suite)
    per_unit = {name: sizes[name] / len(units) for name in names}
    requests = np.sum([per_unit[name] * asked[name] for name in names], axis=0)
    costs = np.sum([per_unit[name] * float(prices.get(name, 0)) * asked[name] for name in names], axis=0)
    low, high = np.quantile(requests, [0.05, 0.95], method="nearest")
    most, worst = bound
    return Prospect(
        suite=suite.id,
        until="decided",
        requests=(min(float(requests.mean()), most), min(round(low), most), min(round(high), most)),
        most=most,
        cost=_amounts(costs, worst),
        worst=worst,
        rates=tuple(rates),
        lazy=game.lazy,
    )


def _amounts(costs: Floats, worst: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    import numpy as np

    low, high = np.quantile(costs, [0.05, 0.95], method="nearest")
    mean, least, most = (min(Decimal(f"{x:.6g}"), worst) for x in (costs.mean(), low, high))
    return mean, least, most


def _seen(outcomes: Iterable[Outcome], suite: Suite, names: Sequence[str], units: Sequence[str]) -> dict[str, Floats]:
    """The mean score of every unit at every tier; NaN where nothing is stored."""
    import numpy as np

    place = {unit: number for number, unit in enumerate(units)}
    total, count = ({name: np.zeros(len(units)) for name in names} for _ in range(2))
    for each in outcomes:
        if each.suite == suite.id and each.verdict != "error" and each.template in place and each.tier in total:
            score = each.score if suite.graded else float(each.verdict == "pass")
            total[each.tier][place[each.template]] += score
            count[each.tier][place[each.template]] += 1
    with np.errstate(invalid="ignore"):
        return {name: total[name] / count[name] for name in names}


def _rate(name: str, seen: Floats, assumed: float) -> Rate:
    import numpy as np

    known = seen[~np.isnan(seen)]
    passes = (known.sum() + PRIOR_UNITS * assumed) / (len(known) + PRIOR_UNITS)
    return Rate(tier=name, passes=float(passes), units=len(known))


def _drawn(rates: Sequence[Rate], seen: Mapping[str, Floats]) -> dict[str, Floats]:
    """Scores of every tier in every run: what is stored as it is, the rest by luck that tiers share in part."""
    import numpy as np

    dice = np.random.default_rng(0)
    shape = RUNS, len(next(iter(seen.values())))
    common = dice.random(shape)
    found = {}
    for rate in rates:
        luck = np.where(dice.random(shape) < SHARED, common, dice.random(shape))
        found[rate.tier] = np.where(np.isnan(seen[rate.tier]), luck < rate.passes, seen[rate.tier])
    return found


def _walked(game: _Game) -> dict[str, Floats]:
    """How many units each run asks of each tier beyond those that are answered."""
    import numpy as np

    *cheaper, reference = (tier.name for tier in game.ladder.tiers)
    is_cheap_first = game.ladder.floors == "cheap-first"
    rule = stats.share_alpha(game.rule, candidates=max(1, len(cheaper))) if is_cheap_first else game.rule
    shape = game.passes[reference].shape
    wanted = {name: np.zeros(shape, dtype=np.bool_) for name in game.passes}
    walks, proved = np.ones(shape[0], dtype=np.bool_), np.zeros(shape[0], dtype=np.bool_)
    for name in cheaper if is_cheap_first else reversed(cheaper):
        kind, own, other = _compared(game, name, rule)
        wanted[name] |= own & walks[:, None]
        wanted[reference] |= other & walks[:, None]
        is_sufficient = (kind == 1) & walks
        proved |= is_sufficient
        walks &= (kind != 1) if is_cheap_first else (kind == 1)
    alone = _ends(game.passes[reference], None, game.rule)
    wanted[reference] |= _first(alone.units, shape) & ~proved[:, None]
    return {name: (wanted[name] & ~game.known[name]).sum(axis=1).astype(np.float64) for name in game.passes}


def _compared(game: _Game, name: str, rule: Rule) -> tuple[NDArray[np.int64], Flags, Flags]:
    """How a tier ends against the reference in each run, and the units that are asked of both until then."""
    import numpy as np

    own, other = game.passes[name], game.passes[game.ladder.reference.name]
    ended = _ends(own, other, rule)
    asked = _first(ended.units, own.shape)
    if not game.lazy:
        return ended.kind, asked, asked
    is_lazy = ((own[:, : lazy.LOOK] >= 1).all(axis=1) & (ended.kind != 0))[:, None]
    pilot = np.arange(own.shape[1]) < rounds.BLOCK
    return ended.kind, asked, asked & (~is_lazy | pilot | (own < 1))


def _ends(scores: Floats, reference: Floats | None, rule: Rule) -> paths.Ends:
    """As `paths.ends`, up to the end of the round; a fixed test is read at its horizon."""
    import numpy as np

    most = min(scores.shape[1], rule.horizon)
    scores, reference = scores[:, :most], None if reference is None else reference[:, :most]
    if rule.method == "fixed":
        known = reference if reference is not None else scores
        return replace(paths.read(scores.round(), known.round(), rule), units=np.full(len(scores), most))
    ended = paths.ends(scores, reference, rule)
    ends = np.array(rounds.ends(most))
    return replace(ended, units=ends[np.searchsorted(ends, ended.units)])


def _first(units: NDArray[np.int64], shape: tuple[int, ...]) -> Flags:
    import numpy as np

    return np.arange(shape[1]) < units[:, None]
