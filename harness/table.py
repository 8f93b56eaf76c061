"""Outcomes become the quality-vs-cost table: one row per kind of work and tier."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from . import stats
from .kinds import Kind, Units, kinds_of, plain_units
from .registry import Standing, stand
from .values import Ladder, Outcome, Row, Suite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "frame", "records", "table"]


def table(
    outcomes: Iterable[Outcome],
    suites: Sequence[Suite],
    ladder: Ladder,
    standings: Mapping[str, Standing] | None = None,
) -> tuple[Row, ...]:
    """Rows by category, level (all levels first) and tier, in the order of suites and ladder.

    Every row stands on the outcomes of its own tier and, for the gap, on those of the reference for the same samples.
    `standings`, by suite, say what was registered before; without them every suite is new.
    """
    cells: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        cells[outcome.suite, outcome.tier].append(outcome)
    found = [
        (suite, standing, kinds)
        for suite in suites
        for standing in [(standings or {}).get(suite.id) or stand(suite, ladder, {}, ())]
        for kinds in [kinds_of(suite, ladder, standing.registered)]
    ]
    count = sum(len(kinds) for _, _, kinds in found) if ladder.table_alpha else 1
    rows = []
    for suite, standing, kinds in found:
        answered = {tier.name: _answered(suite, cells[suite.id, tier.name]) for tier in ladder.tiers}
        plain, lazily = _laziness(kinds, ladder, answered, standing)
        for kind in kinds:
            typical = {**answered, ladder.reference.name: _typical(kind, answered[ladder.reference.name], plain)}
            scored = {name: [_scored(members, scores) for _, members in kind.units] for name, scores in typical.items()}
            bench = _Bench(
                ladder=ladder,
                kind=kind,
                answered=answered,
                typical=typical[ladder.reference.name],
                scored=scored,
                standing=standing,
                lazily=lazily,
                rows=count,
            )
            rows += [_row(bench, tier.name, cells[suite.id, tier.name]) for tier in ladder.tiers]
    return tuple(rows)


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The table as a pandas DataFrame, one row per Row: the cells of `csv_text`.

    Shares and intervals are rounded to four digits, money to eight significant ones: enough to read, and the same text
    on every machine.
    """
    import pandas as pd

    return pd.DataFrame(records(rows))


def records(rows: Iterable[Row]) -> list[dict[str, object]]:
    """The cells of `frame`, for those who need no pandas."""
    return [_record(row) for row in rows]


def csv_text(rows: Iterable[Row]) -> str:
    """The table as CSV."""
    cells = records(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(cells[0]) if cells else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return text.getvalue()


_Answers = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One kind of work with the scores of every tier, by sample: none for a sample that brought errors only.

    `scored` are the mean score and the weight of every unit, in order; None where nothing is graded. `typical` are the
    reference's scores but for those that were asked because a tier failed; its `scored` go no further. `lazily` names by
    tier the units that are bet on lazily: none unless that was registered.
    """

    ladder: Ladder
    kind: Kind
    answered: Mapping[str, _Answers]
    typical: _Answers
    scored: Mapping[str, Sequence[tuple[float, float] | None]]
    standing: Standing
    lazily: Mapping[str, frozenset[str]]
    rows: int


def _answered(suite: Suite, outcomes: Iterable[Outcome]) -> dict[str, tuple[float, ...]]:
    scores: dict[str, tuple[float, ...]] = {}
    for outcome in outcomes:
        before = scores.get(outcome.sample, ())
        if outcome.verdict == "error":
            scores[outcome.sample] = before
        else:
            scores[outcome.sample] = (*before, outcome.score if suite.graded else float(outcome.verdict == "pass"))
    return scores


def _laziness(
    kinds: Sequence[Kind], ladder: Ladder, answered: Mapping[str, _Answers], standing: Standing
) -> tuple[frozenset[str] | None, dict[str, frozenset[str]]]:
    """The units on which the reference is typical (None: all), and by tier those that are bet on lazily.

    Both follow from all levels together: that is what the reference is asked for.
    """
    if not standing.registered.lazy or not kinds:
        return None, {}
    whole = kinds[0]
    lazily = {}
    for tier in ladder.tiers[:-1]:
        first = _begin(whole.units, answered, (tier.name, ladder.reference.name), standing)
        scored = [_scored(members, answered[tier.name]) for _, members in whole.units[first:]]
        until = first + stats.bet_lazily([None if each is None else each[0] for each in scored])
        lazily[tier.name] = frozenset(unit for unit, _ in whole.units[first:until])
    return frozenset(plain_units(whole, ladder, answered)), lazily


def _typical(kind: Kind, scores: _Answers, plain: frozenset[str] | None) -> _Answers:
    if plain is None:
        return scores
    samples = {sample for unit, members in kind.units if unit in plain for sample, _ in members}
    return {sample: each for sample, each in scores.items() if sample in samples}


def _row(bench: _Bench, tier: str, outcomes: Iterable[Outcome]) -> Row:
    kind, reference = bench.kind, bench.ladder.reference.name
    mine = [outcome for outcome in outcomes if outcome.level in kind.levels]
    if tier == reference:
        mine = [outcome for outcome in mine if outcome.sample in bench.typical]
    graded = [outcome for outcome in mine if outcome.verdict != "error"]
    samples = {outcome.sample for outcome in graded}
    holes = {outcome.sample for outcome in mine if outcome.verdict == "error"}
    own, other = bench.scored[tier], bench.scored[reference]
    units = [each for each in own if each is not None]
    gaps = [
        (one[0] - two[0], min(one[1], two[1]))
        for one, two in zip(own, other, strict=True)
        if one and two and tier != reference
    ]
    decision = _decided(bench, tier)
    cost, success = _means(graded, kind)
    latency = sorted(outcome.latency_ms for outcome in graded if outcome.latency_ms is not None)
    confidence = 1 - 2 * float(kind.rule.alpha)
    return Row(
        category=kind.category,
        level=kind.level,
        tier=tier,
        reference=tier == reference,
        planned=kind.planned,
        n=len(samples),
        units=len(units),
        errors=len(holes - samples),
        passes=sum(outcome.verdict == "pass" for outcome in graded),
        quality=_quality(units, kind, confidence),
        gap=_gap(gaps, kind, confidence),
        verdict=replace(decision.verdict, post_hoc=bench.standing.post_hoc),
        cost=cost,
        cost_per_success=cost / success if cost is not None and success else None,
        latency_p50_ms=_quantile(latency, 0.50),
        latency_p95_ms=_quantile(latency, 0.95),
        input_tokens=sum(outcome.input_tokens for outcome in graded),
        output_tokens=sum(outcome.output_tokens for outcome in graded),
        unparsable=_share(graded, "unparsable"),
        refused=_share(graded, "refusal") + _share(graded, "filtered"),
        truncated=_share(graded, "truncated"),
        read=decision.units,
        holes=decision.holes,
        wins=sum(gap > 0 for gap, _ in gaps),
        losses=sum(gap < 0 for gap, _ in gaps),
        unasked=_unasked(bench, tier) if bench.standing.registered.lazy else 0,
    )


def _unasked(bench: _Bench, tier: str) -> int:
    ladder = bench.ladder
    others = [tier] if tier != ladder.reference.name else [each.name for each in ladder.tiers[:-1]]
    asked = {sample for name in others for sample in bench.answered[name]}
    members = [sample for _, unit in bench.kind.units for sample, _ in unit]
    return sum(sample in asked and sample not in bench.answered[ladder.reference.name] for sample in members)


def _scored(members: Sequence[tuple[str, float]], answered: _Answers) -> tuple[float, float] | None:
    """Mean score of a unit, its epochs averaged within each sample first, and its weight."""
    if len(members) == 1:
        ((sample, weight),) = members
        scores = answered.get(sample)
        return (_mean(scores), weight) if scores else None
    found = [(_mean(scores), weight) for sample, weight in members if (scores := answered.get(sample))]
    weight = math.fsum(weight for _, weight in found)
    return (math.fsum(score * weight for score, weight in found) / weight, weight) if found else None


def _mean(scores: tuple[float, ...]) -> float:
    return scores[0] if len(scores) == 1 else math.fsum(scores) / len(scores)


def _decided(bench: _Bench, tier: str) -> stats.Decision:
    """The verdict from what is read so far: all units, in order, up to the last that was asked in full of both.

    What is missing before that is a hole; what comes after was not read yet. A reference that may be left unasked does not
    end the reading. A tier whose model was replaced, or its reference's, starts at the first unit that was asked of the
    new one.
    """
    kind, ladder = bench.kind, bench.ladder
    reference = ladder.reference.name
    alone, lazily = tier == reference, bench.lazily.get(tier)
    own, other = bench.typical if alone else bench.answered[tier], bench.answered[reference]
    needed = (own,) if alone or lazily is not None else (own, other)
    units = kind.units
    full = (i for i in range(len(units), 0, -1) if all(s in each for s, _ in units[i - 1][1] for each in needed))
    read = units[_begin(units, bench.answered, (tier, reference), bench.standing) : next(full, 0)]
    cheap_first = ladder.floors == "cheap-first" and not alone
    rule = stats.share_alpha(kind.rule, candidates=len(ladder.tiers) - 1 if cheap_first else 1, rows=bench.rows)
    pairs = _pairs(read, own, other, alone=alone, unasked=() if lazily is None else None)
    return stats.decide(pairs, rule, alone=alone, heaviest=kind.heaviest, lazily=lazily or ())


def _pairs(units: Units, own: _Answers, other: _Answers, *, alone: bool, unasked: tuple[()] | None) -> list[stats.Pair]:
    return [
        stats.Pair(
            sample=sample,
            unit=unit,
            scores=own.get(sample, ()),
            reference=() if alone else other.get(sample, unasked),
            weight=weight,
        )
        for unit, members in units
        for sample, weight in members
    ]


def _begin(units: Units, answered: Mapping[str, _Answers], names: Iterable[str], standing: Standing) -> int:
    """The first unit of which tiers whose model was replaced have been asked anew."""
    retired = (answered[name] for name in dict.fromkeys(names) if standing.registered.retired.get(name))
    return max((_first(units, each) for each in retired), default=0)


def _first(units: Units, answered: Mapping[str, object]) -> int:
    return next(
        (i for i, (_, members) in enumerate(units) if any(sample in answered for sample, _ in members)), len(units)
    )


def _means(graded: Sequence[Outcome], kind: Kind) -> tuple[Decimal | None, Decimal]:
    """Cost and passes of an answer, on average over the mix."""
    if not graded:
        return None, Decimal(0)
    weight = kind.weights
    total = sum((weight[outcome.level] for outcome in graded), Decimal(0)) if weight else Decimal(len(graded))
    cost = sum((outcome.cost * weight[outcome.level] if weight else outcome.cost for outcome in graded), Decimal(0))
    passed = [outcome.level for outcome in graded if outcome.verdict == "pass"]
    passes = sum((weight[level] for level in passed), Decimal(0)) if weight else Decimal(len(passed))
    return cost / total, passes / total


def _quality(units: Sequence[tuple[float, float]], kind: Kind, confidence: float) -> tuple[float, float, float] | None:
    if not units:
        return None
    total, n = _total([score for score, _ in units], units, kind)
    return total / n, *stats.wilson(total, n, confidence)


def _gap(gaps: Sequence[tuple[float, float]], kind: Kind, confidence: float) -> tuple[float, float, float] | None:
    if not gaps:
        return None
    wins, n = _total([max(gap, 0.0) for gap, _ in gaps], gaps, kind)
    losses, _ = _total([max(-gap, 0.0) for gap, _ in gaps], gaps, kind)
    return (wins - losses) / n, *stats.tango(wins, losses, n, confidence)


def _total(values: Sequence[float], units: Sequence[tuple[float, float]], kind: Kind) -> tuple[float, int]:
    """The sum of the units' values and their number; weighted, that of as many equal units as would say as much.

    That number is the squared sum of the weights over the sum of their squares (Kish 1965, Survey Sampling).
    """
    if kind.weights is None:
        return math.fsum(values), len(values)
    weight = math.fsum(weight for _, weight in units)
    n = max(1, math.floor(weight**2 / math.fsum(weight * weight for _, weight in units) + 1e-6))
    return math.fsum(value * own for value, (_, own) in zip(values, units, strict=True)) / weight * n, n


def _quantile(ordered: Sequence[int], share: float) -> int | None:
    """The nearest-rank quantile: a value that was measured."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _share(graded: Sequence[Outcome], why: str) -> float:
    return sum(outcome.why == why for outcome in graded) / len(graded) if graded else 0.0


def _record(row: Row) -> dict[str, object]:
    quality, gap = row.quality or (None, None, None), row.gap or (None, None, None)
    return {
        "category": row.category,
        "level": "all" if row.level is None else str(row.level),
        "tier": row.tier,
        "reference": "yes" if row.reference else "",
        "planned": row.planned,
        "n": row.n,
        "units": row.units,
        "errors": row.errors,
        "passes": row.passes,
        **_digits(("quality", "quality_low", "quality_high"), quality),
        **_digits(("gap", "gap_low", "gap_high"), gap),
        "verdict": row.verdict.kind,
        "why": row.verdict.why,
        "method": row.verdict.method,
        "statistic": None if row.verdict.statistic is None else f"{row.verdict.statistic:.3g}",
        "units_needed": row.verdict.needed,
        "post_hoc": row.verdict.post_hoc or "",
        "read": row.read,
        **_digits(("holes",), (row.holes,)),
        "wins": None if row.reference else row.wins,
        "losses": None if row.reference else row.losses,
        "unasked": row.unasked,
        "cost": _money(row.cost),
        "cost_per_success": _money(row.cost_per_success),
        "latency_p50_ms": row.latency_p50_ms,
        "latency_p95_ms": row.latency_p95_ms,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        **_digits(("unparsable", "refused", "truncated"), (row.unparsable, row.refused, row.truncated)),
    }


def _digits(names: Sequence[str], numbers: Sequence[float | None]) -> dict[str, str | None]:
    return {name: None if x is None else f"{x + 0.0:.4f}" for name, x in zip(names, numbers, strict=True)}


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(Decimal(f"{amount:.8g}"), "f")
