"""What floors save on samples that did not choose them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .. import stats
from ..stats import economics, paths
from ..stats.economics import Recorded, Saved
from ..stats.walk import Kind
from ..values import Ladder, Rule
from .replay import Replay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["held_out"]

SPLITS: Final = 20
# Of more units a random part is played: the shares are known well enough from them.
MOST_UNITS: Final = 5000


def held_out(replay: Replay, rule: Rule, ladder: Ladder) -> Saved | None:
    """What floors chosen on half of the templates save on the other half, over random halves; rows count alike."""
    import numpy as np

    recorded = replay.recorded.part(np.isin(replay.recorded.units, np.unique(replay.recorded.units)[:MOST_UNITS]))
    if len(np.unique(recorded.units)) < 2 or len(replay.tiers) < 2 or not recorded.costs[:, -1].all():
        return None
    if ladder.floors == "cheap-first":
        rule = stats.share_alpha(rule, candidates=len(ladder.tiers) - 1)

    def choose(part: Recorded) -> int:
        return _chosen(part, rule, is_cheap_first=ladder.floors == "cheap-first")

    return economics.split_half(recorded, choose, splits=SPLITS)[1]


def _chosen(part: Recorded, rule: Rule, *, is_cheap_first: bool) -> int:
    """The tier that the rule routes to on these rows alone.

    The horizon reaches no further than there are units, as it would in a suite of that size, and they are read up to
    its fourfold. Each part has an order of its own: halves that began with the same units would err alike.
    """
    import numpy as np

    units, at = np.unique(part.units, return_inverse=True)
    order = np.random.default_rng(int(units.sum())).permutation(len(units))[: 4 * rule.horizon]
    sizes = np.bincount(at)
    scores = np.stack([np.bincount(at, weights=column) / sizes for column in part.scores.T])[:, order]
    own = replace(rule, horizon=min(rule.horizon, scores.shape[1]))
    *cheaper, reference = range(len(scores))
    # Without a floor a router uses the reference, whatever its own verdict.
    kinds: list[Kind] = ["inconclusive"] * reference
    kinds.append("sufficient")
    for tier in cheaper if is_cheap_first else reversed(cheaper):
        kinds[tier] = _verdict(scores[tier], scores[reference], own)
        if (kinds[tier] == "sufficient") == is_cheap_first:
            break
    costs = [float(cost) for cost in part.costs.mean(axis=0)]
    walk = stats.cheap_first(kinds) if is_cheap_first else stats.top_down(kinds, costs)
    return reference if walk.floor is None else walk.floor


def _verdict(scores: Floats, reference: Floats, rule: Rule) -> Kind:
    if rule.method == "sequential":
        return stats.judge(scores.tolist(), reference.tolist(), rule).kind
    at = slice(rule.horizon)
    return "sufficient" if paths.read(scores[None, at], reference[None, at], rule).kind[0] == 1 else "inconclusive"
