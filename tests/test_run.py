"""Asking: every request once, every answer kept, tiers side by side, whatever ends the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from asking import Busy, Paces, Todo, World, served, sums
from worlds import FakeProvider, ladder, response, simulate, tier, write_suite

from harness import plan, suites
from harness.errors import BadInput
from harness.providers import Connection
from harness.values import Request, Response, Tier


@pytest.fixture
def todo(tmp_path: Path) -> Todo:
    suite = suites.load(write_suite(tmp_path))
    return plan.missing(plan.plan(ladder(), [suite]), set())


def test_every_request_is_asked_once_and_kept(todo: Todo) -> None:
    provider, world = FakeProvider(), World()

    results = asyncio.run(world.ask(todo, provider.connect))

    assert sorted(r.key for r in provider.asked) == sorted(request.key for _, request in todo)
    assert results == world.kept
    assert (world.spending.spent, world.spending.reserved, world.spending.refused) == (Decimal(80), Decimal(0), False)
    assert [(each.tier, each.done, each.total, each.ended) for each in world.reports] == [
        (name, 40, 40, True) for name in ("cheap", "dear")
    ]


def test_bad_input_of_a_connection_ends_the_run_before_anything_is_sent(todo: Todo) -> None:
    provider = FakeProvider()

    @asynccontextmanager
    async def refuse(tier: Tier) -> AsyncIterator[Connection]:
        if tier.name == "dear":
            raise BadInput(tier.name, "no key: set FAKE_API_KEY")
        async with provider.connect(tier) as connection:
            yield connection

    with pytest.raises(BadInput, match="no key: set FAKE_API_KEY"):
        simulate(World().ask(todo, refuse))
    assert provider.asked == []


def test_a_local_tier_that_cannot_start_ends_the_run_once_what_is_under_way_has_come_in() -> None:
    provider, world = FakeProvider(seconds=60.0), World()

    @asynccontextmanager
    async def connect(tier: Tier) -> AsyncIterator[Connection]:
        if tier.weights is not None:
            await asyncio.sleep(90)
            raise BadInput(tier.name, "no weights")
        async with provider.connect(tier) as connection:
            yield connection

    with pytest.raises(BadInput, match="local: no weights"):
        simulate(world.ask(sums(10, tier("local", weights="0" * 64)) + sums(10, tier("paid")), connect))
    assert len(world.kept) == len(provider.asked) == world.spending.spent == 6
    assert world.spending.uncertain == 0


@pytest.mark.parametrize(("stated", "override", "most"), [(3, None, 3), (None, 5, 5), (3, 5, 5), (None, None, 10)])
def test_connections_are_limited_per_tier(stated: int | None, override: int | None, most: int) -> None:
    now, seen = 0, 0

    async def complete(request: Request) -> Response:
        nonlocal now, seen
        now += 1
        seen = max(seen, now)
        await asyncio.sleep(1)
        now -= 1
        return response("1")

    simulate(World().ask(sums(10, tier("one", max_connections=stated)), served(complete), connections=override))

    assert seen == most


def test_tiers_of_one_model_share_its_pace() -> None:
    provider, paces = FakeProvider(seconds=1.0), Paces()

    three = [tier("plain", model="m", max_connections=None), tier("schema", model="m", schema=True, max_connections=7)]
    three.append(tier("elsewhere", model="m", base_url="http://127.0.0.1:1/v1", max_connections=None))
    many = tuple(pair for each in three for pair in sums(20, each))
    world = World()
    simulate(world.ask(tuple((t, replace(r, schema=t.name)) for t, r in many), provider.connect, pace=paces))

    assert [each.fixed for each in paces.made] == [7, None]
    assert len(world.kept) == 60


def test_local_tiers_take_turns_with_as_many_servers_as_wanted(tmp_path: Path) -> None:
    open_now, most, servers = 0, 0, list[int | None]()

    @asynccontextmanager
    async def counted(tier: Tier) -> AsyncIterator[Connection]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        servers.append(tier.max_connections)

        async def complete(request: Request) -> Response:
            await asyncio.sleep(1000)
            return response("1")

        yield Connection(complete=complete)
        open_now -= 1

    local = ladder(tier("one", weights="0" * 64), tier("two", weights="1" * 64, max_connections=None))
    todo = plan.missing(plan.plan(local, [suites.load(write_suite(tmp_path))]), set())
    world = World()
    simulate(world.ask(todo, counted))

    assert (most, servers, len(world.kept)) == (1, [3, 2], 80)


def test_what_arrived_before_a_cancellation_is_kept_and_what_is_under_way_is_uncertain() -> None:
    world = World()

    async def interrupted() -> None:
        task = asyncio.create_task(world.ask(sums(40, tier("one")), served(complete)))
        await asyncio.sleep(2.5)
        task.cancel()
        await task

    async def complete(request: Request) -> Response:
        await asyncio.sleep(1.0)
        return response("1")

    with pytest.raises(asyncio.CancelledError):
        simulate(interrupted())
    assert len(world.kept) == world.spending.spent == 6
    assert (world.spending.uncertain, world.spending.unanswered) == (Decimal(6), 3)
    assert world.spending.reserved == 0
    assert (world.last("one").done, world.last("one").ended) == (6, True)


def test_the_first_answer_that_was_ever_stored_is_the_one_that_counts(todo: Todo) -> None:
    world = World()
    world.kept[todo[0][1].key] = first = response("from another process")

    results = simulate(world.ask(todo[:1], FakeProvider().connect))

    assert results == {todo[0][1].key: first}
    assert world.spending.spent == 1


def test_progress_tells_connections_pauses_and_changes_of_pace() -> None:
    server, world = Busy(seconds=2.0, most=12), World()

    simulate(world.ask(sums(300, tier("one", max_connections=None)), served(server.complete)))

    assert max(each.connections for each in world.reports) >= 12
    assert [each.done for each in world.reports] == sorted(each.done for each in world.reports)
    assert "fake/one: 16 requests at once from now on, was 20 (refused)" in world.log
