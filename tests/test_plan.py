"""A plan is a value: it can be counted and priced before anything is asked."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import ladder, price, response, tier, write_suite

from harness import ledger, plan, prices, suites, tiers
from harness.answers import write_answers
from harness.cli import main
from harness.plan import estimates
from harness.values import Plan, Request, Response, Suite, Tier, Usage

ON = date(2026, 11, 22)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def test_every_sample_meets_every_tier_in_a_fixed_order(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])

    order = [sample.id for sample in suites.ordered(suite)]
    assert [(ask.tier.name, ask.sample.id) for ask in made.asks] == [
        (name, id_) for name in ("cheap", "dear") for id_ in order
    ]
    assert made.asks[0].requests[0].system == "Answer with the number alone."
    assert made.asks[0].requests[0].max_output_tokens == 16


def test_epochs_and_votes_are_requests_of_their_own(suite: Suite) -> None:
    voting = ladder(tier("vote", vote=3, temperature=Decimal("0.8"), seed=7))

    made = plan.plan(voting, [suite], epochs=2)

    seeds = [[request.seed for request in ask.requests] for ask in made.asks[:2]]
    assert seeds == [[7, 8, 9], [10, 11, 12]]
    assert len({request.key for ask in made.asks for request in ask.requests}) == 40 * 2 * 3


def test_a_tier_can_be_asked_alone_while_the_ladder_keeps_its_reference(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite], only={"cheap"})

    assert {ask.tier.name for ask in made.asks} == {"cheap"}
    assert made.ladder.reference.name == "dear"


def test_only_what_is_not_stored_is_missing_and_nothing_twice(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite, suite])
    stored = {ask.requests[0].key for ask in made.asks[:10]}

    missing = [request.key for _, request in plan.missing(made, stored)]

    assert len(missing) == len(set(missing)) == 70
    assert not stored & set(missing)


def test_a_schema_is_sent_by_the_tiers_that_want_it(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    with (folder / "suite.toml").open("a") as file:
        file.write('\n[schema]\njson = \'{"type": "string"}\'\n')

    made = plan.plan(ladder(tier("plain"), tier("bound", schema=True)), [suites.load(folder)])

    assert {(ask.tier.name, ask.requests[0].schema) for ask in made.asks} == {
        ("plain", None),
        ("bound", '{"type":"string"}'),
    }


def test_the_estimate_counts_and_bounds(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])
    stored = {ask.requests[0].key for ask in made.asks if ask.tier.name == "cheap"}

    cheap, dear = plan.estimate(made, stored, ON)

    assert (cheap.requests, cheap.stored, cheap.to_ask, cheap.worst) == (40, 40, 0, Decimal(0))
    assert (cheap.low, cheap.expected, cheap.high, cheap.basis) == (Decimal(0), Decimal(0), Decimal(0), "")
    assert (dear.requests, dear.stored, dear.to_ask) == (40, 0, 40)
    assert Decimal(0) < dear.low < dear.expected < dear.high < dear.worst


def answered(
    made: Plan, tier: str, lengths: Sequence[int], per_byte: float = 0.5
) -> dict[str, tuple[Request, Response]]:
    """Answers of one tier to the first samples, as long as told."""
    requests = [ask.requests[0] for ask in made.asks if ask.tier.name == tier][: len(lengths)]
    usages = [
        Usage(input=round(prices.size(each) * per_byte), output=n) for each, n in zip(requests, lengths, strict=True)
    ]
    return {
        each.key: (each, response("1", usage=usage, model=tier)) for each, usage in zip(requests, usages, strict=True)
    }


def spent(pairs: Iterable[tuple[Request, Response]], tier: Tier) -> Decimal:
    return sum((prices.cost(reply.usage, tier, "credits", ON) for _, reply in pairs), Decimal(0))


def test_lengths_are_learnt_from_a_tiers_own_answers(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])
    known = answered(made, "cheap", [3, 5] * 10, per_byte=1)

    cheap, dear = plan.estimate(made, known.keys(), ON, answers=known)

    assert (cheap.basis, cheap.measured) == ("20 answers", True)
    asked = [ask.requests[0] for ask in made.asks if ask.tier.name == "cheap" and ask.requests[0].key not in known]
    assert cheap.expected == Decimal(sum(map(prices.size, asked)) + 20 * 4) / 1_000_000
    # The spread of the answers, 1.05, is less than that of one in 80 at 12 tokens from the mean: s = 12 / sqrt(80) = 1.34.
    # t(0.95; 18) = 1.734, so that t s sqrt(20 + 20^2 / 20) = 14.7 tokens.
    reach = Decimal("14.7") / 1_000_000
    assert cheap.high - cheap.expected == pytest.approx(reach, rel=Decimal("0.01"))
    assert cheap.expected - cheap.low == pytest.approx(reach, rel=Decimal("0.01"))
    assert (dear.basis, dear.measured) == ("other tiers' answers", False)


def test_a_length_that_was_not_seen_may_still_come(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])
    cheap = made.ladder.tiers[0]
    known = answered(made, "cheap", [16] * 4)
    further = answered(made, "cheap", [16] * 4 + [4] * 6 + [16] * 30)

    row = plan.estimate(made, known.keys(), ON, answers=known)[0]

    assert row.low < spent((further[key] for key in further.keys() - known.keys()), cheap) < row.high


def test_new_samples_learn_from_answers_to_others(suite: Suite, tmp_path: Path) -> None:
    known = answered(plan.plan(ladder(), [suite]), "cheap", [3, 5] * 10)
    fresh = plan.plan(ladder(), [suites.load(tmp_path / "suites" / "sums", fresh="7")])

    cheap, _ = plan.estimate(fresh, (), ON, answers=known)

    assert (cheap.to_ask, cheap.basis) == (40, "20 answers")


def test_a_suite_with_another_prompt_learns_nothing_from_this_one(suite: Suite) -> None:
    known = answered(plan.plan(ladder(), [suite]), "cheap", [3, 5] * 10)
    other = plan.plan(ladder(), [replace(suite, system="Answer in Latin.")])

    assert {row.basis for row in plan.estimate(other, (), ON, answers=known)} == {"no answers yet: half the limit"}


def test_without_answers_of_its_own_other_tiers_give_a_wider_interval(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])
    known = answered(made, "cheap", [3, 5] * 20)

    own = plan.estimate(made, (), ON, answers=known)[0]
    others = plan.estimate(made, (), ON, answers=known)[1]
    nothing = plan.estimate(made, (), ON)[1]

    assert others.expected == pytest.approx(10 * own.expected, rel=Decimal("0.001"))
    assert (others.high - others.low) / others.expected > 2 * (own.high - own.low) / own.expected
    assert nothing.high > others.high > others.low > nothing.low


def test_few_answers_are_no_basis(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])

    row = plan.estimate(made, (), ON, answers=answered(made, "cheap", [3, 4, 5]))[0]

    assert row.basis == "no answers yet: half the limit"


def test_counted_input_replaces_the_guess(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite])
    size = sum(prices.size(ask.requests[0]) for ask in made.asks if ask.tier.name == "cheap")

    row = plan.estimate(made, (), ON, counted={("sums", "cheap"): Fraction(4000, size)})[0]

    # 4,000 tokens in, 1 to 16 tokens for each of 40 answers.
    assert row.basis == "no answers yet: half the limit, input counted"
    assert [x * 1_000_000 for x in (row.low, row.expected, row.high)] == pytest.approx(
        [Decimal(4040), Decimal(4320), Decimal(4640)], rel=Decimal("0.005")
    )


def test_a_batch_is_estimated_at_its_own_prices(suite: Suite) -> None:
    halved = replace(price("1"), batch=Decimal("0.5"))
    made = plan.plan(ladder(tier("cheap", price=halved), tier("dear", "10")), [suite])
    known = answered(made, "cheap", [3, 5] * 10)

    live, batch = (plan.estimate(made, (), ON, answers=known, processing=way)[0] for way in ("standard", "batch"))

    for name in ("low", "expected", "high", "worst"):
        assert getattr(batch, name) == pytest.approx(getattr(live, name) / 2, rel=Decimal("1e-6"))


def test_misses_add_up_within_a_suite_and_their_squares_across_suites(suite: Suite) -> None:
    made = plan.plan(ladder(), [suite, replace(suite, id="more", system="Answer well.")])
    known = answered(made, "cheap", [3, 5] * 10) | answered(made, "dear", [3, 5] * 10)
    rows = plan.estimate(made, (), ON, answers=known)
    cheap, dear, guessed, too = rows
    assert [row.measured for row in rows] == [True, True, False, False]

    whole = plan.total([cheap, dear, replace(cheap, suite="third")])

    wide, one = cheap.high + dear.high - cheap.expected - dear.expected, cheap.high - cheap.expected
    assert whole.expected == cheap.expected * 2 + dear.expected
    assert (whole.high - whole.expected) ** 2 == pytest.approx(wide**2 + one**2, rel=Decimal("1e-4"))
    assert (whole.to_ask, whole.worst) == (120, cheap.worst * 2 + dear.worst)
    both = plan.total([guessed, too])
    assert both.high == pytest.approx(guessed.high + too.high, rel=Decimal("1e-6"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(0, 16), max_size=40), per_byte=st.floats(0.01, 1))
def test_an_estimate_is_ordered_and_below_the_bound(suite: Suite, lengths: list[int], per_byte: float) -> None:
    made = plan.plan(ladder(), [suite])
    known = answered(made, "cheap", lengths, per_byte)

    for row in (*plan.estimate(made, known.keys(), ON, answers=known), *plan.estimate(made, (), ON, answers=known)):
        assert 0 <= row.low <= row.expected <= row.high <= row.worst


@pytest.mark.parametrize(("freedom", "published"), [(2, 2.920), (5, 2.015), (10, 1.812), (30, 1.697), (10**6, 1.645)])
def test_the_quantile_of_students_t_is_the_tables(freedom: int, published: float) -> None:
    assert float(estimates._student(freedom)) == pytest.approx(published, rel=0.003)


# What follows predicts recorded answers from other recorded answers.


@pytest.fixture(scope="module")
def recorded() -> tuple[dict[tuple[str, str], tuple[Plan, list[str]]], dict[str, tuple[Request, Response]]]:
    """By suite and tier its plan and the keys of its answers in the suite's order, and all recorded answers.

    A cell of which the recording has reached less than half is left out: an adaptive run may need a few answers only.
    """
    folder = ledger.shipped("local")
    local, answers = tiers.load("local"), ledger.answers([folder])
    cells = {}
    for name in ledger.covered(folder):
        loaded = suites.load(suites.find(name))
        for each in local.tiers:
            made = plan.plan(local, [loaded], only={each.name})
            keys = [ask.requests[0].key for ask in made.asks if ask.requests[0].key in answers]
            if 2 * len(keys) >= len(made.asks):
                cells[name, each.name] = made, keys
    assert len(cells) >= 9
    return cells, answers


Recorded = tuple[dict[tuple[str, str], tuple[Plan, list[str]]], dict[str, tuple[Request, Response]]]
Split = Callable[[list[str]], tuple[list[str], list[str]]]


def predicted(recorded: Recorded, split: Split) -> list[tuple[plan.Estimate, Decimal]]:
    """For each suite and tier: what one part of its answers says of the other, and what the other did cost."""
    cells, answers = recorded
    found = []
    for (_, name), (made, keys) in cells.items():
        shown, further = split(keys)
        others = {ask.requests[0].key for ask in made.asks} - set(further)
        (row,) = plan.estimate(made, others, ON, answers={key: answers[key] for key in shown})
        tier = next(each for each in made.ladder.tiers if each.name == name)
        paid = sum((prices.cost(answers[key][1].usage, tier, "CPU-s", ON) for key in further), Decimal(0))
        found.append((row, paid))
    return found


def halves(keys: list[str]) -> tuple[list[str], list[str]]:
    return keys[: len(keys) // 2], keys[len(keys) // 2 :]


def covered(pairs: Sequence[tuple[plan.Estimate, Decimal]]) -> float:
    return sum(row.low <= paid <= row.high for row, paid in pairs) / len(pairs)


def test_one_half_of_the_recorded_answers_foretells_the_other(recorded: Recorded) -> None:
    there = predicted(recorded, halves)
    back = predicted(recorded, lambda keys: halves(keys)[::-1])

    assert covered(there + back) >= 0.8
    assert all(abs(paid / row.expected - 1) < Decimal("0.15") for row, paid in there + back)
    for pairs in (there, back):
        whole = plan.total([row for row, _ in pairs])
        assert whole.low <= sum(paid for _, paid in pairs) <= whole.high
        assert (whole.high - whole.low) / whole.expected < Decimal("0.25")


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_interval_holds_nine_of_ten_recorded_totals_however_they_are_split(
    recorded: Recorded, share: float
) -> None:
    chance = random.Random(20261122)

    def mixed(keys: list[str]) -> tuple[list[str], list[str]]:
        order = chance.sample(sorted(keys), len(keys))
        cut = max(4, int(len(order) * share))
        return order[:cut], order[cut:]

    assert covered([pair for _ in range(20) for pair in predicted(recorded, mixed)]) >= 0.9


def test_other_tiers_answers_foretell_a_tier_within_their_interval(recorded: Recorded) -> None:
    cells, answers = recorded
    for (name, own), (made, keys) in cells.items():
        others = {key: answers[key] for (s, t), (_, ks) in cells.items() if s == name and t != own for key in ks}
        stored = {ask.requests[0].key for ask in made.asks} - set(keys)
        tier = next(each for each in made.ladder.tiers if each.name == own)

        (row,) = plan.estimate(made, stored, ON, answers=others)

        paid = sum((prices.cost(answers[key][1].usage, tier, "CPU-s", ON) for key in keys), Decimal(0))
        assert row.basis == "other tiers' answers"
        assert row.low <= paid <= row.high <= row.worst


def test_the_plan_shows_estimates_bounds_and_what_they_stand_on(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.toml").write_text(LADDER)
    known = answered(plan.plan(tiers.load("toy.toml"), [suite]), "small", [5] * 20)
    write_answers(tmp_path / "results/toy/answers/sums.jsonl", known.values())

    code = main(["plan", "sums", "--ladder", "toy.toml", "--as-of", "2026-11-29"])
    out, err = capsys.readouterr()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert lines[0] == "suite tier requests stored to ask expected (USD) low (USD) high (USD) at most (USD) basis"
    assert re.fullmatch(r"sums small 40 20 20( 0\.\d+){4} 20 answers", lines[1])
    assert re.fullmatch(r"sums argon 40 0 40( 0\.\d+){4} other tiers' answers", lines[2])
    assert re.fullmatch(r"total 80 20 60( 0\.\d+){4}", lines[3])
    assert err.startswith("live prices of 2026-11-29; ")

    def amounts(*words: str) -> dict[str, Decimal]:
        assert main(["plan", "sums", "--ladder", "toy.toml", "--format", "json", "--tier", "argon", *words]) == 0
        row = json.loads(capsys.readouterr().out)
        return {name: Decimal(row[name]) for name in ("low", "expected", "high", "worst")}

    live, dearer = amounts("--as-of", "2026-11-29"), amounts("--as-of", "2026-12-01")
    assert dearer == {name: 2 * amount for name, amount in live.items()}
    assert amounts("--as-of", "2026-12-01", "--batch") == live
    # The bound alone looks at the next day too.
    eve = amounts("--as-of", "2026-11-30")
    assert (eve["expected"], eve["worst"]) == (live["expected"], dearer["worst"])


LADDER = """
title = "Two"
unit = "USD"
[[tier]]
name = "small"
provider = "anthropic"
model = "claude-haiku-5-5"
[[tier]]
name = "argon"
provider = "google"
model = "gemini-4-argon"
"""
