"""What routing saves on each kind of work and on all of them together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from .. import stats
from ..stats import economics
from ..stats.bands import Band
from ..stats.economics import Saved
from ..values import Floor, Ladder, Rule, Suite
from .held_out import held_out
from .policies import Checked, Kind, Policy, Terms, Way, checked, drawn, policies, ways
from .replay import Replay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Saving", "savings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What policies bring on one kind of work or, with `category` None, on all of them in their `shares`.

    `use` is the floor, or the reference where none is proved; the main cascade begins with the tier `first`: the floor,
    or the ladder's cheapest. `held_out` is what floors chosen on half of the templates save on the other half.
    """

    category: str | None
    shares: Mapping[str, float]
    is_mix: bool
    use: str
    first: str | None
    samples: int
    left_out: tuple[str, ...]
    policies: tuple[Policy, ...]
    held_out: Saved | None
    margin: Decimal | None = None
    money_margin: float | None = None
    warning: str | None = None

    @property
    def main(self) -> tuple[Policy, ...]:
        """The reference, the floor where it is another tier, and the main cascade under each check."""
        return tuple(each for each in self.policies if each.kind != "cascade" or each.tiers[:1] in {(), (self.first,)})

    def cheapest(self, check: Checked) -> Policy | None:
        """What costs least per success, the reference under the same check among them; None where nothing succeeds.

        Unchecked failures go out and cost what they cost, if that is told; those that a perfect check catches do not.
        """
        kinds = {"reference", "cascade" if check == "everything" else "floor"}
        costs = [
            ((each.with_failures if check == "nothing" else None) or each.per_success).estimate
            if each.kind in kinds and each.check in {"nothing", check}
            else math.inf
            for each in self.main
        ]
        best = min(costs)
        return None if math.isinf(best) else self.main[costs.index(best)]


def savings(
    played: Mapping[str, Replay],
    floors: Sequence[Floor],
    suites: Sequence[Suite],
    ladder: Ladder,
    terms: Terms | None = None,
) -> tuple[Saving, ...]:
    """One Saving for each category that has replays, in the order of the suites; of several, a last one for all.

    All are weighted by the ladder's mix of work if it declares one, else alike. Bands are bootstrap percentiles at 90 %
    with fixed seeds; a floor's failures carry the interval of its gap.
    """
    terms = terms or Terms()
    overall = {floor.category: floor for floor in floors if floor.level is None}
    rows = len(floors) if ladder.table_alpha else 1
    found, all_means = [], []
    for number, suite in enumerate(suite for suite in suites if suite.category in played):
        replay, floor = played[suite.category], overall[suite.category]
        played_ways = ways(replay, floor)
        means = drawn(replay, played_ways, terms, seed=number)
        unseen = held_out(replay, stats.share_alpha(suite.rule, rows=rows), ladder)
        found.append(_saving(replay, floor, suite.rule, policies(played_ways, means, terms), terms, unseen))
        all_means.append(means)
    return (*found, _together(found, all_means, ladder, terms)) if len(found) > 1 else tuple(found)


def _saving(
    replay: Replay, floor: Floor, rule: Rule, made: Sequence[Policy], terms: Terms, unseen: Saved | None
) -> Saving:
    cheaper = replay.tiers[:-1]
    saving = Saving(
        category=floor.category,
        shares={floor.category: 1.0},
        is_mix=False,
        use=floor.use,
        first=floor.use if floor.use in cheaper else next(iter(cheaper), None),
        samples=replay.samples,
        left_out=replay.left_out,
        policies=tuple(_measured(policy, replay, floor, terms) for policy in made),
        held_out=unseen,
        margin=rule.margin,
    )
    routed = next((policy for policy in made if policy.kind == "floor"), None)
    if terms.failure is None or routed is None:
        return saving
    money = economics.money_margin(routed.cost.estimate, made[0].cost.estimate, float(terms.failure))
    warning = economics.margin_warning(float(rule.margin), float(rule.alpha), money)
    return replace(saving, money_margin=money, warning=warning)


def _measured(policy: Policy, replay: Replay, floor: Floor, terms: Terms) -> Policy:
    """With what is not a ratio of sums: a floor's failures from its gap's interval, a cascade's break-even."""
    if policy.kind == "floor":
        gap = next(row.gap for row in floor.rows if row.tier == floor.use)
        if gap is not None:
            estimate, low, high = economics.extra_failures(gap, terms.requests)
            return replace(policy, failures=Band(estimate=estimate, low=low, high=high))
    if policy.kind == "cascade":
        seen, tier = checked(replay, policy.check), replay.tiers.index(policy.tiers[0])
        cheap, dear = (_mean(seen.costs[:, i], replay.weights) for i in (tier, -1))
        fails = 1 - _mean(seen.passing()[:, tier].astype(float), replay.weights)
        return replace(policy, fails=fails, break_even=economics.break_even(cheap, dear) if dear > 0 else None)
    return policy


def _mean(values: Floats, weights: Floats) -> float:
    return float(values @ weights) / float(weights.sum())


def _together(found: Sequence[Saving], all_means: Sequence[Floats], ladder: Ladder, terms: Terms) -> Saving:
    """All kinds of work in their shares, each under the reference, its floor and its main cascades."""
    import numpy as np

    mix = [ladder.share(str(each.category)) for each in found]
    is_mix = all(share is not None for share in mix) and any(mix)
    raw = np.array([float(share or 0) if is_mix else 1.0 for share in mix])
    shares = raw / raw.sum()
    slots: tuple[tuple[Kind, Checked], ...] = (
        *(("reference", "nothing"), ("floor", "nothing"), ("cascade", "everything"), ("cascade", "form")),
    )
    played, columns = [], []
    for kind, check in slots:
        at = [_place(each, kind, check) for each in found]
        if any(at) or kind == "reference":
            played.append(Way(kind=kind, check=check, tiers=()))
            columns.append(sum(share * means[:, i] for share, means, i in zip(shares, all_means, at, strict=True)))
    together = policies(played, np.stack(columns, axis=1), terms)
    return Saving(
        category=None,
        shares={str(each.category): float(share) for each, share in zip(found, shares, strict=True)},
        is_mix=is_mix,
        use="",
        first=None,
        samples=sum(each.samples for each in found),
        left_out=(),
        policies=tuple(together),
        held_out=_held_out_together(found, shares),
    )


def _place(saving: Saving, kind: Kind, check: Checked) -> int:
    """The place of one of the main policies; that of the reference, 0, where a kind of work lacks it."""
    wanted = (each for each in saving.main if (each.kind, each.check) == (kind, check))
    return next((saving.policies.index(each) for each in wanted), 0)


def _held_out_together(found: Sequence[Saving], shares: Floats) -> Saved | None:
    """Shares saved, weighted by what the reference costs; gains as they are; bounds as if all were low or high at once."""
    told = [
        (each.held_out, share, share * each.policies[0].cost.estimate)
        for each, share in zip(found, shares, strict=True)
    ]
    known = [(saved, share, cost) for saved, share, cost in told if saved is not None]
    if len(known) < len(told):
        return None
    spent = sum(cost for _, _, cost in known)

    def weighted(value: Callable[[Saved], float]) -> float:
        return float(sum(cost * value(saved) for saved, _, cost in known) / spent)

    return Saved(
        share=weighted(lambda saved: saved.share),
        gained=float(sum(share * saved.gained for saved, share, _ in known)),
        between=(
            weighted(lambda saved: saved.share if saved.between is None else saved.between[0]),
            weighted(lambda saved: saved.share if saved.between is None else saved.between[1]),
        ),
    )
