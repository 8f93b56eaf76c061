"""Input tokens as the providers count them: free of charge, before anything is spent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Final

from . import prices
from .errors import ProviderError, TierfloorError
from .providers import Connect, Connection
from .values import Plan, Request, Tier

__all__ = ["count_inputs"]

MOST: Final = 50
AT_ONCE: Final = 8
LONGEST: Final = 60.0


async def count_inputs(
    plan: Plan, known: Collection[str], connect: Connect, note: Callable[[str], None]
) -> dict[tuple[str, str], Fraction]:
    """Input tokens a byte of what is still to ask, by (suite, tier), for the tiers whose provider counts for nothing.

    At most 50 requests of each are counted, evenly spaced. Whatever goes wrong is noted, once a tier, and leaves its
    rest uncounted. Local tiers are passed over: the first answers tell as much.
    """
    cells: dict[Tier, dict[str, dict[str, Request]]] = {}
    for ask in plan.asks:
        if ask.tier.weights is None:
            asked = {request.key: request for request in ask.requests if request.key not in known}
            cells.setdefault(ask.tier, {}).setdefault(ask.suite, {}).update(asked)
    found: dict[tuple[str, str], Fraction] = {}

    async def lane(tier: Tier, suites: Mapping[str, Mapping[str, Request]]) -> None:
        try:
            async with connect(tier) as connection:
                for suite, requests in suites.items():
                    if requests:
                        found[suite, tier.name] = await _per_byte(tier, _spaced(list(requests.values())), connection)
        except TierfloorError as error:
            note(f"input of {tier.name} is estimated, not counted: {error}")

    async with asyncio.TaskGroup() as group:
        for tier, suites in cells.items():
            if any(suites.values()):
                group.create_task(lane(tier, suites))
    return found


async def _per_byte(tier: Tier, requests: Sequence[Request], connection: Connection) -> Fraction:
    """The tokens a byte of some requests of one tier; raises the first error."""
    counter = connection.count
    if counter is None:
        raise ProviderError(tier.name, "its provider does not count tokens", fault="bad request")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(request: Request) -> int:
        async with gate:
            try:
                async with asyncio.timeout(LONGEST):
                    return await counter(request)
            except TierfloorError:
                raise
            except Exception as error:
                raise ProviderError(tier.name, f"{type(error).__name__}: {error}", fault="bad request") from error

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(request)) for request in requests]
    except ExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    tokens = sum(task.result() for task in tasks)
    return Fraction(tokens, max(1, sum(prices.size(request) for request in requests)))


def _spaced(requests: Sequence[Request]) -> list[Request]:
    most = min(MOST, len(requests))
    return [requests[number * len(requests) // most] for number in range(most)]
