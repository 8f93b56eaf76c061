"""Three tiers and a floor: how often procedures and rules choose one that is too cheap, and what they spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from calibration import draws, rivals
from calibration.draws import Floats
from calibration.measures import HITS, KEEPS, RULE, WILSON
from numpy.typing import NDArray

from harness.stats import share_alpha
from harness.stats.paths import Ends, ends, read
from harness.values import Rule

CALLS = (0.0045, 0.0135, 0.0225)
"""Dollars per call: 2,000 tokens in and 500 out at 1/5, 3/15 and 5/25 dollars per million."""

POINTS = 50

# True pass rates of cheap, middle and reference tier, and the floor that is right at a margin of .05 and a bar of .80.
WORLDS: dict[str, tuple[tuple[float, float, float], int]] = {
    "easy .99/.99/.99": ((0.99, 0.99, 0.99), 0),
    "easy .97/.97/.97": ((0.97, 0.97, 0.97), 0),
    "middle .80/.95/.96": ((0.80, 0.95, 0.96), 1),
    "hard .50/.75/.92": ((0.50, 0.75, 0.92), 2),
    "trap .91/.91/.96": ((0.91, 0.91, 0.96), 2),
    "trap .91/.96/.96": ((0.91, 0.96, 0.96), 1),
    "poor .40/.40/.40": ((0.40, 0.40, 0.40), 2),
}

Floors = NDArray[np.int64]
Pass = Callable[[Floats, Floats], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What a procedure does in a world: shares of floors too cheap and right, and mean dollars spent."""

    procedure: str
    world: str
    wrong: float
    right: float
    dollars: float
    ours: bool


def routing(runs: int, horizon: int, seed: int) -> Iterator[Routed]:
    """Every procedure in every world, all on the same samples."""
    for number, (world, (rates, floor)) in enumerate(WORLDS.items()):
        passes = draws.ladder(np.random.default_rng([seed, number]), runs, horizon, rates)
        for name, (floors, spent) in _procedures(passes, replace(RULE, horizon=horizon)).items():
            yield Routed(
                procedure=name,
                world=world,
                wrong=float(np.mean(floors < floor)),
                right=float(np.mean(floors == floor)),
                dollars=float(np.mean(spent)),
                ours=name in OURS,
            )


def top_down(passes: Floats, rule: Rule) -> tuple[Floors, Floats]:
    """Middle tier first, the cheap one only if that is proved; every tier's calls and the reference's are paid."""
    middle, cheap = _ends(passes, 1, rule), _ends(passes, 0, rule)
    on = middle.kind == 1
    floors = np.where(on, np.where(cheap.kind == 1, 0, 1), 2)
    cheap_units = np.where(on, cheap.units, 0)
    spent = CALLS[1] * middle.units + CALLS[0] * cheap_units + CALLS[2] * np.maximum(middle.units, cheap_units)
    return floors, spent


def cheap_first(passes: Floats, rule: Rule) -> tuple[Floors, Floats]:
    """Cheap tier first, the middle one only if that is not proved."""
    middle, cheap = _ends(passes, 1, rule), _ends(passes, 0, rule)
    on = cheap.kind != 1
    floors = np.where(on, np.where(middle.kind == 1, 1, 2), 0)
    middle_units = np.where(on, middle.units, 0)
    spent = CALLS[0] * cheap.units + CALLS[1] * middle_units + CALLS[2] * np.maximum(cheap.units, middle_units)
    return floors, spent


def lazy_cheap_first(passes: Floats, rule: Rule) -> tuple[Floors, Floats]:
    """Cheap tier first, the reference asked only where a tier fails: a gap of 0 stands for every pass."""
    cheap, middle = (
        ends(passes[..., tier], np.where(passes[..., tier] >= 1, 1.0, passes[..., 2]), rule) for tier in (0, 1)
    )
    on = cheap.kind != 1
    floors = np.where(on, np.where(middle.kind == 1, 1, 2), 0)
    used = [cheap.units, np.where(on, middle.units, 0)]
    at = np.arange(passes.shape[1])
    asked = np.logical_or(*((at < used[tier][:, None]) & (passes[..., tier] < 1) for tier in (0, 1)))
    return floors, CALLS[0] * used[0] + CALLS[1] * used[1] + CALLS[2] * asked.sum(axis=1)


def _ends(passes: Floats, tier: int, rule: Rule) -> Ends:
    judge = ends if rule.method == "sequential" else read
    return judge(passes[..., tier], passes[..., 2], rule)


def _cheapest(passes: Floats, rule: Pass) -> tuple[Floors, Floats]:
    """The cheapest tier that a rule accepts, each tier asked everything."""
    accepted = [rule(passes[..., tier], passes[..., 2]) for tier in (0, 1)]
    floors = np.where(accepted[0], 0, np.where(accepted[1], 1, 2))
    return floors, np.full(len(passes), sum(CALLS) * passes.shape[1])


def _procedures(passes: Floats, rule: Rule) -> dict[str, tuple[Floors, Floats]]:
    fixed = replace(rule, method="fixed")
    few = passes[:, :POINTS]
    margin = float(rule.margin)
    return {
        "e-process, top-down": top_down(passes, rule),
        "e-process, cheap-first at alpha/2": cheap_first(passes, share_alpha(rule, candidates=2)),
        "e-process, lazy reference, cheap-first at alpha/2": lazy_cheap_first(passes, share_alpha(rule, candidates=2)),
        "exact test, top-down": top_down(passes, fixed),
        "e-process, cheap-first, alpha not shared": cheap_first(passes, rule),
        "point estimate within the margin": _cheapest(
            few, lambda s, r: rivals.point(*_discordant(s, r), POINTS, margin)
        ),
        "not significantly worse (McNemar)": _cheapest(few, lambda s, r: rivals.not_significant(*_discordant(s, r))),
        "Wald limit": _cheapest(few, lambda s, r: rivals.wald(*_discordant(s, r), POINTS, margin)),
        KEEPS: _cheapest(few, lambda s, r: rivals.keeps_share(s.sum(axis=1), r.sum(axis=1), POINTS)),
        HITS: _cheapest(few, lambda s, _: rivals.hits_target(s.sum(axis=1), POINTS)),
        WILSON: _cheapest(few, lambda s, _: rivals.wilson_low(s.sum(axis=1), POINTS)),
    }


OURS = (
    "e-process, top-down",
    "e-process, cheap-first at alpha/2",
    "e-process, lazy reference, cheap-first at alpha/2",
    "exact test, top-down",
)


def _discordant(scores: Floats, reference: Floats) -> tuple[Floats, Floats]:
    return (scores > reference).sum(axis=1).astype(np.float64), (scores < reference).sum(axis=1).astype(np.float64)
