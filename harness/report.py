"""What people and programs read: the routing table as JSON and Markdown, the manifest, lines for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from .errors import maybe_billed
from .records import plain
from .stats.decide import MANY_HOLES
from .values import Floor, Ladder, Registered, Request, Response, Row, Suite, Verdict

__all__ = [
    "Evidence",
    "Savings",
    "alarm_lines",
    "floor_lines",
    "manifest",
    "money",
    "routing_json",
    "routing_md",
    "row_lines",
    "text_table",
]

ROUTING_FORMAT = "tierfloor.routing/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a table rests upon, beside its rows: the answers used and the day and source of the prices.

    Costs are as if every answer were asked anew, live, on that day. `spent` is what the answers cost when they came: each
    at the prices of its own day, live or in a batch. `isolation` names, by suite, what the code of answers ran in.
    """

    answers: Mapping[str, tuple[Request, Response]]
    priced_on: str
    price_source: str
    spent: Decimal
    isolation: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def days(self) -> tuple[str, str] | None:
        days = sorted(response.on for _, response in self.answers.values())
        return (days[0], days[-1]) if days else None

    @property
    def models(self) -> list[str]:
        return sorted({response.model for _, response in self.answers.values()})

    @property
    def batched(self) -> int:
        return sum(response.processing == "batch" for _, response in self.answers.values())

    @property
    def unpriced(self) -> int:
        """Tries that brought no answer and may have been billed all the same: no usage came, so nobody can price them."""
        return sum(maybe_billed(each.fault) for _, response in self.answers.values() for each in response.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What routing saves, to be shown: a sentence, a table with remarks, and the records for programs."""

    headline: str
    head: Sequence[str]
    cells: Sequence[Sequence[str]]
    remarks: Sequence[str]
    records: Sequence[Mapping[str, object]]


def routing_json(
    floors: Sequence[Floor],
    suites: Sequence[Suite],
    ladder: Ladder,
    evidence: Evidence,
    savings: Savings | None = None,
) -> str:
    """The routing table for programs: what to use per category and level, the evidence for it, and what it saves."""
    by_category = {suite.category: suite for suite in suites}
    table = {
        "format": ROUTING_FORMAT,
        "ladder": ladder.name,
        "unit": ladder.unit,
        "reference": ladder.reference.name,
        "floors": ladder.floors,
        "table_alpha": ladder.table_alpha,
        "mix": plain(ladder.mix),
        "priced_on": evidence.priced_on,
        "answered": list(evidence.days or ()),
        "tiers": {
            tier.name: {"provider": tier.provider, "model": tier.model, "effort": tier.effort} for tier in ladder.tiers
        },
        "routes": [_route(floor, by_category[floor.category]) for floor in floors],
        **({} if savings is None else {"savings": list(savings.records)}),
    }
    return json.dumps(table, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def manifest(
    suites: Sequence[Suite], ladder: Ladder, evidence: Evidence, registered: Mapping[str, Registered] | None = None
) -> str:
    """Versions, hashes and dates of everything that went into a results folder, and what was fixed beforehand."""
    record = {
        "answers": {
            "count": len(evidence.answers),
            "batched": evidence.batched,
            "days": evidence.days,
            "models": evidence.models,
        },
        "ladder": plain(ladder),
        "prices": {"on": evidence.priced_on, "source": evidence.price_source},
        "spent": {"amount": f"{evidence.spent:f}", "unit": ladder.unit, "unpriced_tries": evidence.unpriced},
        "suites": [
            {
                "id": suite.id,
                "version": suite.version,
                "split": suite.split,
                "samples": len(suite.samples),
                "hash": suite.hash,
                "checker": suite.checker_hash,
                "rule": plain(suite.rule),
                **({"isolation": list(evidence.isolation[suite.id])} if evidence.isolation.get(suite.id) else {}),
                **({"registered": plain(registered[suite.id])} if registered and suite.id in registered else {}),
            }
            for suite in suites
        ],
    }
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def routing_md(
    floors: Sequence[Floor],
    suites: Sequence[Suite],
    ladder: Ladder,
    evidence: Evidence,
    savings: Savings | None = None,
) -> str:
    """The routing table, what it saves and the quality-vs-cost table for readers, in Markdown."""
    overall = [floor for floor in floors if floor.level is None]
    tiers = ", ".join(f"`{tier.name}` = {tier.model}" for tier in ladder.tiers)
    parts = [
        f"# Routing floors on the ladder `{ladder.name}`",
        (
            f"{ladder.title}. Tiers: {tiers}; the reference is `{ladder.reference.name}`. Costs are in {ladder.unit} per "
            f"sample, as if every answer were asked anew and live at the prices of {evidence.priced_on} "
            f"({evidence.price_source}). {_spent(evidence, ladder.unit)}."
        ),
        f"{_EXPLAINED} {_tested(ladder, len(floors), lazily=any(row.unasked for floor in floors for row in floor.rows))}",
        "## Floors",
        _markdown(("kind of work", "level", "floor", "use", "why not lower"), map(_floor_cells, floors)),
        *(["## Alarms", "\n".join(f"- {line}" for line in alarm_lines(floors))] if alarm_lines(floors) else []),
        *(_saved(savings) if savings is not None else ()),
        "## Quality and cost, all levels together",
        _markdown(_ROW_HEAD, (_row_cells(row) for floor in overall for row in floor.rows)),
        "## Quality and cost by level",
        _markdown(_ROW_HEAD, (_row_cells(row) for floor in floors if floor.level for row in floor.rows)),
        "## Rules and suites",
        _markdown(
            (
                "kind of work",
                "suite",
                "samples",
                "margin",
                "alpha",
                "bar",
                "method",
                "answers' code ran in",
                "suite hash",
            ),
            (
                (
                    suite.category,
                    f"{suite.id} {suite.version}",
                    str(len(suite.samples)),
                    str(suite.rule.margin),
                    str(suite.rule.alpha),
                    str(suite.rule.bar),
                    suite.rule.method,
                    ", ".join(evidence.isolation.get(suite.id, ())) or "none ran",
                    f"`{suite.hash[:12]}`",
                )
                for suite in suites
            ),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def alarm_lines(floors: Iterable[Floor]) -> list[str]:
    """What to look at before the floors are trusted, one line each."""
    return [
        f"{floor.category}, {'all levels' if floor.level is None else f'level {floor.level}'}: {text}"
        for floor in floors
        for text in floor.alarms
    ]


def floor_lines(floors: Iterable[Floor], ladder: Ladder) -> list[str]:
    """The floors for a terminal, one line each."""
    head = ("kind of work", "level", "floor", "use", f"cost ({ladder.unit})", "reference", "why not lower")
    rows = []
    for floor in floors:
        cost = {row.tier: row.cost for row in floor.rows}
        kind, level, proved, use, why = _floor_cells(floor)
        rows.append((kind, level, proved, use, money(cost[floor.use]), money(floor.rows[-1].cost), why))
    return text_table(head, rows)


def row_lines(rows: Iterable[Row]) -> list[str]:
    """The quality-vs-cost table for a terminal, one line a row."""
    return text_table(_ROW_HEAD, [_row_cells(row) for row in rows])


def text_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Cells as aligned columns under a head."""
    cells = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def money(amount: Decimal | None) -> str:
    """An amount with three significant digits, without exponent; its unit stands beside it."""
    if amount is None:
        return "-"
    return format(Decimal(f"{amount:.3g}"), "f")


_EXPLAINED = (
    "A *floor* is the cheapest tier proved good enough: not worse than the reference by the margin or more, and above the "
    "bar, each at error rate alpha. Everything else is not proved, and a router should use the reference. Quality and gap "
    "stand with intervals at 1 - 2 alpha; n counts samples, units the templates behind them."
)

_WALKS: Final[Mapping[str, str]] = {
    "top-down": (
        "Tiers are tested from the reference downwards, each at alpha; the first that is not proved ends the walk, and "
        "nothing is claimed of the tiers below it (*untested*)."
    ),
    "cheap-first": (
        "Tiers are tested from the cheapest upwards, each at alpha divided by their number, and the first that is proved "
        "is the floor."
    ),
}

_LAZILY = (
    " Where a tier passed, the reference was not always asked (*not needed*): the verdict then takes it to have passed too. "
    "Gaps and all that is said of the reference rest on the samples before the first such one, quality and cost of a tier "
    "on all of its own."
)

_ROW_HEAD = (
    "kind of work",
    "level",
    "tier",
    "n",
    "quality",
    "gap to reference",
    "verdict",
    "cost",
    "cost per success",
    "p50 / p95 s",
    "tokens in / out",
    "unparsable",
    "refused",
    "truncated",
)


def _tested(ladder: Ladder, rows: int, *, lazily: bool) -> str:
    """How the tiers were tested, where it does not go without saying."""
    shared = f" Alpha is shared between the {rows} rows of the table." if ladder.table_alpha else ""
    mixed = " All levels together are weighted by the mix." if any("." in key for key in ladder.mix) else ""
    return _WALKS[ladder.floors] + shared + mixed + (_LAZILY if lazily else "")


def _saved(savings: Savings) -> list[str]:
    if not savings.cells:
        return ["## Savings", savings.headline]
    remarks = "\n".join(f"- {line}" for line in savings.remarks)
    return ["## Savings", savings.headline, _markdown(savings.head, savings.cells), remarks]


def _spent(evidence: Evidence, unit: str) -> str:
    """Where the answers come from and what they cost when they came."""
    if evidence.days is None:
        return "No answers yet"
    days = " to ".join(sorted(set(evidence.days)))
    batched = f", {evidence.batched} of them in batches" if evidence.batched else ""
    unpriced = f", and what {evidence.unpriced} tries without an answer were billed" if evidence.unpriced else ""
    paid = f"{money(evidence.spent)} {unit} were spent{unpriced}"
    return f"{len(evidence.answers)} answers of {days}{batched}, for which {paid}"


def _floor_cells(floor: Floor) -> tuple[str, str, str, str, str]:
    named = (floor.tier or floor.status) + (" (post-hoc)" if floor.post_hoc else "")
    untested = f"{', '.join(floor.untested)} untested" if floor.tier and floor.untested else ""
    return floor.category, _level(floor.level), named, floor.use, "; ".join(filter(None, (floor.why, untested)))


def _row_cells(row: Row) -> tuple[str, ...]:
    holes = f" ({row.errors} errors)" if row.errors else ""
    n = f"{row.n}/{row.planned}" if row.n < row.planned else str(row.n)
    units = f", {row.units} units" if row.units != row.n else ""
    unasked = f", {row.unasked} not needed" if row.reference and row.unasked else ""
    missing = f", {row.holes:.0%} missing" if row.holes > MANY_HOLES else ""
    answers = max(row.n, 1)
    return (
        row.category,
        _level(row.level),
        row.tier + (" (reference)" if row.reference else ""),
        n + units + unasked + missing + holes,
        _interval(row.quality),
        "" if row.reference else _interval(row.gap, signed=True),
        _verdict(row.verdict),
        money(row.cost),
        money(row.cost_per_success),
        f"{_seconds(row.latency_p50_ms)} / {_seconds(row.latency_p95_ms)}",
        f"{row.input_tokens // answers} / {row.output_tokens // answers}",
        f"{row.unparsable:.0%}",
        f"{row.refused:.0%}",
        f"{row.truncated:.0%}",
    )


def _route(floor: Floor, suite: Suite) -> dict[str, object]:
    return {
        "category": floor.category,
        "level": floor.level,
        "status": floor.status,
        "floor": floor.tier,
        "use": floor.use,
        "why": floor.why,
        "stopped": floor.stopped,
        "untested": list(floor.untested),
        "alarms": list(floor.alarms),
        "post_hoc": floor.post_hoc,
        "suite": suite.id,
        "suite_version": suite.version,
        "suite_hash": suite.hash,
        "rule": plain(suite.rule),
        "evidence": [_tier_evidence(row) for row in floor.rows],
    }


def _tier_evidence(row: Row) -> dict[str, object]:
    statistic = row.verdict.statistic
    return {
        "tier": row.tier,
        "verdict": row.verdict.kind,
        "why": row.verdict.why,
        "method": row.verdict.method,
        "statistic": None if statistic is None else float(f"{statistic:.3g}"),
        "units_needed": row.verdict.needed,
        "post_hoc": row.verdict.post_hoc,
        "read": row.read,
        "holes": round(row.holes, 4),
        "wins": None if row.reference else row.wins,
        "losses": None if row.reference else row.losses,
        "unasked": row.unasked,
        "n": row.n,
        "units": row.units,
        "planned": row.planned,
        "errors": row.errors,
        "passes": row.passes,
        "quality": _rounded(row.quality),
        "gap": _rounded(row.gap),
        "cost": None if row.cost is None else format(Decimal(f"{row.cost:.8g}"), "f"),
    }


def _rounded(interval: tuple[float, float, float] | None) -> list[float] | None:
    return None if interval is None else [round(x, 4) + 0.0 for x in interval]


def _verdict(verdict: Verdict) -> str:
    needed = f" (about {verdict.needed} units more)" if verdict.needed else ""
    post_hoc = f"; post-hoc, {verdict.post_hoc}" if verdict.post_hoc else ""
    return f"{verdict.kind}: {verdict.why}{needed}{post_hoc}"


def _level(level: int | None) -> str:
    return "all" if level is None else str(level)


def _interval(interval: tuple[float, float, float] | None, *, signed: bool = False) -> str:
    if interval is None:
        return "-"
    form = "{:+.2f} [{:+.2f}, {:+.2f}]" if signed else "{:.2f} [{:.2f}, {:.2f}]"
    return form.format(*(round(x, 4) + 0.0 for x in interval))


def _seconds(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds / 1000:.1f}"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
