"""Policies played on stored answers, each with its bootstrap bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from ..stats import bands, economics
from ..stats.bands import Band
from ..stats.economics import Recorded
from ..values import Floor
from .replay import Replay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Checked", "Kind", "Policy", "Terms", "Way", "checked", "drawn", "policies", "ways"]

NOTHING: Final = 1e-12

Kind = Literal["reference", "floor", "cascade"]
Checked = Literal["nothing", "everything", "form"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What users know of their own work: how many requests, and what an undetected failure costs (None: not told)."""

    requests: int = 1000
    failure: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One way to route, per sample in the ladder's unit: `tiers` are tried in order until the check accepts an answer.

    The check `everything` is the suite's own checker, which gave the verdicts; `form` sees what needs no right answer.
    `saved` is a share of the reference's cost, `failures` are those more than at the reference in the requests of the
    terms, `with_failures` the cost per success with that of undetected failures in it. Of a cascade `fails` is the
    share of its first tier's answers that the check stops, `break_even` the share at which it saves nothing.
    """

    kind: Kind
    check: Checked
    tiers: tuple[str, ...]
    cost: Band
    per_success: Band
    quality: Band
    saved: Band
    failures: Band
    with_failures: Band | None = None
    fails: float | None = None
    break_even: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A policy before it is played."""

    kind: Kind
    check: Checked
    tiers: tuple[str, ...]


def ways(replay: Replay, floor: Floor) -> list[Way]:
    """The reference, the floor where it is another tier, and from each cheaper tier a cascade to the reference."""
    *cheaper, reference = replay.tiers
    floors = [Way(kind="floor", check="nothing", tiers=(floor.use,))] if floor.use in cheaper else []
    checks: tuple[Checked, ...] = ("everything",) if replay.form is None else ("everything", "form")
    cascades = [Way(kind="cascade", check=check, tiers=(tier, reference)) for tier in cheaper for check in checks]
    return [Way(kind="reference", check="nothing", tiers=(reference,)), *floors, *cascades]


def drawn(replay: Replay, played: Sequence[Way], terms: Terms, *, seed: int) -> Floats:
    """Mean cost, score, success and cost with failures by way: first of all rows, then of each bootstrap replicate."""
    import numpy as np

    wrong = economics.Terms(wrong=float(terms.failure or 0))
    columns = []
    for way in played:
        seen, order = checked(replay, way.check), [replay.tiers.index(tier) for tier in way.tiers]
        plain = economics.cascade(seen, order)
        dear = plain if terms.failure is None else economics.cascade(seen, order, wrong)
        columns += [plain.cost, plain.score, plain.success.astype(np.float64), dear.cost]
    columns.append(np.ones(len(replay.weights)))
    matrix = np.column_stack(columns) * replay.weights[:, None]
    replicates = bands.resampled_sums(matrix, replay.recorded.units, seed=seed)
    sums = np.vstack([matrix.sum(axis=0), replicates])
    found: Floats = (sums[:, :-1] / sums[:, -1:]).reshape(len(sums), len(played), 4)
    return found


def checked(replay: Replay, check: Checked) -> Recorded:
    """The answers as a router sees them; one that checks nothing accepts them all."""
    import numpy as np

    if check == "everything":
        return replay.recorded
    accepts_all = np.ones(replay.recorded.scores.shape, dtype=np.bool_)
    return replace(
        replay.recorded, accepted=~replay.form if check == "form" and replay.form is not None else accepts_all
    )


def policies(played: Sequence[Way], means: Floats, terms: Terms) -> list[Policy]:
    """The policies with their bands, from what `drawn` gives; the first is the reference."""
    cost, quality, success, dear = (means[:, :, i] for i in range(4))
    return [
        Policy(
            kind=way.kind,
            check=way.check,
            tiers=way.tiers,
            cost=_band(cost[:, i]),
            per_success=_band(_over(cost[:, i], success[:, i])),
            quality=_band(quality[:, i]),
            saved=_band(1 - _over(cost[:, i], cost[:, 0])),
            failures=_band(terms.requests * (quality[:, 0] - quality[:, i])),
            with_failures=None if terms.failure is None else _band(_over(dear[:, i], success[:, i])),
        )
        for i, way in enumerate(played)
    ]


def _over(above: Floats, below: Floats) -> Floats:
    """Ratios; inf where there is nothing below, 1 where there is nothing at all; noise of replicates is nothing."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > NOTHING, above / below, np.where(above > NOTHING, np.inf, 1.0))


def _band(values: Floats) -> Band:
    """The estimate, which comes first, with the 5 % and 95 % percentiles of the replicates after it."""
    import numpy as np

    low, high = np.quantile(values[1:], [0.05, 0.95], method="higher")
    return Band(estimate=float(values[0]), low=float(low), high=float(high))
