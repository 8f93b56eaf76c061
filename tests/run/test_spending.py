"""The budget holds, whatever happens, and is not given up early."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from decimal import Decimal

import pytest
from asking import World, failing, served, sums, two_tiers
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import FakeProvider, response, simulate, tier

from harness import run
from harness.errors import Fault, ProviderError, maybe_billed
from harness.values import Request, Response


def test_the_budget_is_never_exceeded_even_in_the_worst_case() -> None:
    world = World(spending=run.Spending(Decimal(20)))

    results = simulate(world.ask(two_tiers(), FakeProvider(seconds=1.0).connect))

    assert world.spending.refused
    assert len(results) == world.spending.spent == len(world.kept) == 19


def test_a_budget_that_suffices_is_enough_though_reservations_are_tight() -> None:
    """A request can cost 10 and costs 1: with 26 in hand only two can be under way, and still 17 are answered."""
    world = World(spending=run.Spending(Decimal(26)))

    results = simulate(
        world.ask(
            sums(17, tier("one", max_connections=8)), FakeProvider(seconds=1.0).connect, worst=lambda t, r: Decimal(10)
        )
    )

    assert len(results) == len(world.kept) == 17
    assert not world.spending.refused


def test_a_dear_tier_is_not_starved_by_a_cheap_one() -> None:
    world = World(spending=run.Spending(Decimal(60)))
    many = sums(40, tier("cheap", max_connections=4)) + sums(2, tier("dear", max_connections=1))

    simulate(
        world.ask(
            many, FakeProvider(seconds=1.0).connect, worst=lambda tier, _: Decimal(50 if tier.name == "dear" else 1)
        )
    )

    assert Counter(reply.model for reply in world.kept.values())["dear"] == 2


@pytest.mark.parametrize("fault", ["timeout", "connection lost", "unreadable reply", "rate limit", "server fault"])
def test_a_try_that_may_have_been_billed_stays_against_the_budget(fault: Fault) -> None:
    world = World(spending=run.Spending(Decimal(100)))

    simulate(world.ask(sums(1, tier("one")), FakeProvider(failing(fault)).connect))

    tries = 6 if maybe_billed(fault) else 0
    assert (world.spending.uncertain, world.spending.unanswered) == (Decimal(2 * tries), tries)
    assert world.spending.spent == world.spending.reserved == 0
    assert world.last("one").uncertain == 2 * tries


FAULTS: list[Fault] = ["timeout", "connection lost", "unreadable reply", "rate limit", "server fault", "bad request"]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 400), st.integers(0, 2**32), st.integers(1, 12))
def test_no_interleaving_of_prices_and_faults_exceeds_the_budget(
    data: st.DataObject, budget: int, seed: int, connections: int
) -> None:
    dice, world = random.Random(seed), World(spending=run.Spending(Decimal(budget)))
    worst = {f"{number} + 1 = ?": Decimal(data.draw(st.integers(0, 30))) for number in range(30)}
    bill, lost = dict[str, Decimal](), Decimal(0)

    def within() -> None:
        spending = world.spending
        assert spending.spent + spending.uncertain + spending.reserved <= budget

    async def complete(request: Request) -> Response:
        nonlocal lost
        within()
        await asyncio.sleep(dice.uniform(0, 3))
        if dice.random() < 0.4:
            fault = dice.choice(FAULTS)
            lost += worst[request.prompt] if maybe_billed(fault) else 0
            raise ProviderError("fake", "no", fault=fault)
        within()
        bill[request.key] = worst[request.prompt] * dice.randrange(101) / 100
        return response(str(bill[request.key]))

    results = simulate(
        world.ask(
            sums(30, tier("one", max_connections=connections)),
            served(complete),
            worst=lambda _, request: worst[request.prompt],
            cost=lambda _, reply: Decimal(reply.text),
        )
    )

    within()
    assert world.spending.spent == sum(bill.values())
    assert world.spending.uncertain == lost
    assert world.spending.reserved == 0
    assert set(bill) == set(world.kept) == {key for key, result in results.items() if isinstance(result, Response)}
    assert len(results) == 30 or world.spending.refused
