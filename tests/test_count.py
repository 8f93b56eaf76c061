"""Counting is free, bounded, and never in the way of a plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from worlds import ladder, tier, write_suite

from harness import count, plan, prices, suites
from harness.errors import BadInput, ProviderError
from harness.providers import Connect, Connection
from harness.values import Plan, Request, Response, Tier

Count = Callable[[Request], Awaitable[int]]


@pytest.fixture
def made(tmp_path: Path) -> Plan:
    """A plan of 240 requests a tier, so that not all are counted."""
    suite = suites.load(write_suite(tmp_path))
    return plan.plan(ladder(), [suite], epochs=6)


def offering(counter: Count | None) -> Connect:
    """A provider that counts like that, and would fail the test if it were asked to answer."""

    async def complete(request: Request) -> Response:
        pytest.fail(f"asked {request}")

    @asynccontextmanager
    async def connect(tier: Tier) -> AsyncIterator[Connection]:
        if tier.name == "keyless":
            raise BadInput("anthropic", "no key: set ANTHROPIC_API_KEY")
        yield Connection(complete=complete, count=counter)

    return connect


def counted(
    made: Plan, connect: Connect, known: set[str] | None = None
) -> tuple[dict[tuple[str, str], Fraction], list[str]]:
    notes: list[str] = []
    return asyncio.run(count.count_inputs(made, known or set(), connect, notes.append)), notes


def test_at_most_fifty_requests_of_each_are_counted_eight_at_a_time(made: Plan) -> None:
    seen: list[Request] = []
    now = peak = 0

    async def counter(request: Request) -> int:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await asyncio.sleep(0)
        now -= 1
        seen.append(request)
        return 2 * prices.size(request)

    found, notes = counted(plan.plan(made.ladder, made.suites, epochs=6, only={"cheap"}), offering(counter))

    assert (found, notes) == ({("sums", "cheap"): Fraction(2)}, [])
    assert (len(seen), peak) == (50, 8)
    # Evenly spaced over the plan's order.
    order = [request.key for ask in made.asks if ask.tier.name == "cheap" for request in ask.requests]
    places = sorted(order.index(request.key) for request in seen)
    assert {after - before for before, after in pairwise(places)} <= {4, 5}


def test_only_what_is_still_to_ask_is_counted(made: Plan) -> None:
    asks = [ask for ask in made.asks if ask.tier.name == "cheap"]
    known = {ask.requests[0].key for ask in made.asks} - {asks[0].requests[0].key, asks[9].requests[0].key}
    seen: list[str] = []

    async def counter(request: Request) -> int:
        seen.append(request.key)
        return 30

    found, _ = counted(made, offering(counter), known)

    size = sum(prices.size(asks[number].requests[0]) for number in (0, 9))
    assert (sorted(found), found["sums", "cheap"]) == ([("sums", "cheap")], Fraction(60, size))
    assert len(seen) == 2


async def refused(request: Request) -> int:
    raise ProviderError(request.model, "the key was refused (401); check it", fault="key refused")


async def broken(request: Request) -> int:
    raise RuntimeError("a page that is no JSON")


@pytest.mark.parametrize(
    ("counter", "said"),
    [
        (None, "input of cheap is estimated, not counted: cheap: its provider does not count tokens"),
        (refused, "input of cheap is estimated, not counted: cheap: the key was refused (401); check it"),
        (broken, "input of cheap is estimated, not counted: cheap: RuntimeError: a page that is no JSON"),
    ],
)
def test_what_goes_wrong_is_noted_once_a_tier_and_counts_nothing(made: Plan, counter: Count | None, said: str) -> None:
    found, notes = counted(made, offering(counter))

    assert found == {}
    assert sorted(notes) == [said, said.replace("cheap", "dear")]


def test_a_tier_without_a_key_leaves_the_others_counted(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))

    async def counter(request: Request) -> int:
        return prices.size(request)

    found, notes = counted(plan.plan(ladder(tier("keyless"), tier("dear")), [suite]), offering(counter))

    assert found == {("sums", "dear"): Fraction(1)}
    assert notes == ["input of keyless is estimated, not counted: anthropic: no key: set ANTHROPIC_API_KEY"]


def test_a_provider_that_never_answers_is_given_up(made: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "LONGEST", 0.01)

    async def counter(request: Request) -> int:
        await asyncio.Event().wait()
        return 1

    found, notes = counted(made, offering(counter))

    assert (found, len(notes)) == ({}, 2)
    assert "TimeoutError" in notes[0]


def test_local_tiers_are_passed_over_without_loading_a_model(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))
    pinned = replace(tier("local"), weights="smollm2-135m-instruct-q4_1", engine="x 1", temperature=Decimal(0), seed=1)

    assert counted(plan.plan(ladder(pinned), [suite]), offering(refused)) == ({}, [])
