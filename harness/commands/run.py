"""Asking."""

from __future__ import annotations

import itertools
from argparse import Namespace
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from .. import asking, batch, console, grade, job, ledger, report, rounds
from .. import cache as cache_
from .. import plan as plan_
from .. import run as run_
from ..errors import BadInput, BudgetReached, Incomplete
from ..values import Outcome, Plan
from . import given, results

__all__ = ["run_command"]

SHOWN: Final = 4
"""How many open questions a round's line names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a run has to do: its plan, what is stored of it, and what cannot be asked here."""

    options: Namespace
    plan: Plan
    folder: Path
    cache: cache_.Cache
    stored: job.Stored
    out_of_reach: AbstractSet[str]
    recorded: Sequence[Outcome]
    spending: run_.Spending
    grading: grade.Grading

    def look(self, have: asking.Asked, known: Iterable[Outcome]) -> job.Measured:
        return job.measure(self.plan, have.answers, have.failures, known=known, grading=self.grading)


def run_command(options: Namespace) -> int:
    if options.no_wait and not options.batch:
        raise BadInput("--no-wait", "goes with --batch; add it, or leave --no-wait out")
    ladder, selection, plan = given.planned(options)
    until = given.until(options, selection)
    folder = given.results_folder(options, ladder)
    with cache_.Cache.open(given.cache_folder(options)) as cache, given.grading(options) as grading:
        stored = job.collect(plan, folder, cache)
        if not selection.partial and not given.is_custom(options) and not options.offline:
            plan = job.register(plan, stored, lazy=until == "decided" and not options.batch)
            ledger.keep_registered(cache.folder, ladder.name, plan.registered)
        skipped = set() if selection.partial or options.offline else job.out_of_reach(plan, stored)
        if skipped:
            console.note(f"the recording lacks {len(skipped)} answers and the weights to ask for them: tierfloor pull")
        work = _Work(
            options=options,
            plan=plan,
            folder=folder,
            cache=cache,
            stored=stored,
            out_of_reach=skipped,
            recorded=given.recorded_outcomes(folder, ladder),
            spending=run_.Spending(given.budget(options)),
            grading=grading,
        )
        try:
            measured, has_asked = _ask_all(work) if until == "all" else _ask_until_decided(work)
        finally:
            _note_uncertain(work)
        open_ = _open(work, measured) if until == "decided" or work.spending.refused else ()
        if work.spending.refused:
            measured = job.out_of_money(measured, open_)
        _print(options, selection, measured)
        wanted = plan if until == "all" else rounds.reach(plan, open_)
        _check_complete(work, measured, wanted, has_asked=has_asked)
        if not selection.partial and not given.is_custom(options):
            results.publish(job.widened(measured, folder, cache, grading), folder, cache)
    if options.until == "decided" and (left := rounds.undecided(plan, measured.rows)):
        named = ", ".join(f"{row.category}/{row.tier} ({row.verdict.why})" for row in left)
        raise Incomplete("run", f"undecided with all samples that may be asked: {named}; add samples to their suites")
    return 0


def _ask_all(work: _Work) -> tuple[job.Measured, bool]:
    """Ask what has no answer; also whether there was anything to do.

    What is in a batch already is only fetched, and only if batches are asked for.
    """
    options, plan = work.options, work.plan
    if options.offline:
        job.require(plan, work.stored)
    known = work.stored.keys() | work.out_of_reach
    ordered = _ordered(work)
    settled = known | ordered
    begun = asking.Asked(answers=work.stored, failures={})
    if plan_.missing(plan, settled):
        rows = _estimate(work, plan, settled)
        whole = plan_.total(rows)
        expected, low, high, worst = map(report.money, (whole.expected, whole.low, whole.high, whole.worst))
        _announce(work, f"{whole.to_ask} requests", f"about {expected} ({low} to {high}), at most {worst}")
    elif not (ordered and options.batch):
        return work.look(begun, work.recorded), False
    asked = _send(work, plan, known if options.batch else settled)
    have = asking.Asked(answers={**work.stored, **asked.answers}, failures=asked.failures)
    return work.look(have, work.recorded), True


def _ask_until_decided(work: _Work) -> tuple[job.Measured, bool]:
    """Ask in rounds what the floors need; also whether there was anything to do."""
    plan, ordered = work.plan, _ordered(work)
    begun = asking.Asked(answers=work.stored, failures={})
    measured = work.look(begun, work.recorded)
    lost = work.out_of_reach if work.options.batch else work.out_of_reach | ordered
    passed = rounds.passed(measured.outcomes)
    known = rounds.Known(answered=work.stored.keys(), lost=lost, passed=passed)
    open_ = rounds.questions(plan, measured.rows, known)
    if not open_:
        return measured, False
    if work.options.offline:
        job.require(rounds.reach(plan, open_), work.stored)
    settled = work.stored.keys() | lost | ordered
    rows = _estimate(work, rounds.reach(plan, open_, lost), settled)
    prices = {(row.suite, row.tier): row.expected / max(1, row.to_ask) for row in rows}
    whole = plan_.total(rows)
    if whole.to_ask:
        nearest = sum((rounds.cost(question, prices) for question in open_), Decimal(0))
        amounts = map(report.money, (min(nearest, whole.expected), whole.expected, whole.worst))
        cost = "about {} to the next verdicts and {} if none falls early, at most {}".format(*amounts)
        _announce(work, f"up to {whole.to_ask} requests until decided", cost)
    numbers = itertools.count(1)

    def ask_some(open_: Sequence[rounds.Question], have: asking.Asked) -> asking.Asked:
        return _round(work, _affordable(work, open_, prices), next(numbers), have.answers.keys() | lost)

    return asking.ask_in_rounds(plan, begun, measured, lost=lost, ask_some=ask_some, look=work.look), True


def _affordable(
    work: _Work, open_: Sequence[rounds.Question], prices: Mapping[tuple[str, str], Decimal]
) -> Sequence[rounds.Question]:
    """Everything side by side; under a budget what it is expected to decide, the cheapest decision first."""
    budget, spending = work.spending.budget, work.spending
    return open_ if budget is None else rounds.cheapest(open_, prices, budget - spending.spent - spending.uncertain)


def _round(work: _Work, chosen: Sequence[rounds.Question], number: int, known: AbstractSet[str]) -> asking.Asked:
    part = replace(work.plan, asks=tuple(ask for question in chosen for ask in question.asks))
    open_ = [f"{each.suite}/{each.tier} after {each.seen} units, about {each.needed} more" for each in chosen]
    more = "; ..." if len(open_) > SHOWN else ""
    console.note(f"round {number}: {len(plan_.missing(part, known))} requests: {'; '.join(open_[:SHOWN])}{more}")
    asked = _send(work, part, known)
    if work.options.batch and asked.answers:
        # A batch brings all that it holds, which may be more than this round wanted.
        return replace(asked, answers=job.collect(work.plan, work.folder, work.cache))
    return asked


def _open(work: _Work, measured: job.Measured) -> Sequence[rounds.Question]:
    """What the floors still hang on and might have been asked."""
    lost = {*work.out_of_reach, *(key for outcome in measured.errors for key in outcome.keys)}
    answered, passed = measured.evidence.answers.keys(), rounds.passed(measured.outcomes)
    known = rounds.Known(answered=answered, lost=lost, passed=passed)
    return rounds.questions(work.plan, measured.rows, known)


def _ordered(work: _Work) -> AbstractSet[str]:
    """The requests that are in a batch at a provider."""
    if work.options.offline:
        return set()
    tickets = asking.under_way(work.plan, work.stored.keys() | work.out_of_reach, work.cache)
    if tickets and not work.options.batch:
        console.note(f"{batch.notice(tickets.values())}; they are not asked again, --batch fetches them")
    return tickets.keys()


def _send(work: _Work, part: Plan, known: Collection[str]) -> asking.Asked:
    with console.progress(part.ladder.unit) as reporter:
        return asking.ask(
            part,
            known,
            work.cache,
            manner=_manner(work.options),
            spending=work.spending,
            report_progress=reporter,
            say=console.note,
        )


def _check_complete(work: _Work, measured: job.Measured, wanted: Plan, *, has_asked: bool) -> None:
    """Say what was spent, and raise for what is not there: unaffordable, under way or failed."""
    if has_asked:
        _account(work.spending, measured, is_over=bool(wanted.asks))
    known = measured.evidence.answers.keys() | work.out_of_reach
    if waiting := asking.under_way(wanted, known, work.cache):
        raise Incomplete("run", f"{batch.notice(waiting.values())}; fetch them with the same command and --batch")
    if measured.errors:
        first = measured.errors[0]
        message = f"{len(measured.errors)} outcomes are errors, the first {first.suite}/{first.tier}: {first.why}"
        raise Incomplete("run", f"{message}; run again to fill them, {work.folder} is left as it was")


def _note_uncertain(work: _Work) -> None:
    spending = work.spending
    if spending.uncertain:
        console.note(
            f"at most {report.money(spending.uncertain)} {work.plan.ladder.unit} more may have been billed for "
            f"{spending.unanswered} tries that ended without an answer"
        )


def _manner(options: Namespace) -> asking.Manner:
    patience = run_.Patience(
        retries=options.max_retries,
        max_wait=options.max_wait,
        timeout=options.timeout,
        deadline=max(run_.Patience().deadline, options.timeout),
    )
    connections, batch_ = options.max_connections, options.batch
    return asking.Manner(patience=patience, connections=connections, batch=batch_, wait=not options.no_wait)


def _account(spending: run_.Spending, measured: job.Measured, *, is_over: bool) -> None:
    """Say what this run spent, apart from what the table's answers would cost anew; raise if it needed more."""
    unit, spent = measured.plan.ladder.unit, report.money(spending.spent)
    worth = report.money(sum((outcome.cost for outcome in measured.outcomes), Decimal(0)))
    anew = f"all answers of this table, asked anew at the prices of {measured.evidence.priced_on}: {worth} {unit}"
    requests = sum(len(ask.requests) for ask in measured.plan.asks)
    console.note(f"spent {spent} {unit}; {anew}, {len(measured.evidence.answers)} of {requests} requests")
    if spending.refused and is_over:
        raise BudgetReached("budget", f"{spent} {unit} spent; every answer is stored, raise --budget")


def _estimate(work: _Work, plan: Plan, known: Collection[str]) -> Sequence[plan_.Estimate]:
    """What the requests of a plan that are not known take, learnt from all answers at hand."""
    answers = job.known_lengths(work.plan, work.folder, work.stored)
    return plan_.estimate(plan, known, date.today(), answers=answers, processing=given.processing(work.options))


def _announce(work: _Work, what: str, cost: str) -> None:
    """Say how much at most before anything is asked; real money is only spent under a budget."""
    unit, budget = work.plan.ladder.unit, work.options.budget
    if budget is None and unit == "USD":
        raise BadInput("budget", f"{what} would cost {cost} {unit}; say what may be spent with --budget AMOUNT")
    limit = "" if budget is None else f", stopping at {budget} {unit}"
    console.note(f"asking {what}: {cost} {unit}{limit}")


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
