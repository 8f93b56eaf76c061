"""What was fixed before the answers came, and how a suite and a ladder stand to it now.

The first registration stays until another version of the suite, or other models behind every tier, make the evidence
start anew: a rule changed after data shows however often the results are made again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from . import stats
from .values import Ladder, Outcome, Registered, Sample, Suite

__all__ = ["Standing", "counted", "levels", "models", "placed", "stand"]

Served = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The registration to keep, and what was changed after the answers were seen (None: nothing)."""

    registered: Registered
    post_hoc: str | None = None


def stand(
    suite: Suite,
    ladder: Ladder,
    served: Served,
    touched: Iterable[str],
    before: Registered | None = None,
    *,
    lazy: bool = False,
) -> Standing:
    """How a suite and a ladder stand to what was registered `before`.

    `served` are the models behind each tier's answers, `touched` the units that any tier has an outcome of: what was
    registered came before them. `lazy` is for what is registered now; before, it was decided once and for all. Another
    checker judges all answers anew under the rule as it was registered. Another model retires the answers of those
    before it at its tier; once every tier has one, no answer is left that a changed rule could have been fitted to.
    """
    if before is not None and before.version != suite.version:
        before = None
    now = _now(suite, ladder, served, touched, before)
    if before is None and lazy:
        now = replace(now, lazy=suite.rule.method == "sequential" and len(ladder.tiers) > 1)
    if before is None:
        return Standing(registered=now)
    known = {tier: before.models.get(tier) or names for tier, names in now.models.items()}
    seen = max(before.seen, now.seen)
    state = stats.standing(_registration(before, known), _registration(now, now.models), seen=seen)
    if state == "new":
        return Standing(registered=now)
    renewed = {tier for tier, names in known.items() if names != now.models[tier]}
    retired = {tier: (*before.retired.get(tier, ()), *known[tier]) for tier in renewed}
    if renewed and all(tier in renewed for tier, names in known.items() if names):
        return Standing(registered=replace(now, retired={**before.retired, **retired}))
    kept = replace(
        before,
        order=now.order,
        seen=seen,
        checker=now.checker,
        models={**before.models, **now.models},
        retired={**before.retired, **retired},
    )
    return Standing(registered=kept, post_hoc="; ".join(_changes(before, now)) or None)


def placed(suite: Suite, before: Registered | None) -> Suite:
    """The suite with its units in the order that was registered before, if it is still the same version."""
    if before is None or before.version != suite.version:
        return suite
    present = {sample.template for sample in suite.samples}
    return replace(suite, order=tuple(unit for unit in before.order if unit in present))


def models(outcomes: Iterable[Outcome], served: Mapping[str, str]) -> dict[str, dict[str, set[str]]]:
    """The models behind the outcomes, by suite and tier; `served` names the model of each request key."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for outcome in outcomes:
        found[outcome.suite][outcome.tier].update(served[key] for key in outcome.keys if key in served)
    return found


def counted(
    outcomes: Iterable[Outcome], served: Mapping[str, str], registered: Mapping[str, Registered]
) -> tuple[Outcome, ...]:
    """The outcomes that are evidence: those of retired models are not."""
    gone = {(suite, tier): set(names) for suite, kept in registered.items() for tier, names in kept.retired.items()}
    return tuple(
        outcome
        for outcome in outcomes
        if not gone
        or gone.get((outcome.suite, outcome.tier), set()).isdisjoint(served.get(key, "") for key in outcome.keys)
    )


def levels(samples: Iterable[Sample]) -> dict[str, tuple[int, int]]:
    """The number of samples and of units by level."""
    pairs = [(str(sample.level), sample.template) for sample in samples]
    counts, units = Counter(level for level, _ in pairs), Counter(level for level, _ in set(pairs))
    return {level: (counts[level], units[level]) for level in sorted(counts)}


def _now(suite: Suite, ladder: Ladder, served: Served, touched: Iterable[str], before: Registered | None) -> Registered:
    order = stats.in_order(
        before.order if before else suite.order, {sample.template for sample in suite.samples}, suite.id
    )
    place = {unit: number for number, unit in enumerate(order, start=1)}
    return Registered(
        version=suite.version,
        rule=suite.rule,
        graded=suite.graded,
        order=order,
        seen=max((place[unit] for unit in touched if unit in place), default=0),
        levels=levels(suite.samples),
        tiers=tuple(tier.name for tier in ladder.tiers),
        floors=ladder.floors,
        table_alpha=ladder.table_alpha,
        mix={key: share for key, share in ladder.mix.items() if key.rpartition(".")[0] == suite.category},
        checker=suite.checker_hash,
        models={tier.name: _models(served.get(tier.name, set()), tier.name, before) for tier in ladder.tiers},
        retired={},
        lazy=before is not None and before.lazy,
    )


def _models(served: set[str], tier: str, before: Registered | None) -> tuple[str, ...]:
    """The models behind a tier's evidence: those registered, until one serves that neither they nor the retired are."""
    if before is None:
        return tuple(sorted(served))
    known = before.models.get(tier, ())
    others = served.difference(known, before.retired.get(tier, ()))
    return tuple(sorted(others)) or known


def _registration(kept: Registered, names: Mapping[str, tuple[str, ...]]) -> stats.Registration:
    behind = tuple(f"{tier} = {name}" for tier in sorted(names) for name in names[tier])
    return stats.Registration(rule=kept.rule, order=kept.order, tiers=kept.tiers, models=behind, checker=kept.checker)


def _changes(before: Registered, now: Registered) -> Iterator[str]:
    """What was decided otherwise when the first answers came."""
    for name in ("margin", "alpha", "bar", "horizon", "method"):
        old, new = getattr(before.rule, name), getattr(now.rule, name)
        if old != new:
            yield f"{name} {old} became {new}"
    if before.tiers != now.tiers:
        yield f"tiers {', '.join(before.tiers)} became {', '.join(now.tiers)}"
    if before.floors != now.floors:
        yield f"floors {before.floors} became {now.floors}"
    for name in ("table_alpha", "graded", "mix"):
        if getattr(before, name) != getattr(now, name):
            yield f"{name} was changed"
