"""Kinds of work: a suite's samples by level, in the order in which they are read, with their weights in the mix."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from . import registry
from .values import Ladder, Outcome, Registered, Rule, Suite

__all__ = ["Kind", "Units", "kinds_of", "plain_units", "typical"]

Units = Sequence[tuple[str, Sequence[tuple[str, float]]]]

# 0: samples that have no level, which count among all levels together only.
_LEVELS = (0, 1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of work (`level` None: all of its `levels` together).

    `units` are their samples, each with its weight, in the order in which evidence is read. `weights` are those of a
    sample by level, and `heaviest` is the most that a unit weighs; both None where every unit counts alike.
    """

    category: str
    level: int | None
    levels: frozenset[int]
    rule: Rule
    planned: int
    units: Units
    weights: Mapping[int, Decimal] | None = None
    heaviest: float | None = None


def kinds_of(suite: Suite, ladder: Ladder, registered: Registered) -> tuple[Kind, ...]:
    """All levels together, then each level that has samples.

    A level's horizon and the weights by the mix rest on the samples that were registered first: those which come later
    change no bet that was made. Units that are registered and gone are among all levels, with a sample that nobody
    answered.
    """
    place = {unit: number for number, unit in enumerate(registered.order)}
    by_level: dict[int, dict[str, list[str]]] = {level: defaultdict(list) for level in _LEVELS}
    for sample in suite.samples:
        by_level[sample.level][sample.template].append(sample.id)
    present = [level for level in _LEVELS if by_level[level]]
    counts = {**registry.levels(suite.samples), **registered.levels}
    alone = tuple(
        Kind(
            category=suite.category,
            level=level,
            levels=frozenset({level}),
            rule=replace(suite.rule, horizon=counts[str(level)][1]),
            planned=sum(map(len, by_level[level].values())),
            units=[
                (unit, [(id_, 1.0) for id_ in by_level[level][unit]])
                for unit in sorted(by_level[level], key=place.__getitem__)
            ],
        )
        for level in present
        if level
    )
    return (_together(suite, ladder, registered, by_level, counts), *alone) if present else ()


def plain_units(kind: Kind, ladder: Ladder, asked: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The units on which the reference's answers say what it is like: all before the first where it was left unasked.

    `kind` is that of all levels, `asked` gives the samples that each tier was asked. Beyond that unit a reference is asked
    where a tier fails, and such samples are harder than the rest.
    """
    own = asked.get(ladder.reference.name, ())
    others = [asked.get(tier.name, ()) for tier in ladder.tiers[:-1]]
    for place, (_, members) in enumerate(kind.units):
        if any(sample not in own and any(sample in other for other in others) for sample, _ in members):
            return tuple(unit for unit, _ in kind.units[:place])
    return tuple(unit for unit, _ in kind.units)


def typical(
    outcomes: Iterable[Outcome], suites: Iterable[Suite], ladder: Ladder, registered: Mapping[str, Registered]
) -> tuple[Outcome, ...]:
    """The outcomes that tiers can be compared on: without the reference's beyond its plain units."""
    outcomes = tuple(outcomes)
    asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for outcome in outcomes:
        asked[outcome.suite][outcome.tier].add(outcome.sample)
    plain = {
        suite.id: frozenset(plain_units(kinds[0], ladder, asked[suite.id]))
        for suite in suites
        if suite.id in registered and registered[suite.id].lazy
        if (kinds := kinds_of(suite, ladder, registered[suite.id]))
    }
    return tuple(
        each
        for each in outcomes
        if each.tier != ladder.reference.name or each.suite not in plain or each.template in plain[each.suite]
    )


def _together(
    suite: Suite,
    ladder: Ladder,
    registered: Registered,
    by_level: Mapping[int, Mapping[str, Sequence[str]]],
    counts: Mapping[str, tuple[int, int]],
) -> Kind:
    shares = {level: share for level, share in ladder.level_shares(suite.category).items() if share and by_level[level]}
    weights = {level: share / counts[str(level)][0] for level, share in shares.items()}
    levels = [level for level in _LEVELS if by_level[level] and (level in weights or not weights)]
    units: dict[str, list[tuple[str, float]]] = {unit: [] for unit in registered.order}
    for level in levels:
        weight = float(weights.get(level, 1))
        for unit, samples in by_level[level].items():
            units[unit] += [(id_, weight) for id_ in samples]
    most = max(math.fsum(weight for _, weight in members) for members in units.values())
    for unit in set(units).difference(*by_level.values()):
        units[unit] = [(f"{unit} (gone)", most if weights else 1.0)]
    return Kind(
        category=suite.category,
        level=None,
        levels=frozenset(levels),
        rule=suite.rule,
        planned=sum(len(by_level[level][unit]) for level in levels for unit in by_level[level]),
        units=[(unit, members) for unit, members in units.items() if members],
        weights=weights or None,
        heaviest=most if weights else None,
    )
