"""Costs to the last digit: the price book by date, declared prices, and errors instead of a free answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import prices, tiers
from harness.errors import BadInput
from harness.values import Price, Request, Tier, Usage

TODAY = date(2026, 11, 22)
SHADOW = Price(input=Decimal(3500), output=Decimal(17000), unit="CPU-s", on="2026-11-22", source="measured")


def tier(provider: str, model: str, price: Price | None = None) -> Tier:
    return Tier(name="t", provider=provider, model=model, price=price)


def request(prompt: str = "Hello", schema: str | None = None) -> Request:
    return Request(
        provider="anthropic",
        model="claude-haiku-5-5",
        endpoint="",
        system="Be brief.",
        prompt=prompt,
        max_output_tokens=300,
        temperature=None,
        seed=None,
        effort=None,
        schema=schema,
        weights=None,
        engine=None,
        epoch=0,
    )


HAIKU = tier("anthropic", "claude-haiku-5-5")
ARGON = tier("google", "gemini-4-argon")


@pytest.mark.parametrize(
    ("priced", "usage", "on", "dollars"),
    [
        (HAIKU, Usage(input=10_000, output=1_000), TODAY, "0.0015"),
        # One token over the cliff reprices every token.
        (HAIKU, Usage(input=100_000, output=1_000), TODAY, "0.0105"),
        (HAIKU, Usage(input=100_001, output=1_000), TODAY, "0.0525005"),
        (tier("openai", "gpt-6.1-terra"), Usage(input=10_000, output=1_000), TODAY, "0.0150"),
        (tier("openai", "gpt-6-luna"), Usage(input=100, output=300, cached=40), TODAY, "0.0001564"),
        (ARGON, Usage(input=10_000, output=1_000), date(2026, 11, 30), "0.0300"),
        (ARGON, Usage(input=10_000, output=1_000), date(2026, 12, 1), "0.0600"),
    ],
)
def test_the_price_book_as_of_a_day(priced: Tier, usage: Usage, on: date, dollars: str) -> None:
    assert prices.cost(usage, priced, "USD", on) == Decimal(dollars)


def test_a_declared_price_counts_before_the_book() -> None:
    declared = replace(HAIKU, price=SHADOW)

    assert prices.cost(Usage(input=1_000, output=100, cached=500), declared, "CPU-s", TODAY) == Decimal("5.2")


@pytest.mark.parametrize(
    ("priced", "unit", "problem"),
    [
        (tier("openai", "gpt-6.2-sol"), "USD", "the price book does not know it; add a price"),
        (tier("google", "gemini-3.8-flash-lite"), "USD", "takes it for 'gemini-3.8-flash'; add a price"),
        (tier("openai", "gpt-5.1-mini"), "USD", "takes it for 'gpt-5.1-codex-mini'; add a price"),
        (tier("nobody", "some-model"), "USD", "the price book does not know it; add a price"),
        (HAIKU, "CPU-s", "no price in CPU-s; add a price"),
        (tier("local", "smol", SHADOW), "USD", "its price is in CPU-s, the ladder counts in USD"),
    ],
)
def test_an_unknown_price_is_an_error_and_never_zero(priced: Tier, unit: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        prices.cost(Usage(input=1, output=1), priced, unit, TODAY)


@settings(max_examples=30, deadline=None)
@given(prompt=st.text(max_size=200), share=st.floats(0, 1), output=st.integers(0, 300), cached=st.integers(0, 9))
def test_nothing_costs_more_than_the_worst_case(prompt: str, share: float, output: int, cached: int) -> None:
    asked = request(prompt)
    tokens = 9 + int((len(asked.system.encode()) + len(prompt.encode()) + 64 - 9) * share)
    for written in (0, tokens - cached):
        usage = Usage(input=tokens, output=output, cached=cached, cache_write=written)
        for priced in (HAIKU, tier("openai", "gpt-6-luna"), tier("local", "smol", replace(SHADOW, unit="USD"))):
            assert prices.cost(usage, priced, "USD", TODAY) <= prices.worst_case(asked, priced, "USD", TODAY)


def test_the_worst_case_counts_the_schema_and_a_cache_that_is_written() -> None:
    plain = prices.worst_case(request(), HAIKU, "USD", TODAY)
    schema = prices.worst_case(request(schema="x" * 1000), HAIKU, "USD", TODAY)

    # 9 + 5 bytes and a frame of 64, written at 0.125, and 300 tokens out at 0.50 dollars a million.
    assert plain == Decimal("0.00015975")
    assert schema - plain == Decimal("0.000125")


def test_the_expected_cost_takes_four_bytes_a_token_and_half_the_output() -> None:
    asked = request("x" * 391)

    assert prices.expected(asked, HAIKU, "USD", TODAY) == Decimal("0.0000914")
    assert prices.expected(asked, HAIKU, "USD", TODAY, output=10) == Decimal("0.0000214")
    assert prices.expected(asked, HAIKU, "USD", TODAY) < prices.worst_case(asked, HAIKU, "USD", TODAY)


def test_a_manifest_can_say_where_prices_come_from() -> None:
    assert prices.source(tiers.load("local")) == "declared on 2026-11-22: measured, one thread at 2.6 GHz"
    assert prices.source(tiers.load("mixed")).startswith("genai-prices 0.")


@pytest.mark.parametrize("name", tiers.builtin())
def test_every_tier_of_our_ladders_has_a_price(name: str) -> None:
    ladder = tiers.load(name)

    costs = [prices.cost(Usage(input=10_000, output=1_000), each, ladder.unit, TODAY) for each in ladder.tiers]

    assert all(each > 0 for each in costs)
    if name != "local-strategies":
        assert costs == sorted(costs)
