"""Bootstrap bands for what routing is worth: samples are drawn again for all tiers at once, whole templates together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadInput
from .curves import mix_quality
from .economics import Played, Recorded, routed, static

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "Band",
    "HullBand",
    "Projection",
    "Savings",
    "hull_band",
    "policy_bands",
    "projected",
    "resampled_sums",
    "savings",
]

RUNS = 2000
MANY_UNITS = 5000
_CHUNK = 2**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An estimate with the 5 % and 95 % percentiles of its bootstrap replicates."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """A policy beside the reference alone: money saved per sample and as a share, and change of the mean score."""

    saved: Band
    share: Band
    gained: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class HullBand:
    """Best quality by mixing tiers, with its band, on a grid of costs; and how often each tier is a corner."""

    costs: tuple[float, ...]
    quality: tuple[Band, ...]
    on_hull: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Bills for a workload at the reference alone and routed, what that saves, and the failures more that it brings."""

    reference: Band
    routed: Band
    saved: Band
    share: Band
    failures: Band


def resampled_sums(columns: Floats, units: Ints, *, runs: int = RUNS, seed: int = 0) -> Floats:
    """Column sums in each of `runs` bootstrap replicates, drawing units (templates) with all their rows.

    Up to 5000 units by drawing with replacement. Beyond, each unit counts twice or not at all, by a coin: such weights
    have the same mean and variance as Poisson's, so the bands differ by what vanishes faster than they narrow.
    """
    import numpy as np

    # Units may be a part of a larger numbering.
    _, units = np.unique(units, return_inverse=True)
    count = int(units.max()) + 1
    sums = np.column_stack([np.bincount(units, weights=column, minlength=count) for column in columns.T])
    rng = np.random.default_rng(seed)
    means = sums.mean(axis=0)
    centred = sums - means
    replicates = np.empty((runs, sums.shape[1]))
    step = max(8, _CHUNK // count)
    for start in range(0, runs, step):
        rows = min(step, runs - start)
        if count <= MANY_UNITS:
            drawn = rng.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
            times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
            total = np.full((rows, 1), float(count))
            drawn_sums = times @ centred
        else:
            bits = np.unpackbits(rng.integers(256, size=(rows, -(-count // 8)), dtype=np.uint8), axis=1, count=count)
            coins = bits.astype(np.float32)
            total = 2 * coins.sum(axis=1, dtype=np.float64, keepdims=True)
            drawn_sums = 2 * (coins @ centred.astype(np.float32)).astype(np.float64)
        replicates[start : start + rows] = drawn_sums + total * means
    return replicates


def policy_bands(recorded: Recorded, played: Sequence[Played], *, runs: int = RUNS, seed: int = 0) -> list[list[Band]]:
    """Bands of mean cost, mean score and cost per success of each policy, all from the same replicates."""
    import numpy as np

    columns = [np.ones(len(recorded.units))]
    for policy in played:
        columns += [policy.cost, policy.score, policy.success.astype(np.float64)]
    matrix = np.column_stack(columns)
    drawn = resampled_sums(matrix, recorded.units, runs=runs, seed=seed)
    total = matrix.sum(axis=0)
    bands = []
    for i in range(len(played)):
        cost, score, success = range(1 + 3 * i, 4 + 3 * i)
        bands.append([_ratio(total, drawn, *pair) for pair in ((cost, 0), (score, 0), (cost, success))])
    return bands


def savings(recorded: Recorded, policy: Played, reference: Played, *, runs: int = RUNS, seed: int = 0) -> Savings:
    """What a policy saves against the reference alone and what it does to the mean score, on the same samples."""
    import numpy as np

    ones = np.ones(len(recorded.units))
    matrix = np.column_stack([ones, reference.cost - policy.cost, reference.cost, policy.score - reference.score])
    drawn = resampled_sums(matrix, recorded.units, runs=runs, seed=seed)
    total = matrix.sum(axis=0)
    return Savings(
        saved=_ratio(total, drawn, 1, 0), share=_ratio(total, drawn, 1, 2), gained=_ratio(total, drawn, 3, 0)
    )


def projected(
    recorded: Recorded, tiers: Sequence[int], calls: Sequence[float], *, runs: int = RUNS, seed: int = 0
) -> Projection:
    """The bills for so many calls of each kind of work, all at the reference and routed to the given tiers.

    Each kind is drawn again by itself, all tiers together. A kind with calls must have samples.
    """
    import numpy as np

    reference = static(recorded, recorded.scores.shape[1] - 1)
    policy = routed(recorded, tiers)
    total, drawn = np.zeros(3), np.zeros((runs, 3))
    for kind, number in enumerate(calls):
        chosen = recorded.kinds == kind
        if number <= 0:
            continue
        if not chosen.any():
            raise BadInput(
                f"calls[{kind}]", "calls of a kind of work without outcomes cannot be billed, measure it first"
            )
        columns = np.column_stack([reference.cost, policy.cost, reference.score - policy.score, np.ones(len(chosen))])
        sums = columns[chosen].sum(axis=0)
        again = resampled_sums(columns[chosen], recorded.units[chosen], runs=runs, seed=seed + kind)
        total += number * sums[:3] / sums[3]
        drawn += number * again[:, :3] / again[:, 3:]
    saved = np.column_stack([drawn[:, 0] - drawn[:, 1], drawn[:, 0]])
    return Projection(
        reference=_band(total[0], drawn[:, 0]),
        routed=_band(total[1], drawn[:, 1]),
        saved=_band(total[0] - total[1], saved[:, 0]),
        share=_ratio(np.array([total[0] - total[1], total[0]]), saved, 0, 1),
        failures=_band(total[2], drawn[:, 2]),
    )


def hull_band(recorded: Recorded, *, points: int = 41, runs: int = RUNS, seed: int = 0) -> HullBand:
    """The non-decreasing hull of the tiers' mean costs and scores, drawn again in each replicate on one grid of costs."""
    import numpy as np

    tiers = recorded.scores.shape[1]
    matrix = np.column_stack([np.ones(len(recorded.units)), recorded.costs, recorded.scores])
    total = matrix.sum(axis=0, keepdims=True)
    drawn = resampled_sums(matrix, recorded.units, runs=runs, seed=seed)

    def means(sums: Floats) -> tuple[Floats, Floats]:
        return sums[:, 1 : 1 + tiers] / sums[:, :1], sums[:, 1 + tiers :] / sums[:, :1]

    costs, scores = means(total)
    grid = np.linspace(costs.min(), costs.max(), points)
    estimate = mix_quality(costs, scores, grid)[0]
    drawn_costs, drawn_scores = means(drawn)
    # Below a replicate's cheapest tier nothing can be had; its cheapest point stands there.
    floor = drawn_scores[np.arange(runs), drawn_costs.argmin(axis=1)]
    curves = mix_quality(drawn_costs, drawn_scores, grid)
    low, high = np.quantile(np.where(np.isnan(curves), floor[:, None], curves), [0.05, 0.95], axis=0)
    return HullBand(
        costs=tuple(map(float, grid)),
        quality=tuple(
            Band(estimate=float(e), low=float(a), high=float(b)) for e, a, b in zip(estimate, low, high, strict=True)
        ),
        on_hull=tuple(float(share) for share in _corners(drawn_costs, drawn_scores).mean(axis=0)),
    )


def _corners(costs: Floats, scores: Floats) -> NDArray[np.bool_]:
    """Which tiers are corners of each row's hull: strictly above what mixing the other tiers gives at their cost."""
    import numpy as np

    found = []
    for tier in range(costs.shape[1]):
        others = [i for i in range(costs.shape[1]) if i != tier]
        best = [mix_quality(costs[:, others], scores[:, others], costs[:, tier, None])[:, 0]] if others else []
        found.append(
            np.isnan(best[0]) | (scores[:, tier] > best[0] + 1e-12) if best else np.ones(len(costs), dtype=np.bool_)
        )
    return np.column_stack(found)


def _band(estimate: float, replicates: Floats) -> Band:
    import numpy as np

    low, high = np.quantile(replicates, [0.05, 0.95])
    return Band(estimate=float(estimate), low=float(low), high=float(high))


def _ratio(total: Floats, drawn: Floats, above: int, below: int) -> Band:
    """The band of one column's sum over another's; inf where there is nothing below."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(drawn[:, below] > 0, drawn[:, above] / drawn[:, below], np.inf)
    low, high = np.quantile(ratios, [0.05, 0.95], method="higher")
    estimate = float(total[above] / total[below]) if total[below] > 0 else float("inf")
    return Band(estimate=estimate, low=float(low), high=float(high))
