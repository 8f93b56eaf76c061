"""Costs to the last digit: the price book by date, declared prices, and errors instead of a free answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import prices, tiers
from harness.errors import BadInput
from harness.prices import book
from harness.values import Price, Processing, Request, Tier, Usage

TODAY = date(2026, 11, 22)
SHADOW = Price(input=Decimal(3500), output=Decimal(17000), unit="CPU-s", on="2026-11-22", source="measured")
DECLARED = Price(
    input=Decimal(2),
    output=Decimal(8),
    unit="USD",
    on="2026-11-22",
    source="a contract",
    cached=Decimal("0.5"),
    cache_write=Decimal("2.5"),
    batch=Decimal("0.4"),
)


def tier(provider: str, model: str, price: Price | None = None, priced_as: str | None = None) -> Tier:
    return Tier(name="t", provider=provider, model=model, price=price, priced_as=priced_as)


def request(prompt: str = "Hello", schema: str | None = None, most: int = 300) -> Request:
    return Request(
        provider="anthropic",
        model="claude-haiku-5-5",
        endpoint="",
        system="Be brief.",
        prompt=prompt,
        max_output_tokens=most,
        temperature=None,
        seed=None,
        effort=None,
        schema=schema,
        weights=None,
        engine=None,
        epoch=0,
    )


HAIKU = tier("anthropic", "claude-haiku-5-5")
OPUS = tier("anthropic", "claude-opus-5-5")
SONNET = tier("anthropic", "claude-sonnet-5-5")
LUNA = tier("openai", "gpt-6-luna")
TERRA = tier("openai", "gpt-6.1-terra")
FLASH = tier("google", "gemini-3.8-flash")
ARGON = tier("google", "gemini-4-argon")
# Its price depends on the hour of the day, and on the date.
DEEPSEEK = tier("openai-compatible", "some-server", priced_as="deepseek/deepseek-v4-flash")
BOOK = (HAIKU, OPUS, SONNET, LUNA, TERRA, FLASH, ARGON)


@pytest.mark.parametrize(
    ("priced", "on", "dollars"),
    [
        (HAIKU, TODAY, "0.0015"),
        (tier("anthropic", "claude-haiku-4-5"), TODAY, "0.0150"),
        (SONNET, TODAY, "0.0300"),
        (OPUS, TODAY, "0.0600"),
        (tier("anthropic", "claude-fable-5-2"), TODAY, "0.1200"),
        (LUNA, TODAY, "0.0015"),
        (tier("openai", "gpt-5.4-nano"), TODAY, "0.00325"),
        (tier("openai", "gpt-5.4-mini"), TODAY, "0.0120"),
        (TERRA, TODAY, "0.0150"),
        (tier("openai", "gpt-6.1-sol"), TODAY, "0.0300"),
        (tier("openai", "gpt-6-astra"), TODAY, "0.1500"),
        (tier("google", "gemini-3.1-flash-lite"), TODAY, "0.0040"),
        (tier("google", "gemini-3.5-flash-lite"), TODAY, "0.0055"),
        (FLASH, date(2026, 12, 31), "0.01125"),
        (FLASH, date(2027, 1, 1), "0.0225"),
        (ARGON, date(2026, 11, 30), "0.0300"),
        (ARGON, date(2026, 12, 1), "0.0600"),
        (tier("google", "gemini-3.1-pro-preview"), TODAY, "0.0320"),
    ],
)
def test_ten_thousand_tokens_in_and_a_thousand_out_live_and_in_a_batch(priced: Tier, on: date, dollars: str) -> None:
    usage = Usage(input=10_000, output=1_000)

    assert prices.cost(usage, priced, "USD", on) == Decimal(dollars)
    assert prices.cost(usage, priced, "USD", on, "batch") == Decimal(dollars) / 2


@pytest.mark.parametrize(
    ("priced", "usage", "processing", "dollars"),
    [
        # One token over the cliff reprices every token, of a batch too.
        (HAIKU, Usage(input=100_000, output=1_000), "standard", "0.0105"),
        (HAIKU, Usage(input=100_001, output=1_000), "standard", "0.0525005"),
        (HAIKU, Usage(input=100_001, output=1_000), "batch", "0.02625025"),
        (TERRA, Usage(input=272_000, output=1_000), "standard", "0.277"),
        (TERRA, Usage(input=272_001, output=1_000), "standard", "0.551502"),
        # Cached tokens count towards the cliff: 50,000 at 0.50 and 60,000 at 0.05 dollars a million.
        (HAIKU, Usage(input=110_000, output=0, cached=60_000), "standard", "0.028"),
        # Read from the cache: 0.05 of the price; written to it: 1.25 of it.
        (SONNET, Usage(input=10_000, output=0, cached=10_000), "standard", "0.001"),
        (SONNET, Usage(input=10_000, output=0, cache_write=10_000), "standard", "0.025"),
        (SONNET, Usage(input=10_000, output=100, cached=6_000, cache_write=3_000), "standard", "0.0111"),
        (SONNET, Usage(input=10_000, output=100, cached=6_000, cache_write=3_000), "batch", "0.00555"),
        (TERRA, Usage(input=10_000, output=0, cached=10_000), "standard", "0.0005"),
        (ARGON, Usage(input=10_000, output=0, cached=10_000), "standard", "0.001"),
        # Gemini bills no cache write, and half of a cached token in a batch is not always half.
        (ARGON, Usage(input=10_000, output=0, cache_write=10_000), "standard", "0.02"),
        (tier("google", "gemini-3.5-flash-lite"), Usage(input=10_000, output=0, cached=10_000), "batch", "0.0002"),
        # Reasoning is part of the output and not billed twice.
        (LUNA, Usage(input=100, output=300, cached=40, reasoning=250), "standard", "0.0001564"),
    ],
)
def test_cliffs_caches_and_reasoning(priced: Tier, usage: Usage, processing: Processing, dollars: str) -> None:
    assert prices.cost(usage, priced, "USD", TODAY, processing) == Decimal(dollars)


def test_a_price_of_ones_own_counts_before_the_book() -> None:
    own = replace(HAIKU, price=DECLARED)
    usage = Usage(input=1_000, output=100, cached=500, cache_write=200)

    # 300 plain at 2, 500 cached at 0.50, 200 written at 2.50, 100 out at 8.
    assert prices.cost(usage, own, "USD", TODAY) == Decimal("0.00215")
    assert prices.cost(usage, own, "USD", TODAY, "batch") == Decimal("0.00086")
    assert prices.cost(usage, own, "USD", date(2030, 1, 1)) == Decimal("0.00215")


def test_what_a_price_of_ones_own_does_not_say_costs_like_other_input_and_as_much_in_a_batch() -> None:
    own = tier("local", "smol", SHADOW)
    usage = Usage(input=1_000, output=100, cached=500, cache_write=100)

    assert prices.cost(usage, own, "CPU-s", TODAY) == Decimal("5.2")
    assert prices.cost(usage, own, "CPU-s", TODAY, "batch") == Decimal("5.2")


def test_a_server_can_be_priced_as_an_entry_of_the_book() -> None:
    usage = Usage(input=10_000, output=1_000)
    snapshot = tier("anthropic", "claude-haiku-5-5-20261001", priced_as="anthropic/claude-haiku-5-5")
    routed = tier("openai-compatible", "flash", priced_as="openrouter/google/gemini-3.8-flash")

    assert prices.cost(usage, snapshot, "USD", TODAY) == Decimal("0.0015")
    assert prices.cost(usage, routed, "USD", TODAY) == Decimal("0.01125")


def test_where_the_hour_matters_the_dearest_one_counts() -> None:
    usage = Usage(input=1_000_000, output=1_000_000)

    by_hour = [
        genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1_000_000, output_tokens=1_000_000),
            "deepseek-v4-flash",
            provider_id="deepseek",
            genai_request_timestamp=datetime.combine(TODAY, time(hour), UTC),
        ).total_price
        for hour in range(24)
    ]

    assert len(set(by_hour)) > 1
    assert prices.cost(usage, DEEPSEEK, "USD", TODAY) == max(by_hour)


def test_a_price_per_request_is_counted() -> None:
    sonar = tier("perplexity", "sonar")

    assert prices.cost(Usage(input=0, output=0), sonar, "USD", TODAY) == Decimal("0.012")
    assert prices.worst_case(request(), sonar, "USD", TODAY) > Decimal("0.012")


@settings(max_examples=150, deadline=None)
@given(
    priced=st.sampled_from(BOOK),
    parts=st.tuples(*[st.integers(0, 150_000)] * 3),
    output=st.integers(0, 100_000),
    days=st.integers(0, 60),
    processing=st.sampled_from(["standard", "batch"]),
)
def test_our_arithmetic_is_the_books(
    priced: Tier, parts: tuple[int, int, int], output: int, days: int, processing: Processing
) -> None:
    on = TODAY + timedelta(days=days)
    usage = Usage(input=sum(parts), output=output, cached=parts[0], cache_write=parts[1])

    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cached,
            cache_write_tokens=usage.cache_write,
        ),
        priced.model,
        provider_id=priced.provider,
        genai_request_timestamp=datetime.combine(on, time(12), UTC),
        price_context={"processing": processing},
    )

    assert prices.cost(usage, priced, "USD", on, processing) == theirs.total_price


@pytest.mark.parametrize(
    ("priced", "unit", "problem"),
    [
        (tier("openai", "gpt-6.2-sol"), "USD", r'not know openai/gpt-6.2-sol; write into the tier: priced_as = "prov'),
        (tier("google", "gemini-3.8-flash-lite"), "USD", r'-lite for google/gemini-3.8-flash; .* priced_as = "goog'),
        (tier("openai", "gpt-5.1-mini"), "USD", r"takes openai/gpt-5.1-mini for openai/gpt-5.1-codex-mini; if that"),
        (tier("anthropic", "claude-haiku-5-5-20261001"), "USD", r'priced_as = "anthropic/claude-haiku-5-5"; else: pri'),
        # The book knows providers by likeness too: any server at all would be priced as OpenAI.
        (tier("openai-compatible", "gpt-6-luna"), "USD", r"takes openai-compatible/gpt-6-luna for openai/gpt-6-luna"),
        (tier("x", "y", priced_as="openai/gpt-5.1-mini"), "USD", r"takes openai/gpt-5.1-mini for openai/gpt-5.1-codex"),
        (tier("nobody", "some-model"), "USD", r"does not know nobody/some-model; write into the tier"),
        (tier("openai", ""), "USD", r"does not know openai/; write"),
        (HAIKU, "CPU-s", "no price in CPU-s; add a price"),
        (tier("local", "smol", SHADOW), "USD", "its price is in CPU-s, the ladder counts in USD"),
    ],
)
def test_an_unknown_price_is_one_line_and_never_zero(priced: Tier, unit: str, problem: str) -> None:
    for asked in (
        lambda: prices.cost(Usage(input=1, output=1), priced, unit, TODAY),
        lambda: prices.worst_case(request(), priced, unit, TODAY),
        lambda: prices.quote(priced, unit, TODAY),
    ):
        with pytest.raises(BadInput, match=problem) as caught:
            asked()
        assert str(caught.value).startswith("tier t: ")
        assert "\n" not in str(caught.value)


OVERPRICED = replace(DECLARED, cached=Decimal(9), cache_write=Decimal(7))


@settings(max_examples=150, deadline=None)
@given(
    priced=st.sampled_from([*BOOK, DEEPSEEK, tier("x", "own", DECLARED), tier("x", "own", OVERPRICED)]),
    size=st.sampled_from([0, 10, 99_950, 100_030, 280_000]),
    share=st.floats(0, 1),
    split=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    output=st.integers(0, 300),
    late=st.integers(0, 1),
    days=st.integers(0, 60),
    processing=st.sampled_from(["standard", "batch"]),
)
def test_nothing_costs_more_than_the_worst_case(
    priced: Tier,
    size: int,
    share: float,
    split: tuple[float, float],
    output: int,
    late: int,
    days: int,
    processing: Processing,
) -> None:
    asked, on = request("x" * size), TODAY + timedelta(days=days)
    tokens = int((size + 9 + 64) * share)
    cached = int(tokens * split[0])
    usage = Usage(input=tokens, output=output, cached=cached, cache_write=int((tokens - cached) * split[1]))
    answered = on + timedelta(days=late + (processing == "batch"))

    paid = prices.cost(usage, priced, "USD", answered, processing)

    assert paid <= prices.worst_case(asked, priced, "USD", on, processing)


def test_the_worst_case_is_reached_at_the_cliff_and_over_midnight() -> None:
    # 9 + 99,927 bytes and a frame of 64 stay below the cliff, written to the cache at 0.125; one more is all at 0.625.
    assert prices.worst_case(request("x" * 99_927), HAIKU, "USD", TODAY) == Decimal("0.01265")
    assert prices.worst_case(request("x" * 99_928), HAIKU, "USD", TODAY) == Decimal("0.063250625")

    eve, before = date(2026, 11, 30), date(2026, 11, 29)
    worst = prices.worst_case(request(), ARGON, "USD", before)
    assert prices.worst_case(request(), ARGON, "USD", eve) == 2 * worst
    # A batch has a day more.
    assert prices.worst_case(request(), ARGON, "USD", before, "batch") == worst
    assert prices.worst_case(request(), ARGON, "USD", date(2026, 11, 28), "batch") == worst / 2


def test_the_worst_case_counts_a_schema_its_instructions_and_a_cache_that_is_written() -> None:
    plain = prices.worst_case(request(), HAIKU, "USD", TODAY)
    schema = prices.worst_case(request(schema="x" * 1000), HAIKU, "USD", TODAY)

    # 9 + 5 bytes and a frame of 64, written at 0.125, and 300 tokens out at 0.50 dollars a million.
    assert plain == Decimal("0.00015975")
    assert schema - plain == Decimal("0.000189")


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_have_a_price(day: date) -> None:
    assert prices.worst_case(request(), ARGON, "USD", day, "batch") > 0
    assert prices.quote(ARGON, "USD", day).standard[0].output > 0


def test_a_manifest_can_say_where_prices_come_from() -> None:
    assert prices.source(tiers.load("local")) == "declared on 2026-11-22: measured, one thread at 2.6 GHz"
    assert prices.source(tiers.load("mixed")).startswith("genai-prices 0.")


def test_the_days_on_which_a_price_changes_are_those_before_which_it_was_another() -> None:
    (change,) = prices.changes(ARGON, "USD", TODAY)

    assert change.on == "2026-12-01"
    assert [(old.input, old.output, new.input, new.output) for old, new in zip(*change.standard, strict=True)] == [
        (Decimal(2), Decimal(10), Decimal(4), Decimal(20))
    ]
    assert [rates[0].input for rates in change.batch] == [Decimal(1), Decimal(2)]
    assert prices.changes(ARGON, "USD", date(2026, 12, 1)) == ()
    assert prices.changes(ARGON, "USD", TODAY, date(2026, 11, 30)) == ()
    assert prices.changes(OPUS, "USD", TODAY) == prices.changes(tier("x", "own", DECLARED), "USD", TODAY) == ()


@pytest.mark.parametrize("name", tiers.builtin())
def test_every_tier_of_our_ladders_has_a_price(name: str) -> None:
    ladder = tiers.load(name)

    costs = [prices.cost(Usage(input=10_000, output=1_000), each, ladder.unit, TODAY) for each in ladder.tiers]

    assert all(each > 0 for each in costs)
    if name != "local-strategies":
        assert costs == sorted(costs)


def test_thousands_of_answers_of_a_day_take_one_look_into_the_book() -> None:
    day = date(2026, 11, 17)
    before = book.rates.cache_info().misses

    for output in range(2_000):
        prices.cost(Usage(input=10, output=output), OPUS, "USD", day)

    assert book.rates.cache_info().misses - before == 1


def test_a_declared_price_needs_no_price_book(fresh: Callable[..., object]) -> None:
    done = fresh(
        "import sys\nfrom datetime import date\nfrom harness import prices, tiers\nfrom harness.values import Usage\n"
        "ladder = tiers.load('local')\n"
        "prices.cost(Usage(input=9, output=9), ladder.reference, 'CPU-s', date.today())\n"
        "prices.changes(ladder.reference, 'CPU-s', date(2020, 1, 1))\n"
        "prices.source(ladder)\nprint('genai_prices' in sys.modules)"
    )

    assert getattr(done, "stdout") == "False\n", done  # noqa: B009
