"""What a suite can prove before anything is paid: chances of each verdict and expected units, by seeded simulation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import BadInput
from ..values import Rule
from .paths import ends, read
from .rules import check_rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Assumed", "Chances", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What a user expects: pass rates of tier and reference, and how alike they fail.

    `correlation` is that of passing the same sample (phi), as far as the rates allow; 0.4 is common between tiers of one
    family. `discordance`, the share of samples that just one of the two passes, can be given in its place.
    """

    quality: float
    reference: float
    correlation: float = 0.4
    discordance: float | None = None

    @property
    def wins_and_losses(self) -> tuple[float, float]:
        """Chances that only the tier, and that only the reference, passes a sample. Raises BadInput if impossible."""
        p, r = self.quality, self.reference
        if not (0 <= p <= 1 and 0 <= r <= 1):
            raise BadInput("quality", f"{p} and {r} are not both between 0 and 1")
        gap = p - r
        if self.discordance is None:
            both = p * r + self.correlation * math.sqrt(p * (1 - p) * r * (1 - r))
            both = min(max(both, p + r - 1, 0.0), p, r)
            return p - both, r - both
        if not abs(gap) - 1e-12 <= self.discordance <= min(p + r, 2 - p - r) + 1e-12:
            problem = f"{self.discordance} does not fit rates of {p} and {r}, take at least {abs(gap):g}"
            raise BadInput("discordance", problem)
        return (self.discordance + gap) / 2, (self.discordance - gap) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What a suite of `size` units will say: chances of each verdict and the mean number of units until then.

    `futile` is the part of `inconclusive` that is given up as hopeless before its units are used up.
    """

    size: int
    sufficient: float
    insufficient: float
    inconclusive: float
    futile: float
    units: float


def power(
    rule: Rule, assumed: Assumed, sizes: Sequence[int], *, runs: int = 2000, seed: int = 0, futility: bool = True
) -> tuple[Chances, ...]:
    """Chances for suites of each size whose horizon is that size, one pass or fail per unit.

    At 2000 runs a chance has a standard error of about one point. `futility` stops hopeless runs, as the program does.
    Expected cost is `units` times what tier and reference cost a unit.
    """
    check_rule(rule)
    return tuple(_chances(replace(rule, horizon=size), assumed, runs, seed, futility=futility) for size in sizes)


def _chances(rule: Rule, assumed: Assumed, runs: int, seed: int, *, futility: bool) -> Chances:
    import numpy as np

    scores, reference = _drawn(assumed, (runs, rule.horizon), seed)
    if rule.method == "sequential":
        ended = ends(scores, reference, rule, futility=futility)
    else:
        ended = read(scores, reference, rule)
    kind = ended.kind
    return Chances(
        size=rule.horizon,
        sufficient=float(np.mean(kind == 1)),
        insufficient=float(np.mean(kind == -1)),
        inconclusive=float(np.mean(kind == 0)),
        futile=float(np.mean((kind == 0) & (ended.units < rule.horizon))),
        units=float(ended.units.mean()),
    )


def _drawn(assumed: Assumed, shape: tuple[int, int], seed: int) -> tuple[Floats, Floats]:
    """Scores of tier and reference; one number decides a pair, so equal seeds share their luck."""
    import numpy as np

    win, loss = assumed.wins_and_losses
    luck = np.random.default_rng(seed).random(shape)
    # From 0 up: only the reference, only the tier, both, none.
    tier = (luck >= loss) & (luck < loss + assumed.quality)
    reference = (luck < loss) | (luck >= loss + win) & (luck < loss + assumed.quality)
    return tier.astype(np.float64), reference.astype(np.float64)
