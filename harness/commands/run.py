"""Asking, and what it would cost."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path

from .. import cache as cache_
from .. import console, job, report
from .. import plan as plan_
from ..errors import BadInput, BudgetReached, Incomplete
from ..values import Plan
from . import given, results

__all__ = ["plan_command", "run_command"]


def run_command(options: Namespace) -> int:
    ladder, selection, plan = given.planned(options)
    folder = Path(options.results) / ladder.name
    with cache_.Cache.open(given.cache_folder(options)) as cache:
        stored = job.collect(plan, folder, cache)
        failures, spending = None, None
        if options.offline:
            job.require(plan, stored)
        skipped = set() if selection.partial else job.out_of_reach(plan, stored)
        if skipped:
            console.note(f"the recording lacks {len(skipped)} answers and the weights to ask for them: tierfloor pull")
        known = stored.keys() | skipped
        if plan_.missing(plan, known):
            budget = _announce(plan, known, given.budget(options))
            with console.progress(ladder.unit) as reporter:
                failures, spending = job.ask(plan, known, cache, budget=budget, report_progress=reporter)
            stored = job.collect(plan, folder, cache)
        measured = job.measure(plan, stored, failures, known=given.recorded_outcomes(folder, ladder))
        _print(options, selection, measured)
        if spending is not None and spending.refused:
            raise BudgetReached(
                "budget", f"{spending.spent:.4g} {ladder.unit} spent; every answer is stored, raise --budget"
            )
        if measured.errors:
            first = measured.errors[0]
            message = f"{len(measured.errors)} outcomes are errors, the first {first.suite}/{first.tier}: {first.why}"
            raise Incomplete("run", f"{message}; run again to fill them, {folder} is left as it was")
        if not selection.partial and not given.is_custom(options):
            results.publish(job.widened(measured, folder, cache), folder, cache)
    return 0


def plan_command(options: Namespace) -> int:
    ladder, _, plan = given.planned(options)
    with cache_.Cache.open(given.cache_folder(options)) as cache:
        stored = job.collect(plan, Path(options.results) / ladder.name, cache)
    rows = plan_.estimate(plan, stored.keys(), date.today())
    if options.format == "json":
        console.data(rows)
        return 0
    head = ("suite", "tier", "requests", "stored", "to ask", f"expected ({ladder.unit})", f"at most ({ladder.unit})")
    cells = [
        (
            row.suite,
            row.tier,
            str(row.requests),
            str(row.stored),
            str(row.to_ask),
            *map(report.money, (row.expected, row.worst)),
        )
        for row in rows
    ]
    total = ("total", "", *(str(sum(getattr(row, name) for row in rows)) for name in ("requests", "stored", "to_ask")))
    sums = (
        report.money(sum((r.expected for r in rows), Decimal(0))),
        report.money(sum((r.worst for r in rows), Decimal(0))),
    )
    console.show(report.text_table(head, [*cells, (*total, *sums)]))
    return 0


def _announce(plan: Plan, known: Collection[str], budget: Decimal | None) -> Decimal | None:
    """Say how much at most before anything is asked; real money is only spent under a budget."""
    rows = [row for row in plan_.estimate(plan, known, date.today()) if row.to_ask]
    count, unit = sum(row.to_ask for row in rows), plan.ladder.unit
    worst = sum((row.worst for row in rows), Decimal(0))
    expected = sum((row.expected for row in rows), Decimal(0))
    cost = f"about {report.money(expected)}, at most {report.money(worst)} {unit}"
    if budget is None and unit == "USD":
        raise BadInput("budget", f"{count} requests would cost {cost}; say what may be spent with --budget AMOUNT")
    limit = "" if budget is None else f", stopping at {budget} {unit}"
    console.note(f"asking {count} requests: {cost}{limit}")
    return budget


def _print(options: Namespace, selection: job.Selection, measured: job.Measured) -> None:
    if selection.limit or selection.fresh is not None:
        if options.format == "json":
            console.data(measured.outcomes)
            return
        head = ("sample", "level", "tier", "verdict", "why", "seconds")
        cells = [
            (
                o.sample,
                str(o.level),
                o.tier,
                o.verdict,
                o.why,
                "" if o.latency_ms is None else f"{o.latency_ms / 1000:.1f}",
            )
            for o in measured.outcomes
        ]
        console.show([*report.text_table(head, cells), ""])
    asked = {ask.tier.name for ask in measured.plan.asks}
    if len(asked) == len(measured.plan.ladder.tiers):
        results.print_floors(options, measured)
        return
    rows = [row for row in measured.rows if row.tier in asked]
    if options.format == "json":
        console.data(rows)
    else:
        console.show(report.row_lines(rows))
        console.note("some tiers were left out, so there are no floors")
