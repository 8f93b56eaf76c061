"""Asking: every answer is kept at once, nothing is asked twice, the budget holds, faults stay where they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from worlds import FakeProvider, ladder, response, right, tier, write_suite

from harness import plan, run, suites
from harness.errors import BadInput, ProviderError
from harness.providers import Connection
from harness.values import Failure, Request, Response, Tier

Todo = tuple[tuple[Tier, Request], ...]


@pytest.fixture
def todo(tmp_path: Path) -> Todo:
    suite = suites.load(write_suite(tmp_path))
    return plan.missing(plan.plan(ladder(), [suite]), set())


def terms(provider: FakeProvider, kept: dict[str, Response], **more: Any) -> run.Terms:
    def keep(request: Request, reply: Response) -> Response:
        return kept.setdefault(request.key, reply)

    given: dict[str, Any] = {
        "connect": provider.connect,
        "keep": keep,
        "worst": lambda tier, request: Decimal(2),
        "cost": lambda tier, reply: Decimal(1),
        "report": lambda progress: None,
        **more,
    }
    return run.Terms(**given)


def test_every_request_is_asked_once_and_kept(todo: Todo) -> None:
    provider, kept = FakeProvider(), dict[str, Response]()

    results, spending = asyncio.run(run.ask(todo, terms(provider, kept)))

    assert sorted(r.key for r in provider.asked) == sorted(request.key for _, request in todo)
    assert results == kept
    assert (spending.spent, spending.reserved, spending.refused) == (Decimal(80), Decimal(0), False)


def test_the_budget_is_never_exceeded_even_in_the_worst_case(todo: Todo) -> None:
    provider, kept = FakeProvider(), dict[str, Response]()

    results, spending = asyncio.run(run.ask(todo, terms(provider, kept, budget=Decimal(20))))

    assert spending.refused
    assert 10 <= len(results) < len(todo)
    assert spending.spent == len(kept) <= 20


def test_a_transient_fault_is_tried_again_and_counted(todo: Todo) -> None:
    seen = set[str]()

    def flaky(request: Request) -> str:
        if request.key not in seen:
            seen.add(request.key)
            raise ProviderError("fake", "429: slow down", fault="rate limit", retry_after=0)
        return right(request)

    kept = dict[str, Response]()
    asyncio.run(run.ask(todo[:5], terms(FakeProvider(flaky), kept)))

    assert [[tried.fault for tried in reply.failed] for reply in kept.values()] == [["rate limit"]] * 5


def test_a_fatal_fault_stops_its_tier_and_no_other(todo: Todo) -> None:
    def barred(request: Request) -> str:
        if request.model == "cheap":
            raise ProviderError("cheap", "401: the key was refused", fault="key refused")
        return right(request)

    provider, kept = FakeProvider(barred), dict[str, Response]()
    results, _ = asyncio.run(run.ask(todo, terms(provider, kept)))

    assert sum(request.model == "cheap" for request in provider.asked) <= 3
    assert sum(isinstance(result, Failure) for result in results.values()) == 40
    assert {reply.model for reply in kept.values()} == {"dear"}


def test_an_unforeseen_fault_of_an_adapter_is_an_outcome_with_its_text(todo: Todo) -> None:
    def broken(request: Request) -> str:
        raise KeyError("choices")

    results, _ = asyncio.run(run.ask(todo[:1], terms(FakeProvider(broken), {})))

    assert list(results.values()) == [Failure(why="cheap: KeyError: 'choices'")]


def test_bad_input_of_a_connection_ends_the_run_with_its_line(todo: Todo) -> None:
    @asynccontextmanager
    async def refuse(tier: Tier) -> AsyncIterator[Connection]:
        raise BadInput(tier.name, "no key: set FAKE_API_KEY")
        yield

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(run.ask(todo, terms(FakeProvider(), {}, connect=refuse)))

    assert caught.group_contains(BadInput, match="no key: set FAKE_API_KEY")


def test_connections_are_limited_per_tier(todo: Todo) -> None:
    now, most = 0, 0

    @asynccontextmanager
    async def counted(tier: Tier) -> AsyncIterator[Connection]:
        async def complete(request: Request) -> Response:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            return response("1")

        yield Connection(complete=complete)

    asyncio.run(run.ask([each for each in todo if each[0].name == "cheap"], terms(FakeProvider(), {}, connect=counted)))

    assert most == tier("cheap").max_connections == 3


def test_local_tiers_take_turns(tmp_path: Path) -> None:
    open_now, most = 0, 0

    @asynccontextmanager
    async def counted(tier: Tier) -> AsyncIterator[Connection]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)

        async def complete(request: Request) -> Response:
            await asyncio.sleep(0)
            return response("1")

        yield Connection(complete=complete)
        open_now -= 1

    local = ladder(tier("one", weights="0" * 64), tier("two", weights="1" * 64))
    todo = plan.missing(plan.plan(local, [suites.load(write_suite(tmp_path))]), set())
    asyncio.run(run.ask(todo, terms(FakeProvider(), {}, connect=counted)))

    assert most == 1


def test_what_arrived_before_a_cancellation_is_kept(todo: Todo) -> None:
    kept, enough = dict[str, Response](), asyncio.Event()

    @asynccontextmanager
    async def slow(tier: Tier) -> AsyncIterator[Connection]:
        async def complete(request: Request) -> Response:
            if len(kept) >= 5:
                enough.set()
                await asyncio.sleep(3600)
            return response("1")

        yield Connection(complete=complete)

    async def interrupted() -> None:
        task = asyncio.create_task(run.ask(todo, terms(FakeProvider(), kept, connect=slow)))
        await enough.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert len(kept) >= 5
