"""The only step that spends money and the only one that knows concurrency: requests become answers.

Time is the event loop's. An answer counts once it is on the disk; those that have arrived and are not are at most half as
many as there are connections, so that a process that is killed loses them and what was under way, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from ..errors import TierfloorError
from ..values import Failure, Request, Response, Tier
from .gate import Gate
from .keeper import Keeper
from .lane import Lane, Run
from .spending import Spending
from .terms import Patience, Progress, Terms

__all__ = ["Patience", "Progress", "Spending", "Terms", "ask"]

# Local servers, each of which computes one reply at a time: the number that `providers.local` starts by itself.
_LOCAL: Final = 2
_REPORT_SECONDS: Final = 0.5


async def ask(todo: Sequence[tuple[Tier, Request]], terms: Terms, spending: Spending) -> dict[str, Response | Failure]:
    """Send every request until it is answered or hopeless, and store every answer as soon as it is there.

    Tiers of paid providers are asked side by side, local ones one after the other, since they share the machine.
    Returns answers and failures by request key; requests that the budget forbade are in neither. What ends a run early,
    a cancellation too, leaves everything stored that had arrived and `spending` right.
    """
    keeper = Keeper(terms.keep, terms.release)
    run = Run(terms=terms, spending=spending, keeper=keeper, results={})
    lanes = _lanes(todo, run)
    trouble: list[TierfloorError] = []
    try:
        async with AsyncExitStack() as stack:
            # A missing key shows before anything is sent.
            opened = [
                (lane, await stack.enter_async_context(terms.connect(lane.tier)))
                for lane in lanes
                if lane.tier.weights is None
            ]
            async with asyncio.TaskGroup() as group:
                reporter = group.create_task(_report(lanes, terms))
                asked = [group.create_task(lane.ask(connection)) for lane, connection in opened]
                local = [lane for lane in lanes if lane.tier.weights is not None]
                await asyncio.wait([*asked, group.create_task(_in_turn(local, lanes, terms, trouble))])
                reporter.cancel()
    finally:
        await keeper.close()
        for lane in lanes:
            lane.end()
    if trouble:
        raise trouble[0]
    return run.results


async def _in_turn(local: Iterable[Lane], lanes: Iterable[Lane], terms: Terms, trouble: list[TierfloorError]) -> None:
    """The local lanes, one after the other. If one cannot be opened, what others have under way still comes in."""
    for lane in local:
        try:
            async with terms.connect(lane.tier) as connection:
                await lane.ask(connection)
        except TierfloorError as error:
            trouble.append(error)
            for each in lanes:
                each.stop(str(error))
            return


async def _report(lanes: Iterable[Lane], terms: Terms) -> None:
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        for lane in lanes:
            if lane.is_open:
                terms.report(lane.progress())


def _lanes(todo: Sequence[tuple[Tier, Request]], run: Run) -> list[Lane]:
    """One lane a tier; those of one model at one address share a gate, with the fewest connections that any states."""
    terms = run.terms
    requests: dict[Tier, list[Request]] = {}
    for tier, request in todo:
        requests.setdefault(tier, []).append(request)
    stated = {
        tier: terms.connections or tier.max_connections or (None if tier.weights is None else _LOCAL)
        for tier in requests
    }
    models: dict[tuple[str, str | None, str], list[Tier]] = {}
    for tier in requests:
        models.setdefault((tier.provider, tier.base_url, tier.model), []).append(tier)
    lanes = {}
    for (provider, _, model), tiers in models.items():
        fewest = min((count for tier in tiers if (count := stated[tier])), default=None)
        gate = Gate(f"{provider}/{model}", terms.pace(fewest, longest=terms.patience.max_wait), terms.log)
        for tier in tiers:
            lanes[tier] = Lane(replace(tier, max_connections=stated[tier]), requests[tier], gate, run)
    return [lanes[tier] for tier in requests]
