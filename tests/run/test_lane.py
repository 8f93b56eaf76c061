"""Faults stay where they are, are tried again within bounds, and cost bounded time."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import replace

import pytest
from asking import World, failing, failures, served, sums, sums_at, timed, two_tiers
from hypothesis import given
from hypothesis import strategies as st
from loopback import SumServer
from worlds import FakeProvider, response, right, simulate, tier

from harness import run
from harness.errors import ProviderError
from harness.providers import openai_compatible as compatible
from harness.values import Request, Response


def test_a_faulty_try_is_tried_again_and_recorded() -> None:
    seen = Counter[str]()

    def flaky(request: Request) -> str:
        seen[request.key] += 1
        if seen[request.key] == 1:
            raise ProviderError("fake", "429: slow down", fault="rate limit", retry_after=0)
        if seen[request.key] == 2:
            raise ProviderError("fake", "500: oops", fault="server fault")
        return right(request)

    world = World()
    simulate(world.ask(sums(5, tier("one")), FakeProvider(flaky, seconds=0.25).connect))

    tried = [("rate limit", "fake: 429: slow down", 250), ("server fault", "fake: 500: oops", 250)]
    assert [[(a.fault, a.why, a.took_ms) for a in reply.failed] for reply in world.kept.values()] == [tried] * 5
    assert "fake: 500: oops (server fault, try 2, 0.2 s)" in world.log


@given(st.integers(1, 12), st.one_of(st.none(), st.floats(0, 10_000)), st.integers(), st.floats(0.1, 300))
def test_a_wait_is_the_hint_or_full_jitter_and_never_longer_than_allowed(
    tries: int, hint: float | None, seed: int, longest: float
) -> None:
    wait = run.Patience(max_wait=longest).wait(tries, hint, random.Random(seed))

    if hint is None:
        assert wait == random.Random(seed).uniform(0, min(30.0, longest, 0.5 * 2**tries))
    else:
        assert wait == min(hint, longest)


def test_tries_are_bounded_and_the_failure_tells_them_all() -> None:
    world, dice = World(), random.Random(7)
    waits = sum(dice.uniform(0, 0.5 * 2**n) for n in range(1, 6))

    results, took = simulate(timed(world.ask(sums(1, tier("one")), FakeProvider(failing("server fault")).connect)))

    (failure,) = failures(results)
    assert took == pytest.approx(waits)
    assert [attempt.fault for attempt in failure.failed] == ["server fault"] * 6
    assert failure.why == f"fake: no (6 tries in {waits:.0f} s)"


@pytest.mark.parametrize("retries", [0, 2])
def test_as_many_further_tries_as_wanted(retries: int) -> None:
    provider = FakeProvider(failing("timeout"))

    simulate(World().ask(sums(1, tier("one")), provider.connect, patience=run.Patience(retries=retries)))

    assert len(provider.asked) == 1 + retries


def test_a_request_has_a_deadline_whatever_it_is_doing() -> None:
    provider = FakeProvider(seconds=3600.0)
    patience = run.Patience(timeout=60.0, deadline=150.0, retries=100)

    results, took = simulate(timed(World().ask(sums(1, tier("one")), provider.connect, patience=patience)))

    assert took <= 150.0
    assert len(provider.asked) == 3
    assert [attempt.fault for attempt in failures(results)[0].failed] == ["timeout"] * 3


@pytest.mark.parametrize(("connections", "longest"), [(1, 610), (3, 610), (None, 610)])
def test_an_hour_long_hint_costs_bounded_time(connections: int | None, longest: int) -> None:
    provider = FakeProvider(failing("rate limit", "429: later", retry_after=3600.0))
    world = World()

    many = sums(2000, tier("one", max_connections=connections))
    results, took = simulate(timed(world.ask(many, provider.connect)))

    assert took <= longest
    assert len(provider.asked) <= 60
    assert len(failures(results)) == 2000
    assert world.last("one").stopped.startswith("one: no answer in ")
    assert any(each.waiting > 100 and each.why == "rate limit" for each in world.reports)


def test_a_dead_server_stops_its_tier_and_no_other() -> None:
    def dead(request: Request) -> str:
        if request.model == "dead":
            raise ProviderError("dead", "connection refused", fault="no connection")
        return right(request)

    provider, world = FakeProvider(dead, seconds=1.0), World()

    many = sums(500, tier("dead", max_connections=None)) + sums(500, tier("alive", max_connections=None))
    results, took = simulate(timed(world.ask(many, provider.connect)))

    assert sum(request.model == "dead" for request in provider.asked) <= 60
    assert took < 60
    assert len(failures(results)) == 500
    assert {reply.model for reply in world.kept.values()} == {"alive"}
    assert "connection refused" in world.last("dead").stopped


def test_a_poisonous_request_does_not_stop_its_tier() -> None:
    def poisoned(request: Request) -> str:
        if request.prompt.startswith("5 "):
            raise ProviderError("fake", "500: oops", fault="server fault")
        return right(request)

    world = World()
    results = simulate(world.ask(sums(20, tier("one", max_connections=1)), FakeProvider(poisoned, seconds=1.0).connect))

    assert len(failures(results)) == 1
    assert len(world.kept) == 19


def test_an_outage_that_passes_in_time_is_survived() -> None:
    """Request 0 never works; all others do but from second 3 to second 11."""

    async def complete(request: Request) -> Response:
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(0.5)
        if request.prompt.startswith("0 ") or 3 <= now < 11:
            raise ProviderError("fake", "connection refused", fault="no connection", retry_after=1.5)
        return response(right(request))

    world = World()
    results = simulate(world.ask(sums(100, tier("one")), served(complete)))

    assert [len(failure.failed) for failure in failures(results)] == [6]
    assert len(world.kept) == 99


@pytest.mark.parametrize("retries", [0, 1])
def test_few_retries_do_not_make_a_hiccup_the_end_of_a_tier(retries: int) -> None:
    provider = FakeProvider()

    def hiccup(request: Request) -> str:
        if 3 < len(provider.asked) < 8:
            raise ProviderError("fake", "500: oops", fault="server fault")
        return right(request)

    provider.reply, world = hiccup, World()
    patience = run.Patience(retries=retries)
    simulate(world.ask(sums(20, tier("one", max_connections=1)), provider.connect, patience=patience))

    assert len(world.kept) >= 16


def test_faults_now_and_then_do_not_add_up() -> None:
    def unsteady(request: Request) -> str:
        if int(request.prompt.split()[0]) % 3 == 0:
            raise ProviderError("fake", "500: oops", fault="server fault")
        return right(request)

    provider, world = FakeProvider(unsteady, seconds=1.0), World()
    simulate(world.ask(sums(60, tier("one", max_connections=1)), provider.connect, patience=run.Patience(retries=0)))

    assert len(world.kept) == 40


def test_nothing_is_waited_for_once_a_tier_has_stopped() -> None:
    async def complete(request: Request) -> Response:
        await asyncio.sleep(1 + int(request.prompt.split()[0]))
        if request.prompt.startswith("0 "):
            raise ProviderError("fake", "401", fault="key refused")
        if request.prompt.startswith("1 "):
            raise ProviderError("fake", "429", fault="rate limit", retry_after=100.0)
        raise ProviderError("fake", "500", fault="server fault", retry_after=100.0)

    results, took = simulate(timed(World().ask(sums(20, tier("one")), served(complete))))

    assert took == 3
    assert sorted(len(failure.failed) for failure in failures(results)) == [0] * 17 + [1] * 3


def test_a_fatal_fault_stops_its_tier_and_what_is_under_way_is_kept() -> None:
    async def complete(request: Request) -> Response:
        await asyncio.sleep(1)
        if request.model == "cheap" and request.prompt.startswith("0 "):
            raise ProviderError("cheap", "401: the key was refused", fault="key refused")
        await asyncio.sleep(1)
        return response(right(request), model=request.model)

    world = World()
    results = simulate(world.ask(two_tiers(), served(complete)))

    assert Counter(reply.model for reply in world.kept.values()) == {"cheap": 2, "dear": 40}
    assert {failure.why for failure in failures(results)} == {"cheap: 401: the key was refused"}
    assert len(failures(results)) == 38
    assert [each.stopped for each in world.reports if each.tier == "cheap"][-2:] == [
        "cheap: 401: the key was refused"
    ] * 2
    assert world.last("dear").stopped == ""


def test_a_request_that_can_never_work_fails_alone_and_is_not_tried_again() -> None:
    def picky(request: Request) -> str:
        if request.prompt.startswith("3 "):
            raise ProviderError("fake", "400: too long", fault="bad request")
        return right(request)

    provider = FakeProvider(picky)
    results = simulate(World().ask(sums(10, tier("one")), provider.connect))

    assert [failure.why for failure in failures(results)] == ["fake: 400: too long"]
    assert len(provider.asked) == 10


def test_an_unforeseen_fault_of_an_adapter_is_an_outcome_with_its_text_but_without_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_API_KEY", "sk-very-secret-0123456789")

    def broken(request: Request) -> str:
        raise KeyError("choices of sk-very-secret-0123456789")

    world = World()
    results = simulate(world.ask(sums(1, tier("one")), FakeProvider(broken).connect))

    assert [failure.why for failure in failures(results)] == ["one: KeyError: 'choices of [key]'"]
    assert "secret" not in str(results) + str(world.log)
    assert world.spending.uncertain == 2


def test_a_local_model_may_take_its_time_and_costs_nothing_when_it_takes_too_long() -> None:
    world, local = World(), tier("local", weights="0" * 64)

    slow = simulate(world.ask(sums(3, local), FakeProvider(seconds=1700.0).connect))
    hung = simulate(world.ask(sums(1, replace(local, seed=1)), FakeProvider(seconds=9999.0).connect))

    assert failures(slow) == []
    assert [attempt.fault for attempt in failures(hung)[0].failed] == ["timeout"]
    assert world.spending.uncertain == 0


def test_a_server_that_hangs_is_left_after_the_timeout() -> None:
    """The real adapter over a real socket."""
    with SumServer(delay=3600.0) as server:
        world, started = World(), time.monotonic()
        patience = run.Patience(timeout=0.2, retries=0)
        results = asyncio.run(world.ask(sums_at(1, server), compatible.connect, patience=patience))

    (failure,) = failures(results)
    assert failure.why == "loop: no answer within 0.2 s; raise --timeout if the model needs longer"
    assert failure.failed[0].fault == "timeout"
    assert 150 <= failure.failed[0].took_ms <= 1000
    assert time.monotonic() - started < 10
    assert world.spending.uncertain == 2
