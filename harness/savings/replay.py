"""Outcomes as arrays: what every tier in question has answered, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..stats.economics import Recorded
from ..values import Floor, Ladder, Outcome, Suite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Replay", "replays"]

# A tier that has answered less than this share of the samples in question is left out: it would take the rest with it.
COVERED: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The answers of one kind of work that policies are played on: those to samples that all `tiers` have answered.

    A row of `recorded` is a sample in an epoch, with its `weights` in the mix; units are templates, in a random order
    that is always the same. `form` marks answers whose failure shows without knowing the right one: unreadable, refused
    or truncated; None where no outcome tells how its answer ended.
    """

    tiers: tuple[str, ...]
    left_out: tuple[str, ...]
    samples: int
    recorded: Recorded
    weights: Floats
    form: Flags | None


def replays(
    outcomes: Iterable[Outcome], floors: Sequence[Floor], suites: Sequence[Suite], ladder: Ladder
) -> dict[str, Replay]:
    """The answers to play again, by category: those of floor and reference, and of other tiers with nearly as many.

    Categories in which those two have no sample in common are left out.
    """
    by_suite: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.verdict != "error":
            by_suite[outcome.suite].append(outcome)
    use = {floor.category: floor.use for floor in floors if floor.level is None}
    found: dict[str, Replay] = {}
    for suite in suites:
        if suite.category in use and by_suite[suite.id]:
            made = _replay(by_suite[suite.id], use[suite.category], suite, ladder)
            if made is not None:
                found[suite.category] = made
    return found


def _replay(outcomes: Sequence[Outcome], use: str, suite: Suite, ladder: Ladder) -> Replay | None:
    import numpy as np

    column = {tier.name: number for number, tier in enumerate(ladder.tiers)}
    kept = [outcome for outcome in outcomes if outcome.tier in column]
    about = {(each.sample, each.epoch): (each.template, each.level) for each in kept}
    shuffled = np.random.default_rng(0).permutation(np.array(sorted({template for template, _ in about.values()})))
    place = {template: unit for unit, template in enumerate(shuffled.tolist())}
    keys = sorted(sorted(about), key=lambda key: place[about[key][0]])
    rows = {key: row for row, key in enumerate(keys)}
    at = [rows[each.sample, each.epoch] for each in kept], [column[each.tier] for each in kept]
    scores = np.full((len(rows), len(column)), np.nan)
    costs, form = np.zeros_like(scores), np.zeros(scores.shape, dtype=np.bool_)
    scores[at] = [each.score if suite.graded else each.verdict == "pass" for each in kept]
    costs[at] = [float(each.cost) for each in kept]
    form[at] = [each.finish not in {"ok", None} or each.why == "unparsable" for each in kept]
    given = ~np.isnan(scores)
    base = given[:, column[use]] & given[:, -1]
    chosen = [i for i in column.values() if (base & given[:, i]).sum() >= COVERED * base.sum()]
    common = np.flatnonzero(given[:, chosen].all(axis=1))
    if not len(common):
        return None
    levels = np.array([about[keys[row]][1] for row in common])
    return Replay(
        tiers=tuple(name for name, i in column.items() if i in chosen),
        left_out=tuple(name for name, i in column.items() if i not in chosen),
        samples=len({keys[row][0] for row in common}),
        recorded=Recorded(
            scores=scores[common][:, chosen],
            costs=costs[common][:, chosen],
            kinds=np.zeros(len(common), dtype=np.int64),
            units=np.array([place[about[keys[row]][0]] for row in common]),
        ),
        weights=_weights(levels, ladder.level_shares(suite.category)),
        form=None if all(each.finish is None for each in kept) else form[common][:, chosen],
    )


def _weights(levels: NDArray[np.int64], shares: Mapping[int, Decimal]) -> Floats:
    """What each row counts: alike, or as much as its level has in the mix, whatever the number of its rows."""
    import numpy as np

    weights = np.ones(len(levels))
    if shares:
        for level in np.unique(levels):
            weights[levels == level] = float(shares.get(int(level), 0)) / (levels == level).sum()
    return weights if weights.any() else np.ones(len(levels))
