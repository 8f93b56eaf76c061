"""What routing is worth: stored outcomes played again, sample by sample, under another policy.

Nothing is multiplied from averages: what the dear tier does with the samples that the cheap one failed is looked up.
Arrays are samples x tiers, the tiers cheapest first and the reference last. Costs are floats of one unit of money: they
describe, nobody is billed from them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = [
    "Choose",
    "Played",
    "Recorded",
    "Saved",
    "Terms",
    "break_even",
    "cascade",
    "cost_per_success",
    "extra_failures",
    "halves",
    "held_out",
    "margin_warning",
    "money_margin",
    "oracle",
    "routed",
    "split_half",
    "static",
]

_MANY_UNITS = 2000

Choose = Callable[["Recorded"], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Outcomes of every sample at every tier, none missing.

    `scores` (0..1) and `costs` are samples x tiers; `kinds` is each sample's kind of work and `units` its template,
    both as numbers from 0. `accepted` is what the checker at run time said, the scores themselves where it is perfect.
    """

    scores: Floats
    costs: Floats
    kinds: Ints
    units: Ints
    accepted: Flags | None = None

    def __post_init__(self) -> None:
        shape = self.scores.shape
        if self.costs.shape != shape or len(self.kinds) != shape[0] or len(self.units) != shape[0]:
            raise BadInput("outcomes", f"scores are {shape}, costs {self.costs.shape}, give every sample each of them")

    def part(self, chosen: Flags) -> Recorded:
        """The chosen samples alone."""
        accepted = None if self.accepted is None else self.accepted[chosen]
        return Recorded(
            scores=self.scores[chosen],
            costs=self.costs[chosen],
            kinds=self.kinds[chosen],
            units=self.units[chosen],
            accepted=accepted,
        )

    def passing(self) -> Flags:
        """Which answers the checker accepts."""
        import numpy as np

        return np.asarray(self.scores >= 1) if self.accepted is None else self.accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is paid beside the calls, per sample: `check` each answer, `rework` when none is accepted, `wrong` an
    accepted answer that is wrong.
    """

    check: float = 0.0
    rework: float = 0.0
    wrong: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a policy brings, per sample: cost, score, and whether it succeeds (accepted and right)."""

    cost: Floats
    score: Floats
    success: Flags

    @property
    def cost_per_success(self) -> float:
        return cost_per_success(self.cost, self.success)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A policy against the reference alone: the share of the cost saved, and the change of the mean score.

    Over random halves they are means, and `between` holds the 5 % and 95 % percentiles of the share.
    """

    share: float
    gained: float
    between: tuple[float, float] | None = None


def static(recorded: Recorded, tier: int, terms: Terms | None = None) -> Played:
    """Every sample at one tier, under the same terms as a cascade."""
    return cascade(recorded, [tier], terms)


def cascade(recorded: Recorded, order: Sequence[int], terms: Terms | None = None) -> Played:
    """Tiers tried in order until the checker accepts an answer; every call and every check is paid."""
    import numpy as np

    terms = terms or Terms()
    n = len(recorded.scores)
    cost, score = np.zeros(n), np.zeros(n)
    is_open = np.ones(n, dtype=np.bool_)
    passing = recorded.passing()
    for tier in order:
        cost += np.where(is_open, recorded.costs[:, tier] + terms.check, 0.0)
        score = np.where(is_open, recorded.scores[:, tier], score)
        is_open &= ~passing[:, tier]
    right = score >= 1
    cost += np.where(is_open, terms.rework, np.where(right, 0.0, terms.wrong))
    return Played(cost=cost, score=score, success=~is_open & right)


def routed(recorded: Recorded, tiers: Sequence[int], terms: Terms | None = None) -> Played:
    """Every sample at the tier that a routing table names for its kind of work."""
    import numpy as np

    each = [static(recorded, tier, terms) for tier in range(recorded.scores.shape[1])]
    at = np.asarray(tiers)[recorded.kinds], np.arange(len(recorded.kinds))
    return Played(
        cost=np.stack([played.cost for played in each])[at],
        score=np.stack([played.score for played in each])[at],
        success=np.stack([played.success for played in each])[at],
    )


def oracle(recorded: Recorded) -> Played:
    """The cheapest tier that is right on each sample, the cheapest of all where none is: what no router can beat."""
    import numpy as np

    best = recorded.scores.max(axis=1, keepdims=True)
    is_best = (recorded.scores >= best) & (best >= 1) | (best < 1)
    tier = np.where(is_best, recorded.costs, np.inf).argmin(axis=1)
    at = np.arange(len(tier)), tier
    score = recorded.scores[at]
    return Played(cost=recorded.costs[at], score=score, success=score >= 1)


def cost_per_success(cost: Floats, success: Flags) -> float:
    """All costs over all successes, not the mean of ratios; inf without a success."""
    successes = int(success.sum())
    return float(cost.sum()) / successes if successes else math.inf


def break_even(cheap: float, dear: float, *, check: float = 0.0, escalation: float = 0.0) -> float:
    """The failure rate of the cheap tier above which "cheap, then dear" costs more than the dear tier at once.

    Costs are per call; failures are all detected; `escalation` is what each costs beside the second call.
    """
    return (dear - cheap - check) / (dear + escalation)


def money_margin(tier: float, reference: float, failure: float) -> float:
    """The loss of quality that eats up what the tier saves per call, where an undetected failure costs `failure`.

    A rule with a wider margin tolerates more failures than the saving pays for; inf where failures cost nothing.
    """
    return (reference - tier) / failure if failure > 0 else math.inf


def margin_warning(margin: float, alpha: float, money: float) -> str | None:
    """What to tell a user whose margin does not fit the money margin; None where it does.

    Money margins below zero (a tier that costs more than the reference) buy nothing at all.
    """
    if money <= 0:
        return "the tier costs no less than the reference, there is nothing to save"
    if money >= margin:
        return None
    if math.log(alpha) / math.log1p(-money) > _MANY_UNITS:
        return (
            f"one failure costs more than a margin of {money:.2g} saves, too fine to prove: check answers and escalate"
        )
    return f"the margin is looser than the cost of failures allows: {money:.2g} would be even"


def extra_failures(gap: tuple[float, float, float], calls: float) -> tuple[float, float, float]:
    """Failures more than at the reference, in so many calls: estimate, low and high, from the gap with its limits."""
    estimate, low, high = gap
    return -estimate * calls, -high * calls, -low * calls


def held_out(recorded: Recorded, choose: Choose, first: Flags) -> tuple[Played, tuple[int, ...]]:
    """Tiers chosen on the samples of `first`, one per kind of work, and what they bring on the other samples.

    The saving seen on the samples that chose the tier flatters it. A kind with no sample in `first` gets the reference.
    """
    import numpy as np

    kinds = int(recorded.kinds.max()) + 1 if len(recorded.kinds) else 0
    reference = recorded.scores.shape[1] - 1
    chosen = []
    for kind in range(kinds):
        part = first & (recorded.kinds == kind)
        chosen.append(choose(recorded.part(part)) if part.any() else reference)
    return routed(recorded.part(np.logical_not(first)), chosen), tuple(chosen)


def halves(units: Ints, seed: int) -> Flags:
    """A random half of the units (templates), as a flag for each of their samples."""
    import numpy as np

    names = np.unique(units)
    drawn = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return np.isin(units, drawn)


def split_half(recorded: Recorded, choose: Choose, *, splits: int = 20, seed: int = 0) -> tuple[Saved, Saved]:
    """What a way to choose floors seems to save, and what it saves on samples that it has not seen.

    The first is measured on all samples, which also chose; the second is the mean over random halves that choose for
    the other half.
    """
    import numpy as np

    kinds = int(recorded.kinds.max()) + 1
    chosen = [choose(recorded.part(recorded.kinds == kind)) for kind in range(kinds)]
    seen = _saved(recorded, routed(recorded, chosen))
    unseen = []
    for split in range(splits):
        first = halves(recorded.units, seed + split)
        unseen.append(_saved(recorded.part(~first), held_out(recorded, choose, first)[0]))
    shares = [saved.share for saved in unseen]
    low, high = np.quantile(shares, [0.05, 0.95], method="nearest")
    return seen, Saved(
        share=float(np.mean(shares)),
        gained=float(np.mean([saved.gained for saved in unseen])),
        between=(float(low), float(high)),
    )


def _saved(recorded: Recorded, played: Played) -> Saved:
    reference = static(recorded, recorded.scores.shape[1] - 1)
    return Saved(
        share=1 - float(played.cost.sum() / reference.cost.sum()),
        gained=float(played.score.mean() - reference.score.mean()),
    )
