"""What an adaptive run asks next: the units that an open floor needs, in the suite's fixed order, and nothing beyond.

Only the decision over all levels together is pursued. A round ends on whole units, so that what it brings is read in
the fixed order and not in that of arrival; it follows from the stored answers alone, so that an interrupted run goes on
where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from . import stats
from .values import Ask, Ladder, Outcome, Plan, Row, Suite

__all__ = [
    "BLOCK",
    "Known",
    "Question",
    "cheapest",
    "cost",
    "ends",
    "passed",
    "questions",
    "reach",
    "requests",
    "undecided",
    "units",
]

BLOCK: Final = 8
"""The units of a first round. Fewer would leave connections idle, more be asked after the decision."""

GROWTH: Final = 8
"""Later rounds take this part of the units that there are, where that is more.

Not of those still needed, as far as they can be told: few needs that look hopeless are followed up, and of the answers
that stopping saves rounds of a tenth of them would lose a quarter.
"""

FUTILE: Final = "futile"
BAR_OPEN: Final = "bar not shown"

_Unit = tuple[Ask, ...]
_Cells = Mapping[tuple[str, str], Mapping[str, _Unit]]
_Passed = Mapping[tuple[str, str], Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of requests, by key: `answered`, and `lost` for this run. Tiers that `stopped` are not asked.

    `passed` names the units without a failure, by (suite, tier); it is needed where the reference may be left unasked.
    """

    answered: Collection[str]
    lost: Collection[str] = ()
    stopped: Collection[str] = ()
    passed: _Passed = field(default_factory=dict)

    def has(self, asks: Iterable[Ask]) -> bool:
        return all(request.key in self.answered for ask in asks for request in ask.requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The asks of a tier and of the reference, by unit."""

    own: Mapping[str, _Unit]
    other: Mapping[str, _Unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a suite's floor hangs on: whether `tier` is good enough or, of the reference, whether it reaches the bar.

    `seen` units are settled, `left` may still be asked, and about `needed` of them decide it. `asks` are the next `units`
    of them, at the tier and at the reference, as far as they have no answer. A lazy reference is asked where the tier has
    failed, beyond the first units; where that brings no verdict, on the other units as well.
    """

    suite: str
    tier: str
    seen: int
    left: int
    needed: int
    units: int
    asks: tuple[Ask, ...]


def questions(plan: Plan, rows: Sequence[Row], known: Known) -> tuple[Question, ...]:
    """The open question of every suite that has one.

    A suite has none once the tiers that the walk to its floor has come to are decided or futile, have stopped, or have
    used up their units: all there are, or as many as the rule's horizon.
    """
    cells = _cells(plan)
    return tuple(
        question
        for suite in plan.suites
        if (question := next(_open(plan, suite, rows, cells, known), None)) is not None
    )


def passed(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], frozenset[str]]:
    """The units that a tier has passed in every sample and epoch that it was asked, by (suite, tier)."""
    units: dict[tuple[str, str], dict[str, bool]] = {}
    for outcome in outcomes:
        mine = units.setdefault((outcome.suite, outcome.tier), {})
        mine[outcome.template] = mine.get(outcome.template, True) and outcome.verdict == "pass"
    return {cell: frozenset(name for name, fine in mine.items() if fine) for cell, mine in units.items()}


def undecided(plan: Plan, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The verdicts that floors hang on and that further samples might still settle.

    A tier for which that is futile is not among them, since a floor above it stands without; a reference is.
    """
    met = [row for suite in plan.suites for row in _met(plan.ladder, suite, rows)]
    return tuple(
        row for row in met if row.verdict.kind == "inconclusive" and (row.reference or row.verdict.why != FUTILE)
    )


def reach(plan: Plan, open_: Sequence[Question], lost: Collection[str] = ()) -> Plan:
    """The plan with only what open questions may lead to, whatever the answers: a bound on what a run asks."""
    cells = _cells(plan)
    horizons = {suite.id: suite.rule.horizon for suite in plan.suites}
    asks: list[Ask] = []
    for question in open_:
        for name in _ahead(plan.ladder, question.tier):
            units = cells.get((question.suite, name), {}).values()
            gone = sum(not _keys(unit).isdisjoint(lost) for unit in units)
            asks += [ask for unit in list(units)[: horizons[question.suite] + gone] for ask in unit]
    return replace(plan, asks=tuple(asks))


def cost(question: Question, prices: Mapping[tuple[str, str], Decimal]) -> Decimal:
    """What it is expected to cost to decide a question, from what a request to a (suite, tier) is expected to cost."""
    block = sum(
        (len(ask.requests) * prices.get((ask.suite, ask.tier.name), Decimal(0)) for ask in question.asks), Decimal(0)
    )
    return block * min(question.needed, question.left) / question.units


def cheapest(
    open_: Sequence[Question], prices: Mapping[tuple[str, str], Decimal], money: Decimal
) -> tuple[Question, ...]:
    """As many questions as the money is expected to decide, the cheapest first, and one at least if there is one."""
    chosen: list[Question] = []
    for question in sorted(open_, key=lambda each: cost(each, prices)):
        money -= cost(question, prices)
        if chosen and money < 0:
            break
        chosen.append(question)
    return tuple(chosen)


def _met(ladder: Ladder, suite: Suite, rows: Sequence[Row]) -> Iterator[Row]:
    """The rows that the walk to the floor comes to, in its order; the reference's own if no other tier is proved."""
    mine = [row for row in rows if row.category == suite.category and row.level is None]
    is_cheap_first = ladder.floors == "cheap-first"
    is_proved = False
    for row in mine[:-1] if is_cheap_first else reversed(mine[:-1]):
        yield row
        is_sufficient = row.verdict.kind == "sufficient"
        is_proved = is_proved or is_sufficient
        # Top-down the first tier without a proof ends the walk, cheap-first the first one with it.
        if is_sufficient == is_cheap_first:
            break
    if not is_proved:
        yield from mine[-1:]


def _open(plan: Plan, suite: Suite, rows: Sequence[Row], cells: _Cells, known: Known) -> Iterator[Question]:
    before = plan.registered.get(suite.id)
    reference = plan.ladder.reference.name
    for row in _met(plan.ladder, suite, rows):
        # Where a refutation is near, a round more for it is cheap, and says more than that going on is futile.
        is_futile = row.verdict.why == FUTILE and (row.verdict.needed is None or row.verdict.needed > BLOCK)
        names = tuple(dict.fromkeys((row.tier, reference)))
        if row.verdict.kind != "inconclusive" or set(names) & set(known.stopped):
            continue
        own, other = (cells.get((suite.id, name), {}) for name in (row.tier, reference))
        if before is not None and before.lazy and not row.reference:
            stages = list(_lazy_stages(suite, row, _Pair(own=own, other=other), known, is_futile=is_futile))
        else:
            units = [(*unit, *(() if row.reference else other.get(name, ()))) for name, unit in own.items()]
            seen, left = _divided(() if is_futile else units, known)
            stages = [(seen, left[: max(0, suite.rule.horizon - row.read)])]
        for seen, left in stages:
            yield from _next(suite, row, seen, left)


def _lazy_stages(
    suite: Suite, row: Row, cells: _Pair, known: Known, *, is_futile: bool
) -> Iterator[tuple[int, list[_Unit]]]:
    """The number of settled units and the others: first as far as a lazy reference is needed, then with it throughout.

    It is needed on the first units, by which costs and gap can be told, and where the tier has failed; everywhere once
    the tier fails too often. Answering it elsewhere as well can show a gap to be less, but does nothing for the bar.
    """
    own, other = cells.own, cells.other
    order = [name for name, unit in own.items() if _keys(unit).isdisjoint(known.lost)]
    begun = [name for name in order if known.has(own[name])]
    fine = known.passed.get((suite.id, row.tier), ())
    is_lazy = stats.is_worth_being_lazy([float(name in fine) for name in begun])
    new = [name for name in order if name not in set(begun)][: max(0, suite.rule.horizon - len(begun))]
    needed = {*order[:BLOCK], *(name for name in begun if name not in fine)} if is_lazy else set(order)
    chosen = set(begun).union(() if is_futile else new)
    yield _divided([(*own[n], *(other.get(n, ()) if n in needed else ())) for n in order if n in chosen], known)
    if row.verdict.why != BAR_OPEN:
        yield _divided([(*own[name], *other.get(name, ())) for name in begun], known)


def _divided(units: Iterable[_Unit], known: Known) -> tuple[int, list[_Unit]]:
    """How many units are settled, and what the others lack; units that cannot be had are neither."""
    seen, left = 0, list[_Unit]()
    for unit in units:
        if _keys(unit).isdisjoint(known.lost):
            missing = tuple(ask for ask in unit if not known.has((ask,)))
            if missing:
                left.append(missing)
            else:
                seen += 1
    return seen, left


def _next(suite: Suite, row: Row, seen: int, left: Sequence[_Unit]) -> Iterator[Question]:
    """The question about a row, if there are units left to ask at all its tiers."""
    if left:
        needed = row.verdict.needed or len(left)
        # A fixed test is read once, at its horizon.
        units = len(left) if suite.rule.method == "fixed" else min(_units(seen), len(left))
        yield Question(
            suite=suite.id,
            tier=row.tier,
            seen=seen,
            left=len(left),
            needed=min(needed, len(left)),
            units=units,
            asks=tuple(ask for unit in left[:units] for ask in unit),
        )


def ends(most: int) -> list[int]:
    """After how many units rounds end, up to the end at which there are `most`."""
    found = [BLOCK]
    while found[-1] < most:
        found.append(_after(found[-1]))
    return [min(end, most) for end in found]


def units(plan: Plan, suite: Suite) -> tuple[str, ...]:
    """The units of a suite that the decision over all levels rests on, in their order."""
    return tuple(dict.fromkeys(ask.sample.template for ask in _counted(plan) if ask.suite == suite.id))


def requests(plan: Plan, suite: Suite) -> dict[str, int]:
    """How many requests those units take at each tier."""
    found: dict[str, int] = {}
    for ask in _counted(plan):
        if ask.suite == suite.id:
            found[ask.tier.name] = found.get(ask.tier.name, 0) + len(ask.requests)
    return found


def _units(seen: int) -> int:
    """How many units to the end of the round: the ends are fixed, wherever an earlier run was interrupted."""
    end = BLOCK
    while end <= seen:
        end = _after(end)
    return end - seen


def _after(end: int) -> int:
    return end + BLOCK * max(1, end // (BLOCK * GROWTH))


def _ahead(ladder: Ladder, tier: str) -> list[str]:
    """The tiers that a question about one may lead to."""
    names = [each.name for each in ladder.tiers]
    place = names.index(tier)
    if ladder.floors == "cheap-first" or place == len(names) - 1:
        return names[place:]
    return [*names[: place + 1], names[-1]]


def _cells(plan: Plan) -> _Cells:
    """The asks by suite and tier, then by unit, in the order in which the evidence is read."""
    found: dict[tuple[str, str], dict[str, list[Ask]]] = {}
    for ask in _counted(plan):
        found.setdefault((ask.suite, ask.tier.name), {}).setdefault(ask.sample.template, []).append(ask)
    return {cell: {name: tuple(asks) for name, asks in units.items()} for cell, units in found.items()}


def _counted(plan: Plan) -> Iterator[Ask]:
    """The asks but for levels that have no share of the user's mix: no decision over all levels rests on them."""
    shares = {suite.id: plan.ladder.level_shares(suite.category) for suite in plan.suites}
    counted = {(ask.suite, ask.sample.level) for ask in plan.asks if shares[ask.suite].get(ask.sample.level)}
    mixed = {suite for suite, _ in counted}
    return (ask for ask in plan.asks if ask.suite not in mixed or (ask.suite, ask.sample.level) in counted)


def _keys(asks: Iterable[Ask]) -> set[str]:
    return {request.key for ask in asks for request in ask.requests}
