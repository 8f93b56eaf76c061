"""Answers reach the store in groups, on a thread of its own, before anything is counted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from decimal import Decimal

import pytest
from asking import World, sums
from worlds import FakeProvider, request, response, simulate, tier

from harness.errors import BadInput
from harness.run.keeper import Keeper
from harness.values import Request, Response, Tier


def test_an_answer_on_its_way_into_the_store_survives_a_cancellation() -> None:
    """A real thread that is still storing when the run is cancelled."""
    world, storing, free = World(), threading.Event(), threading.Event()

    def slow(pairs: Sequence[tuple[Request, Response]]) -> list[Response]:
        storing.set()
        free.wait(10)
        return world.keep(pairs)

    async def interrupted() -> None:
        task = asyncio.create_task(world.ask(sums(40, tier("one")), FakeProvider().connect, keep=slow))
        await asyncio.to_thread(storing.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, free.set)
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert len(world.kept) == world.spending.spent == 4


def test_answers_that_arrive_while_others_are_stored_are_stored_together() -> None:
    """A disk that takes 20 ms a commit would allow 50 answers a second, were each stored alone."""
    world, threads = World(), set[int]()

    def slow(pairs: Sequence[tuple[Request, Response]]) -> list[Response]:
        time.sleep(0.02)
        threads.add(threading.get_ident())
        return world.keep(pairs)

    release = list[int]()
    asyncio.run(
        world.ask(
            sums(200, tier("one", max_connections=50)),
            FakeProvider().connect,
            keep=slow,
            release=lambda: release.append(threading.get_ident()),
        )
    )

    assert sum(world.commits) == 200
    assert len(world.commits) <= 20
    assert len(threads) == 1
    assert release == list(threads)
    assert threads != {threading.get_ident()}


def test_a_store_that_fails_ends_the_run_with_its_line() -> None:
    provider, world = FakeProvider(seconds=1.0), World()

    def full(pairs: Sequence[tuple[Request, Response]]) -> list[Response]:
        if len(world.kept) >= 5:
            raise BadInput("/cache", "cannot store an answer: disk full")
        return world.keep(pairs)

    with pytest.raises(ExceptionGroup) as caught:
        simulate(world.ask(sums(40, tier("one")), provider.connect, keep=full))

    assert caught.group_contains(BadInput, match="disk full")
    assert len(provider.asked) <= 5 + 2 * 3


def test_an_answer_that_cannot_be_kept_takes_no_other_along() -> None:
    world = World()

    def picky(pairs: Sequence[tuple[Request, Response]]) -> list[Response]:
        if any(request.prompt.startswith("4 ") for request, _ in pairs):
            raise BadInput("fake", "cannot be kept")
        return world.keep(pairs)

    with pytest.raises(ExceptionGroup) as caught:
        simulate(world.ask(sums(8, tier("one", max_connections=8)), FakeProvider(seconds=1.0).connect, keep=picky))

    assert caught.group_contains(BadInput, match="cannot be kept")
    assert len(world.kept) == 7


def test_what_was_handed_in_just_before_the_end_is_stored() -> None:
    world = World()

    async def end_at_once() -> Response:
        keeper = Keeper(world.keep, lambda: None)
        kept = keeper.put(request(), response("3"))
        await keeper.close()
        return await asyncio.wait_for(kept, 5)

    assert asyncio.run(end_at_once()) == response("3")
    assert world.commits == [1]


def test_an_answer_whose_price_cannot_be_told_is_kept() -> None:
    world = World()

    def unknown(tier: Tier, reply: Response) -> Decimal:
        raise BadInput("prices", "no price for images")

    with pytest.raises(ExceptionGroup) as caught:
        simulate(world.ask(sums(1, tier("one")), FakeProvider().connect, cost=unknown))

    assert caught.group_contains(BadInput, match="no price for images")
    assert len(world.kept) == 1
    assert world.spending.uncertain == 2
