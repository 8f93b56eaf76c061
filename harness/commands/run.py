"""Asking, and what it would cost."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from pathlib import Path

from .. import batch, console, job, prices, report
from .. import cache as cache_
from .. import plan as plan_
from .. import run as run_
from ..errors import BadInput, BudgetReached, Incomplete
from ..values import Plan, Processing
from . import given, results

__all__ = ["plan_command", "run_command"]


def run_command(options: Namespace) -> int:
    if options.no_wait and not options.batch:
        raise BadInput("--no-wait", "goes with --batch; add it, or leave --no-wait out")
    ladder, selection, plan = given.planned(options)
    folder = Path(options.results) / ladder.name
    with cache_.Cache.open(given.cache_folder(options)) as cache:
        stored = job.collect(plan, folder, cache)
        if options.offline:
            job.require(plan, stored)
        skipped = set() if selection.partial else job.out_of_reach(plan, stored)
        if skipped:
            console.note(f"the recording lacks {len(skipped)} answers and the weights to ask for them: tierfloor pull")
        known = stored.keys() | skipped
        spending = run_.Spending(given.budget(options))
        asked = _ask(options, plan, known, lambda: job.known_lengths(plan, folder, stored), cache, spending)
        if asked is not None:
            stored = {**stored, **asked.answers}
        failures = asked.failures if asked else None
        measured = job.measure(plan, stored, failures, known=given.recorded_outcomes(folder, ladder))
        _print(options, selection, measured)
        if asked is not None:
            _account(spending, measured)
        if waiting := job.under_way(plan, stored.keys() | skipped, cache):
            raise Incomplete("run", f"{batch.notice(waiting.values())}; fetch them with the same command and --batch")
        if measured.errors:
            first = measured.errors[0]
            message = f"{len(measured.errors)} outcomes are errors, the first {first.suite}/{first.tier}: {first.why}"
            raise Incomplete("run", f"{message}; run again to fill them, {folder} is left as it was")
        if not selection.partial and not given.is_custom(options):
            results.publish(job.widened(measured, folder, cache), folder, cache)
    return 0


def _ask(
    options: Namespace,
    plan: Plan,
    known: Collection[str],
    answers: Callable[[], job.Stored],
    cache: cache_.Cache,
    spending: run_.Spending,
) -> job.Asked | None:
    """Ask what is not known, None if there is nothing to do: what is in a batch already is only fetched, and if asked."""
    ordered = {} if options.offline else job.under_way(plan, known, cache)
    settled = {*known, *ordered}
    if ordered and not options.batch:
        console.note(f"{batch.notice(ordered.values())}; they are not asked again, --batch fetches them")
    if plan_.missing(plan, settled):
        _announce(options, plan, settled, answers())
    elif not (ordered and options.batch):
        return None
    try:
        with console.progress(plan.ladder.unit) as reporter:
            return job.ask(
                plan,
                known if options.batch else settled,
                cache,
                manner=_manner(options),
                spending=spending,
                report_progress=reporter,
                say=console.note,
            )
    finally:
        if spending.uncertain:
            console.note(
                f"at most {report.money(spending.uncertain)} {plan.ladder.unit} more may have been billed for "
                f"{spending.unanswered} tries that ended without an answer"
            )


def _manner(options: Namespace) -> job.Manner:
    patience = run_.Patience(
        retries=options.max_retries,
        max_wait=options.max_wait,
        timeout=options.timeout,
        deadline=max(run_.Patience().deadline, options.timeout),
    )
    connections, batch_ = options.max_connections, options.batch
    return job.Manner(patience=patience, connections=connections, batch=batch_, wait=not options.no_wait)


def _account(spending: run_.Spending, measured: job.Measured) -> None:
    """Say what this run spent, apart from what the table's answers would cost anew; raise if that was all it may."""
    unit, spent = measured.plan.ladder.unit, report.money(spending.spent)
    worth = report.money(sum((outcome.cost for outcome in measured.outcomes), Decimal(0)))
    anew = f"all answers of this table, asked anew at the prices of {measured.evidence.priced_on}: {worth} {unit}"
    console.note(f"spent {spent} {unit}; {anew}")
    if spending.refused:
        raise BudgetReached("budget", f"{spent} {unit} spent; every answer is stored, raise --budget")


def plan_command(options: Namespace) -> int:
    ladder, _, plan = given.planned(options)
    folder = Path(options.results) / ladder.name
    day, processing = options.as_of or date.today(), _processing(options)
    with cache_.Cache.open(given.cache_folder(options)) as cache:
        stored = job.collect(plan, folder, cache)
    counted = {}
    if options.count:
        console.note("counting input tokens with the providers; nothing is spent by it, but their keys are needed")
        counted = job.count_inputs(plan, stored.keys(), console.note)
    known = job.known_lengths(plan, folder, stored)
    rows = plan_.estimate(plan, stored.keys(), day, answers=known, processing=processing, counted=counted)
    if options.format == "json":
        console.data(rows)
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
    return 0


def _processing(options: Namespace) -> Processing:
    return "batch" if options.batch else "standard"


def _plan_cells(row: plan_.Estimate) -> tuple[str, ...]:
    counts = (row.requests, row.stored, row.to_ask)
    amounts = (row.expected, row.low, row.high, row.worst)
    return (row.suite, row.tier, *map(str, counts), *map(report.money, amounts), row.basis)


def _announce(options: Namespace, plan: Plan, known: Collection[str], answers: job.Stored) -> None:
    """Say how much at most before anything is asked; real money is only spent under a budget."""
    unit, processing = plan.ladder.unit, _processing(options)
    rows = plan_.estimate(plan, known, date.today(), answers=answers, processing=processing)
    whole = plan_.total(rows)
    expected, low, high, worst = map(report.money, (whole.expected, whole.low, whole.high, whole.worst))
    cost = f"about {expected} ({low} to {high}), at most {worst} {unit}"
    if options.budget is None and unit == "USD":
        problem = f"{whole.to_ask} requests would cost {cost}; say what may be spent with --budget AMOUNT"
        raise BadInput("budget", problem)
    limit = "" if options.budget is None else f", stopping at {options.budget} {unit}"
    console.note(f"asking {whole.to_ask} requests: {cost}{limit}")


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
