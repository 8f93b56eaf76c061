"""Asking a plan, all at once or in rounds: what a run does that costs money."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from . import batch, job, plugins, prices, rounds
from . import count as count_
from . import plan as plan_
from . import run as run_
from .cache import Cache
from .errors import TierfloorError
from .providers import Connection
from .values import Failure, Outcome, Plan, Request, Response, Tier

__all__ = ["Asked", "Manner", "ask", "ask_in_rounds", "count_inputs", "under_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to ask: live, or, with `batch`, in batches where there are any; without `wait` for them, what is ready."""

    patience: run_.Patience
    connections: int | None = None
    batch: bool = False
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What asking brought, by request key; what the budget forbade or a batch has not brought yet is in neither.

    Of the tiers that `stopped` nothing more was asked: no request to them can be answered now.
    """

    answers: job.Stored
    failures: Mapping[str, Failure]
    stopped: frozenset[str] = frozenset()


def count_inputs(plan: Plan, known: Collection[str], note: Callable[[str], None]) -> dict[tuple[str, str], Fraction]:
    """Input tokens a byte, by (suite, tier), as far as providers count them; what went wrong is noted."""
    return asyncio.run(count_.count_inputs(plan, known, _connect, note))


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
    todo = plan_.missing(plan, known)
    stopped: set[str] = set()

    def watch(state: run_.Progress) -> None:
        if state.stopped:
            stopped.add(state.tier)
        report_progress(state)

    terms = _terms(plan, cache, manner, watch)
    asking = (
        batch.ask(todo, terms, spending, _desk(plan, cache, manner, say))
        if manner.batch
        else run_.ask(todo, terms, spending)
    )
    try:
        results = asyncio.run(asking)
    except BaseExceptionGroup as group:
        raise _first(group) from None
    requests = {request.key: (tier, request) for tier, request in todo if request.key in results}
    answers: dict[str, tuple[Request, Response]] = {}
    failures: dict[str, Failure] = {}
    for key, (_, request) in requests.items():
        match results[key]:
            case Response() as response:
                answers[key] = request, response
            case Failure() as failure:
                failures[key] = failure
    if manner.batch:
        # A batch of which everything failed says of its tier what a lane that stopped does.
        heard, lost = ({requests[key][0].name for key in keys} for keys in (answers, failures))
        stopped |= lost - heard
    return Asked(answers=answers, failures=failures, stopped=frozenset(stopped))


def ask_in_rounds(
    plan: Plan,
    begun: Asked,
    measured: job.Measured,
    *,
    lost: Collection[str],
    ask_some: Callable[[Sequence[rounds.Question], Asked], Asked],
    look: Callable[[Asked, Iterable[Outcome]], job.Measured],
) -> job.Measured:
    """Ask, round after round, what the floors still need, and return the last measurement.

    `measured` is that of what has `begun`. `ask_some` asks of the open questions what it will, and returns what that
    brought; `look` measures everything so far. The end is that nothing is open or that a round brings nothing: the
    budget forbids it, or it is under way. `lost` are the keys that this run cannot ask.
    """
    have = begun
    while True:
        known = rounds.Known(
            answered=have.answers.keys(),
            lost={*lost, *have.failures.keys()},
            stopped=have.stopped,
            passed=rounds.passed(measured.outcomes),
        )
        open_ = rounds.questions(plan, measured.rows, known)
        if not open_:
            return measured
        new = ask_some(open_, have)
        if not new.answers and not new.failures:
            return measured
        have = Asked(
            answers={**have.answers, **new.answers},
            failures={**have.failures, **new.failures},
            stopped=have.stopped | new.stopped,
        )
        measured = look(have, measured.outcomes)


def _terms(plan: Plan, cache: Cache, manner: Manner, report_progress: Callable[[run_.Progress], None]) -> run_.Terms:
    unit = plan.ladder.unit
    return run_.Terms(
        connect=_connect,
        keep=cache.add_all,
        release=cache.close,
        # The day in UTC, as answers have it, and looked up each time: a run may last over midnight.
        worst=lambda tier, request: prices.worst_case(request, tier, unit, datetime.now(UTC).date()),
        cost=lambda tier, response: job.paid(tier, response, unit),
        report=report_progress,
        patience=manner.patience,
        connections=manner.connections,
        log=logging.getLogger("tierfloor").info,
    )


def _desk(plan: Plan, cache: Cache, manner: Manner, say: Callable[[str], None]) -> batch.Desk:
    unit = plan.ladder.unit
    return batch.Desk(
        cache=cache.folder,
        unit=unit,
        stored=lambda keys: {key: response for key, (_, response) in cache.get_all(keys).items()},
        worst=lambda tier, request: prices.worst_case(request, tier, unit, datetime.now(UTC).date(), "batch"),
        say=say,
        wait=manner.wait,
    )


def _connect(tier: Tier) -> AbstractAsyncContextManager[Connection]:
    made: AbstractAsyncContextManager[Connection] = plugins.load("tierfloor.providers", tier.provider)(tier)
    return made


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
