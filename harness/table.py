"""Outcomes become the quality-vs-cost table: one row per kind of work and tier."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from . import stats
from .values import Ladder, Outcome, Row, Rule, Suite, Verdict, digest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "frame", "records", "table"]

LEVELS = (None, 1, 2, 3, 4, 5)


def table(outcomes: Iterable[Outcome], suites: Sequence[Suite], ladder: Ladder) -> tuple[Row, ...]:
    """Rows by category, level (all levels first) and tier, in the order of suites and ladder.

    Every row stands on the outcomes of its own tier and, for the gap, on those of the reference for the same samples.
    """
    cells: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        cells[outcome.suite, outcome.tier].append(outcome)
    rows = []
    for suite in suites:
        for level in LEVELS:
            planned = sum(level in (None, sample.level) for sample in suite.samples)
            if planned == 0:
                continue
            chosen = {
                tier.name: [each for each in cells[suite.id, tier.name] if level in (None, each.level)]
                for tier in ladder.tiers
            }
            rows += [_row(suite, level, tier.name, chosen, ladder, planned) for tier in ladder.tiers]
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


def _row(
    suite: Suite, level: int | None, tier: str, chosen: Mapping[str, list[Outcome]], ladder: Ladder, planned: int
) -> Row:
    reference = ladder.reference.name
    graded = [outcome for outcome in chosen[tier] if outcome.verdict != "error"]
    samples = {outcome.sample for outcome in graded}
    holes = {outcome.sample for outcome in chosen[tier] if outcome.verdict == "error"}
    own = _units(suite.id, graded)
    verdict, gap = _evidence(suite, level, own, chosen, reference=reference, own=tier == reference)
    cost = sum((outcome.cost for outcome in graded), Decimal(0))
    passes = sum(outcome.verdict == "pass" for outcome in graded)
    latency = sorted(outcome.latency_ms for outcome in graded if outcome.latency_ms is not None)
    n = len(graded)
    return Row(
        category=suite.category,
        level=level,
        tier=tier,
        reference=tier == reference,
        planned=planned,
        n=len(samples),
        units=len(own),
        errors=len(holes - samples),
        passes=passes,
        quality=_quality(own, suite.rule),
        gap=gap,
        verdict=verdict,
        cost=cost / n if n else None,
        cost_per_success=cost / passes if passes else None,
        latency_p50_ms=_quantile(latency, 0.50),
        latency_p95_ms=_quantile(latency, 0.95),
        input_tokens=sum(outcome.input_tokens for outcome in graded),
        output_tokens=sum(outcome.output_tokens for outcome in graded),
        unparsable=_share(graded, "unparsable"),
        refused=_share(graded, "refusal") + _share(graded, "filtered"),
        truncated=_share(graded, "truncated"),
    )


def _units(suite: str, graded: Iterable[Outcome]) -> dict[str, float]:
    """Mean score by template, in the suite's fixed random order: epochs are averaged within a sample first."""
    by_sample: dict[tuple[str, str], list[float]] = defaultdict(list)
    for outcome in graded:
        by_sample[outcome.template, outcome.sample].append(float(outcome.verdict == "pass"))
    order = sorted(by_sample, key=lambda key: digest([suite, key[0]]))
    return {
        template: math.fsum(means) / len(means)
        for template, keys in groupby(order, key=lambda key: key[0])
        for means in [[math.fsum(by_sample[key]) / len(by_sample[key]) for key in keys]]
    }


def _evidence(
    suite: Suite,
    level: int | None,
    units: dict[str, float],
    chosen: Mapping[str, list[Outcome]],
    *,
    reference: str,
    own: bool,
) -> tuple[Verdict, tuple[float, float, float] | None]:
    rule = _rule(suite, level)
    if own:
        return stats.qualify(list(units.values()), rule), None
    other = _units(suite.id, (outcome for outcome in chosen[reference] if outcome.verdict != "error"))
    both = [template for template in units if template in other]
    scores, references = [units[each] for each in both], [other[each] for each in both]
    verdict = stats.judge(scores, references, rule)
    if not both:
        return verdict, None
    gaps = [score - reference for score, reference in zip(scores, references, strict=True)]
    wins = math.fsum(gap for gap in gaps if gap > 0)
    losses = math.fsum(-gap for gap in gaps if gap < 0)
    low, high = stats.tango(wins, losses, len(gaps), _confidence(rule))
    return verdict, ((wins - losses) / len(gaps), low, high)


def _rule(suite: Suite, level: int | None) -> Rule:
    """The suite's rule; for one level the horizon is the number of units that the suite holds of that level."""
    if level is None:
        return suite.rule
    return replace(suite.rule, horizon=len({sample.template for sample in suite.samples if sample.level == level}))


def _quality(units: Mapping[str, float], rule: Rule) -> tuple[float, float, float] | None:
    if not units:
        return None
    total = math.fsum(units.values())
    low, high = stats.wilson(total, len(units), _confidence(rule))
    return total / len(units), low, high


def _confidence(rule: Rule) -> float:
    return 1 - 2 * float(rule.alpha)


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
