"""The only step that spends money and the only one that knows concurrency: requests become answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from .errors import ProviderError, TierfloorError
from .providers import Connection
from .values import Attempt, Failure, Request, Response, Tier

__all__ = ["Progress", "Spending", "Terms", "ask"]

ATTEMPTS: Final = 5
CONNECTIONS: Final = 8
LONGEST_WAIT: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands; `spent` is what its answers have cost so far, in the ladder's unit."""

    tier: str
    done: int
    total: int
    failed: int
    spent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run is given: the way to a provider, the store, the prices and the limit.

    `keep` stores an answer before anything else happens to it. `worst` and `cost` price a request beforehand and its
    answer afterwards; nothing is sent once spent and reserved amounts could exceed `budget`.
    """

    connect: Callable[[Tier], AbstractAsyncContextManager[Connection]]
    keep: Callable[[Request, Response], Response]
    worst: Callable[[Tier, Request], Decimal]
    cost: Callable[[Tier, Response], Decimal]
    report: Callable[[Progress], None]
    budget: Decimal | None = None


class Spending:
    """Reserves the most that a request can cost before it is sent and settles it when the answer is there."""

    def __init__(self, budget: Decimal | None) -> None:
        self.budget = budget
        self.spent = Decimal(0)
        self.reserved = Decimal(0)
        self.refused = False

    def reserve(self, amount: Decimal) -> bool:
        if self.budget is not None and self.spent + self.reserved + amount > self.budget:
            self.refused = True
            return False
        self.reserved += amount
        return True

    def settle(self, reserved: Decimal, paid: Decimal) -> None:
        self.reserved -= reserved
        self.spent += paid


async def ask(todo: Sequence[tuple[Tier, Request]], terms: Terms) -> tuple[dict[str, Response | Failure], Spending]:
    """Send every request once and keep every answer the moment it arrives.

    Tiers of paid providers are asked side by side, local ones one after the other, since they share the machine.
    Returns answers and failures by request key; requests that the budget forbade are in neither. Cancelling keeps what
    has arrived.
    """
    lanes: dict[Tier, list[Request]] = {}
    for tier, request in todo:
        lanes.setdefault(tier, []).append(request)
    spending = Spending(terms.budget)
    results: dict[str, Response | Failure] = {}

    async def drain(tiers: Sequence[Tier]) -> None:
        for tier in tiers:
            await _lane(tier, lanes[tier], terms, spending, results)

    local = [tier for tier in lanes if tier.weights is not None]
    async with asyncio.TaskGroup() as group:
        group.create_task(drain(local))
        for tier in lanes:
            if tier.weights is None:
                group.create_task(drain([tier]))
    return results, spending


async def _lane(
    tier: Tier,
    requests: Sequence[Request],
    terms: Terms,
    spending: Spending,
    results: dict[str, Response | Failure],
) -> None:
    """All requests of one tier over one connection, at most `max_connections` at a time."""
    waiting = list(reversed(requests))
    progress = Progress(tier=tier.name, done=0, total=len(requests), failed=0, spent=spending.spent)
    fatal: list[str] = []

    async def worker(connection: Connection) -> None:
        nonlocal progress
        while waiting:
            request = waiting.pop()
            result = Failure(why=fatal[0]) if fatal else await _one(tier, request, connection, terms, spending)
            if result is None:
                waiting.clear()
                return
            if isinstance(result, ProviderError):
                if result.kind == "fatal":
                    fatal.append(str(result))
                result = Failure(why=str(result))
            results[request.key] = result
            failed = progress.failed + isinstance(result, Failure)
            progress = replace(progress, done=progress.done + 1, failed=failed, spent=spending.spent)
            terms.report(progress)

    async with terms.connect(tier) as connection, asyncio.TaskGroup() as group:
        for _ in range(min(tier.max_connections or CONNECTIONS, len(requests))):
            group.create_task(worker(connection))


async def _one(
    tier: Tier, request: Request, connection: Connection, terms: Terms, spending: Spending
) -> Response | ProviderError | None:
    """One request until it is answered, hopeless or unaffordable (None)."""
    reserved = terms.worst(tier, request)
    failed: list[Attempt] = []
    for attempt in range(1, ATTEMPTS + 1):
        if not spending.reserve(reserved):
            return None
        paid = Decimal(0)
        try:
            response = terms.keep(request, replace(await connection.complete(request), failed=tuple(failed)))
            paid = terms.cost(tier, response)
        except ProviderError as error:
            if error.kind != "transient" or attempt == ATTEMPTS:
                return error
            wait = error.retry_after
            failed.append(Attempt(fault=error.fault, why=str(error), took_ms=0))
        except TierfloorError:
            raise
        except Exception as error:  # noqa: BLE001 - an adapter may raise anything
            return ProviderError(tier.name, f"{type(error).__name__}: {error}", fault="bad request")
        else:
            return response
        finally:
            spending.settle(reserved, paid)
        await asyncio.sleep(_wait(attempt, wait))
    raise AssertionError


def _wait(attempt: int, hint: float | None) -> float:
    """The server's hint, capped; otherwise full jitter over a doubling range (the AWS architecture blog's rule)."""
    if hint is not None:
        return min(hint, LONGEST_WAIT)
    return random.uniform(0, min(30.0, 0.5 * 2**attempt))
