"""As much as a provider takes is under way, and hardly more. Time is simulated but for the last test."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from asking import Busy, Paces, World, failures, served, sums, sums_at, timed
from loopback import SumServer
from worlds import response, simulate, tier

from harness.errors import ProviderError
from harness.providers import Allowance
from harness.providers import openai_compatible as compatible
from harness.values import Request, Response


def test_header_budgets_hold_the_sending_until_they_are_reset() -> None:
    """Ten requests a minute, announced with every reply: hardly one is sent that has to be refused."""
    sent, told, left, refused = list[float](), list[Allowance](), 10, 0

    async def complete(request: Request) -> Response:
        nonlocal left, refused
        now = asyncio.get_running_loop().time()
        if not sent or int(now / 60) > int(sent[-1] / 60):
            left = 10
        if left == 0:
            refused += 1
            raise ProviderError("fake", "429: slow down", fault="rate limit")
        left -= 1
        sent.append(now)
        await asyncio.sleep(0.5)
        told.append(Allowance(requests=left, reset=60 - asyncio.get_running_loop().time() % 60))
        return response("1")

    connect = served(complete, allowance=lambda: told[-1] if told else None)
    world = World()
    simulate(world.ask(sums(45, tier("one", max_connections=4)), connect))

    assert len(world.kept) == 45
    assert Counter(int(moment / 60) for moment in sent) == {0: 10, 1: 10, 2: 10, 3: 10, 4: 5}
    assert any(each.why == "request limit" for each in world.reports)
    assert refused <= 4


@pytest.mark.parametrize("most", [1, 5, 20, 120])
@pytest.mark.parametrize("seconds", [0.2, 4.0])
def test_the_pace_finds_what_a_server_takes_at_once(most: int, seconds: float) -> None:
    server, world, paces = Busy(seconds=seconds, most=most), World(), Paces()

    count = 3000
    results, took = simulate(
        timed(world.ask(sums(count, tier("one", max_connections=None)), served(server.complete), pace=paces))
    )

    assert failures(results) == []
    # Where one is all, two is a try too many every cooldown.
    assert server.refused <= 0.03 * count + took / 15
    assert took <= 1.5 * count * seconds / most + 60
    (made,) = paces.made
    if took > 120:
        assert 0.6 * most <= made.limit <= 1.25 * most + 1


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_no_request_is_refused_time_and_again(spread: float) -> None:
    """New requests find out whether there is more room, so that none of those refused uses up its tries."""
    server, world = Busy(seconds=4.0, most=20, spread=spread), World()

    results = simulate(world.ask(sums(2000, tier("one", max_connections=None)), served(server.complete)))

    assert failures(results) == []
    assert server.refused > 20
    assert max(len(reply.failed) for reply in world.kept.values()) <= 2


def test_the_pace_finds_the_rate_a_provider_allows() -> None:
    """Ten a second, five seconds each: fifty at once are right."""
    server, world = Busy(seconds=5.0, rate=10.0), World()

    count = 3000
    results, took = simulate(timed(world.ask(sums(count, tier("one", max_connections=None)), served(server.complete))))

    assert failures(results) == []
    assert server.refused <= 0.1 * count
    assert took <= 1.6 * count / 10.0


@pytest.mark.slow
def test_a_real_server_that_refuses_beyond_twenty_is_asked_about_twenty_at_once() -> None:
    world, paces = World(), Paces(cooldown=0.3)

    with SumServer(delay=0.05, most=20) as server:
        results = asyncio.run(world.ask(sums_at(700, server), compatible.connect, pace=paces))

    assert failures(results) == []
    assert set(server.asked.values()) == {1}
    assert server.refused <= 70
    assert 14 <= paces.made[0].limit <= 26
