"""Rows become routing floors: the cheapest tier proved good enough, per kind of work."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from . import stats
from .stats.decide import MANY_HOLES
from .values import Floor, Ladder, Row, Rule, Suite

__all__ = ["floors"]


def floors(rows: Iterable[Row], suites: Sequence[Suite], ladder: Ladder) -> tuple[Floor, ...]:
    """One floor per category and level, from rows in ladder order (the reference last), all levels first.

    `top-down` tests from the tier below the reference downwards, each at full alpha, and the first that is not proved
    ends the walk (a fixed sequence, so no price for looking at several); of the proved ones the cheapest by measured
    cost is the floor. `cheap-first` takes the first proved tier in the ladder's order; its rows were judged at alpha
    shared between the tiers below the reference. What alarms at all levels together is not repeated at each.
    """
    rules = {suite.category: suite.rule for suite in suites}
    found: list[Floor] = []
    raised: set[tuple[str, str, str]] = set()
    for (category, level), group in groupby(rows, key=lambda row: (row.category, row.level)):
        some = tuple(group)
        alarms = {(category, kind, tier): text for kind, tier, text in _alarms(some, rules[category])}
        sentences = tuple(text for key, text in alarms.items() if key not in raised)
        if level is None:
            raised |= alarms.keys()
        found.append(_floor(some, ladder, sentences))
    return tuple(found)


def _floor(rows: tuple[Row, ...], ladder: Ladder, alarms: tuple[str, ...]) -> Floor:
    reference, kinds = rows[-1], [row.verdict.kind for row in rows]
    if ladder.floors == "cheap-first":
        walk = stats.cheap_first(kinds)
    else:
        walk = stats.top_down(kinds, [math.inf if row.cost is None else float(row.cost) for row in rows])
    stopped = None if walk.stopped is None else rows[walk.stopped]
    open_ = reference if walk.floor is None else stopped
    return Floor(
        category=reference.category,
        level=reference.level,
        status=walk.status,
        tier=None if walk.floor is None else rows[walk.floor].tier,
        use=reference.tier if walk.floor is None else rows[walk.floor].tier,
        why="" if open_ is None else f"{open_.tier}: {open_.verdict.why}",
        rows=rows,
        stopped=None if stopped is None else stopped.tier,
        untested=tuple(rows[tier].tier for tier in walk.untested),
        alarms=(*_better_untested(rows, walk), *alarms),
        post_hoc=next((row.verdict.post_hoc for row in rows if row.verdict.post_hoc), None),
    )


def _better_untested(rows: Sequence[Row], walk: stats.Walk) -> list[str]:
    """Tiers that the walk did not come to though they look better than the one that stopped it."""
    stopped = None if walk.stopped is None else rows[walk.stopped]
    if stopped is None or stopped.quality is None or walk.status == "no tier qualifies":
        return []
    quality = stopped.quality[0]
    better = [rows[tier] for tier in walk.untested if tier < rows.index(stopped)]
    return [
        f"{row.tier} looks better than {stopped.tier}, untested"
        for row in better
        if row.quality is not None and row.quality[0] > quality
    ]


def _alarms(rows: Sequence[Row], rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Kind, tier and text of everything to look at."""
    seen = [
        stats.Seen(
            tier=row.tier,
            quality=None if row.quality is None else row.quality[0],
            cost=None if row.cost is None else float(row.cost),
            unparsable=row.unparsable,
            wins=row.wins,
            losses=row.losses,
        )
        for row in rows
    ]
    for alarm in stats.alarms(seen, rule):
        yield alarm.kind, alarm.tier, alarm.text
    for row in rows:
        if row.holes > MANY_HOLES:
            whose = "" if row.reference else " or of the reference"
            yield "holes", row.tier, f"{row.holes:.0%} of the samples lack an answer of {row.tier}{whose}"
