"""What a run would ask and cost."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from .. import asking, console, job, prices, prospect, report, rounds
from .. import cache as cache_
from .. import plan as plan_
from ..values import Plan
from . import given

__all__ = ["plan_command"]


def plan_command(options: Namespace) -> int:
    ladder, selection, plan = given.planned(options)
    until = given.until(options, selection)
    folder = given.results_folder(options, ladder)
    day, processing = options.as_of or date.today(), given.processing(options)
    with cache_.Cache.open(given.cache_folder(options)) as cache:
        stored = job.collect(plan, folder, cache)
    counted = {}
    if options.count:
        console.note("counting input tokens with the providers; nothing is spent by it, but their keys are needed")
        counted = asking.count_inputs(plan, stored.keys(), console.note)
    known = job.known_lengths(plan, folder, stored)
    rows = plan_.estimate(plan, stored.keys(), day, answers=known, processing=processing, counted=counted)
    expected = () if until == "all" else _prospects(options, selection, plan, _Known(stored=stored, rows=rows))
    if options.format == "json":
        console.data((*rows, *expected))
        return 0
    amounts = [f"{name} ({ladder.unit})" for name in ("expected", "low", "high", "at most")]
    head = ("suite", "tier", "requests", "stored", "to ask", *amounts, "basis")
    console.show(report.text_table(head, [_plan_cells(row) for row in (*rows, plan_.total(rows))]))
    way = "batch" if processing == "batch" else "live"
    console.note(
        f"{way} prices of {day}; low to high is a 90 % interval where the basis is answers, at most is a bound"
    )
    if processing == "batch" and (dear := prices.without_batch_price(ladder, day)):
        console.note(f"no batch price is known of {', '.join(dear)}: counted as live")
    if expected:
        head = ("until decided", "requests", "at most", *(f"{name} ({ladder.unit})" for name in ("cost", "at most")))
        console.show(["", *report.text_table((*head, "pass rates"), [_prospect_cells(each) for each in expected])])
        console.note(
            f"until decided: means and 5 % to 95 % of {prospect.RUNS} simulated runs, answers at their mean cost; rates of "
            f"stored outcomes with {prospect.PRIOR_UNITS} units more as assumed; the table above is for --until all"
        )
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is stored, and what the rest of the whole plan is estimated at."""

    stored: job.Stored
    rows: Sequence[plan_.Estimate]


def _prospects(options: Namespace, selection: job.Selection, plan: Plan, known: _Known) -> list[prospect.Prospect]:
    """What an adaptive run is expected to ask."""
    stored = known.stored
    if not selection.partial and not given.is_custom(options):
        plan = job.register(plan, stored, lazy=not options.batch)
    recorded = given.recorded_outcomes(given.results_folder(options, plan.ladder), plan.ladder)
    with given.grading(options) as grading:
        measured = job.measure(plan, stored, known=recorded, grading=grading)
    passed = rounds.passed(measured.outcomes)
    open_ = rounds.questions(plan, measured.rows, rounds.Known(answered=stored.keys(), passed=passed))
    bound = rounds.reach(plan, open_)
    day, processing = options.as_of or date.today(), given.processing(options)
    found = []
    for suite in plan.suites:
        per_request = {row.tier: row.expected / max(1, row.to_ask) for row in known.rows if row.suite == suite.id}
        part = replace(bound, asks=tuple(ask for ask in bound.asks if ask.suite == suite.id))
        most = plan_.total(plan_.estimate(part, stored.keys(), day, processing=processing))
        found.append(prospect.prospect(plan, suite, measured.outcomes, per_request, (most.to_ask, most.worst)))
    return found


def _prospect_cells(each: prospect.Prospect) -> tuple[str, ...]:
    mean, low, high = each.requests
    cost, least, most = map(report.money, each.cost)
    lazily = ", lazy reference" if each.lazy else ""
    amounts = (f"{mean:.0f} [{low}, {high}]", str(each.most), f"{cost} [{least}, {most}]", report.money(each.worst))
    return (each.suite, *amounts, each.basis + lazily)


def _plan_cells(row: plan_.Estimate) -> tuple[str, ...]:
    counts = (row.requests, row.stored, row.to_ask)
    amounts = (row.expected, row.low, row.high, row.worst)
    return (row.suite, row.tier, *map(str, counts), *map(report.money, amounts), row.basis)
