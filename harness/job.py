"""The whole flow, one function a command: what `cli` calls once it has parsed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from . import batch, grade, ledger, plugins, prices, report, suites, table, tiers, weights
from . import count as count_
from . import floors as floors_
from . import plan as plan_
from . import run as run_
from .cache import Cache
from .errors import BadInput, Incomplete, TierfloorError
from .providers import Connection
from .values import Failure, Floor, Ladder, Outcome, Plan, Request, Response, Row, Suite, Tier

__all__ = [
    "Asked",
    "Manner",
    "Measured",
    "Selection",
    "Stored",
    "ask",
    "choose",
    "collect",
    "count_inputs",
    "files",
    "known_lengths",
    "measure",
    "out_of_reach",
    "published",
    "require",
    "save_answers",
    "suite_floors",
    "under_way",
    "widened",
]

Stored = Mapping[str, tuple[Request, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a command line selects. Empty means all; `fresh` asks for new samples made with that seed."""

    suites: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    limit: int | None = None
    fresh: str | None = None
    epochs: int | None = None

    @property
    def partial(self) -> bool:
        """Whether it leaves out samples or tiers or makes its own, so that no published table can follow from it."""
        return bool(self.tiers or self.levels or self.limit or self.fresh is not None or self.epochs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to ask: live, or, with `batch`, in batches where there are any; without `wait` for them, what is ready."""

    patience: run_.Patience
    connections: int | None = None
    batch: bool = False
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What asking brought, by request key; what the budget forbade or a batch has not brought yet is in neither."""

    answers: Stored
    failures: Mapping[str, Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that follows from a plan and its answers."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    rows: tuple[Row, ...]
    floors: tuple[Floor, ...]
    evidence: report.Evidence

    @property
    def errors(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.verdict == "error"]


def choose(selection: Selection, ladder: Ladder) -> Plan:
    """The plan of a selection; raises BadInput for unknown suites, tiers or levels and for an empty selection."""
    chosen = tuple(
        suites.narrow(
            suites.load(suites.find(name), fresh=selection.fresh), levels=selection.levels, limit=selection.limit
        )
        for name in selection.suites or suites.names()
    )
    if not any(suite.samples for suite in chosen):
        raise BadInput("selection", "no samples left; widen --level or --limit")
    only = {tier.name for tier in tiers.select(ladder, selection.tiers).tiers}
    return plan_.plan(ladder, chosen, epochs=selection.epochs, only=only)


def published(results: Path, ladder: Ladder) -> tuple[str, ...]:
    """The suites that a results folder covers, or those of the shipped recording when there is none here."""
    for folder in (results, ledger.shipped(ladder.name)):
        if found := ledger.covered(folder):
            return found
    raise BadInput(str(results), f"no results of the ladder {ladder.name!r} yet; start with: tierfloor run")


def collect(plan: Plan, results: Path, cache: Cache | None) -> dict[str, tuple[Request, Response]]:
    """The answers that the plan needs and that are stored: recorded ones first, then the cache."""
    recorded = ledger.answers([results, ledger.shipped(plan.ladder.name)])
    wanted = dict.fromkeys(request.key for ask in plan.asks for request in ask.requests)
    found = {key: recorded[key] for key in wanted if key in recorded}
    if cache is not None:
        found |= cache.get_all(key for key in wanted if key not in found)
    return found


def known_lengths(plan: Plan, results: Path, stored: Stored) -> Stored:
    """The answers to learn lengths from: those stored for the plan, and the recorded ones of every ladder."""
    bases = (results.parent, ledger.shipped(plan.ladder.name).parent)
    recorded = sorted(manifest.parent for base in bases for manifest in base.glob("*/manifest.json"))
    return {**ledger.answers(recorded), **stored}


def count_inputs(plan: Plan, known: Collection[str], note: Callable[[str], None]) -> dict[tuple[str, str], Fraction]:
    """Input tokens a byte, by (suite, tier), as far as providers count them; what went wrong is noted."""
    return asyncio.run(count_.count_inputs(plan, known, _connect, note))


def _connect(tier: Tier) -> AbstractAsyncContextManager[Connection]:
    made: AbstractAsyncContextManager[Connection] = plugins.load("tierfloor.providers", tier.provider)(tier)
    return made


def out_of_reach(plan: Plan, stored: Stored) -> set[str]:
    """The requests that a recording has not reached and this machine cannot ask: its local weights are not here.

    They count only where the recording holds some answers of the same tier to the same suite.
    """
    gone = {tier.name for tier in plan.ladder.tiers if tier.weights and not weights.present(tier.weights)}
    begun = {(ask.suite, ask.tier.name) for ask in plan.asks if all(r.key in stored for r in ask.requests)}
    return {
        request.key
        for ask in plan.asks
        if ask.tier.name in gone and (ask.suite, ask.tier.name) in begun
        for request in ask.requests
        if request.key not in stored
    }


def under_way(plan: Plan, known: Collection[str], cache: Cache) -> dict[str, batch.Ticket]:
    """The requests of the plan, not `known` yet, that are in a batch at a provider: nobody else must ask them."""
    tickets = batch.under_way(cache.folder)
    wanted = (request.key for _, request in plan_.missing(plan, known)) if tickets else ()
    return {key: tickets[key] for key in wanted if key in tickets}


def ask(
    plan: Plan,
    known: Collection[str],
    cache: Cache,
    *,
    manner: Manner,
    spending: run_.Spending,
    report_progress: Callable[[run_.Progress], None],
    say: Callable[[str], None],
) -> Asked:
    """Send what is not `known` and store the answers.

    Raises the first error that ends a run; what had arrived is stored then, and `spending` is right.
    """
    unit = plan.ladder.unit
    todo = plan_.missing(plan, known)
    terms = run_.Terms(
        connect=_connect,
        keep=cache.add_all,
        release=cache.close,
        # The day in UTC, as answers have it, and looked up each time: a run may last over midnight.
        worst=lambda tier, request: prices.worst_case(request, tier, unit, datetime.now(UTC).date()),
        cost=lambda tier, response: _paid(tier, response, unit),
        report=report_progress,
        patience=manner.patience,
        connections=manner.connections,
        log=logging.getLogger("tierfloor").info,
    )
    desk = batch.Desk(
        cache=cache.folder,
        unit=unit,
        stored=lambda keys: {key: response for key, (_, response) in cache.get_all(keys).items()},
        worst=lambda tier, request: prices.worst_case(request, tier, unit, datetime.now(UTC).date(), "batch"),
        say=say,
        wait=manner.wait,
    )
    asking = batch.ask(todo, terms, spending, desk) if manner.batch else run_.ask(todo, terms, spending)
    try:
        results = asyncio.run(asking)
    except BaseExceptionGroup as group:
        raise _first(group) from None
    answers: dict[str, tuple[Request, Response]] = {}
    failures: dict[str, Failure] = {}
    for _, request in todo:
        key = request.key
        match results.get(key):
            case Response() as response:
                answers[key] = request, response
            case Failure() as failure:
                failures[key] = failure
    return Asked(answers=answers, failures=failures)


def measure(
    plan: Plan,
    stored: Stored,
    failures: Mapping[str, Failure] | None = None,
    *,
    known: Iterable[Outcome] = (),
    on: date | None = None,
) -> Measured:
    """Grade, tabulate and decide, from stored answers and from the requests that failed.

    Prices are of the day `on`, by default the day of the latest answer, so that the same answers give the same table.
    An outcome's cost is that of a live answer on that day; what is spent was paid on each answer's own day, live or in a
    batch.
    """
    last = max((response.on for _, response in stored.values()), default=date.today().isoformat())
    day = on or date.fromisoformat(last)
    unit = plan.ladder.unit
    replies: dict[str, Response | Failure] = {key: response for key, (_, response) in stored.items()}
    replies.update(failures or {})

    def cost(tier: Tier, response: Response) -> Decimal:
        return prices.cost(response.usage, tier, unit, day)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        outcomes = grade.grade_all(plan, replies, cost, known=known, pool=pool)
    rows = table.table(outcomes, plan.suites, plan.ladder)
    by_key = {request.key: ask.tier for ask in plan.asks for request in ask.requests}
    evidence = report.Evidence(
        answers=stored,
        priced_on=day.isoformat(),
        price_source=prices.source(plan.ladder),
        spent=sum((_paid(by_key[key], response, unit) for key, (_, response) in stored.items()), Decimal(0)),
    )
    return Measured(plan=plan, outcomes=outcomes, rows=rows, floors=floors_.floors(rows), evidence=evidence)


def _paid(tier: Tier, response: Response, unit: str) -> Decimal:
    return prices.cost(response.usage, tier, unit, date.fromisoformat(response.on), response.processing)


def widened(measured: Measured, results: Path, cache: Cache) -> Measured:
    """The measurement together with the other suites that the results folder covers, which must not be lost from it."""
    own = [suite.id for suite in measured.plan.suites]
    others = [name for name in ledger.covered(results) if name not in own]
    if not others:
        return measured
    plan = choose(Selection(suites=tuple(sorted([*own, *others]))), measured.plan.ladder)
    stored = collect(plan, results, cache)
    known = [*measured.outcomes, *ledger.outcomes([results])]
    return measure(plan, stored, known=known)


def files(measured: Measured) -> dict[str, str]:
    """The texts of a results folder, curves apart: the same measurement gives the same bytes."""
    from .cache import answers_text

    chosen, ladder = measured.plan.suites, measured.plan.ladder
    texts = {
        "routing.json": report.routing_json(measured.floors, chosen, ladder, measured.evidence),
        "routing.md": report.routing_md(measured.floors, chosen, ladder, measured.evidence),
        "table.csv": table.csv_text(measured.rows),
        "manifest.json": report.manifest(chosen, ladder, measured.evidence),
    }
    for suite in chosen:
        keys = {request.key for ask in measured.plan.asks if ask.suite == suite.id for request in ask.requests}
        texts[f"outcomes/{suite.id}.jsonl"] = ledger.outcomes_text(
            outcome for outcome in measured.outcomes if outcome.suite == suite.id
        )
        texts[f"answers/{suite.id}.jsonl"] = answers_text(
            pair for key, pair in measured.evidence.answers.items() if key in keys
        )
    return texts


def save_answers(results: Path, used: Stored, cache: Cache) -> None:
    """Before recorded answers leave a results folder because nothing asks for them any more, keep them in the cache."""
    cache.add_all([pair for key, pair in ledger.answers([results]).items() if key not in used])


def require(plan: Plan, stored: Stored) -> None:
    """Raise Incomplete, saying what is missing and what it would cost, unless every answer is stored."""
    if not plan_.missing(plan, stored):
        return
    rows = [row for row in plan_.estimate(plan, stored.keys(), date.today(), answers=stored) if row.to_ask]
    whole = plan_.total(rows)
    where = ", ".join(f"{row.suite}/{row.tier} {row.to_ask}" for row in rows[:6]) + (", ..." if len(rows) > 6 else "")
    raise Incomplete(
        "offline",
        f"{whole.to_ask} answers are not stored ({where}); asking them would cost about {report.money(whole.expected)} "
        f"and at most {report.money(whole.worst)} {plan.ladder.unit}; run without --offline, or import them",
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error of ours in a task group's failure, else whatever came first."""
    flat: list[BaseException] = []
    waiting: Sequence[BaseException] = [group]
    while waiting:
        head, *waiting = waiting
        if isinstance(head, BaseExceptionGroup):
            waiting = [*head.exceptions, *waiting]
        else:
            flat.append(head)
    return next((error for error in flat if isinstance(error, TierfloorError)), flat[0])


def suite_floors(measured: Measured, suite: Suite) -> list[Floor]:
    """The floors of one suite's category."""
    return [floor for floor in measured.floors if floor.category == suite.category]
