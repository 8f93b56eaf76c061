"""A plan is a value: it can be counted and priced before anything is asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from worlds import ladder, tier, write_suite

from harness import plan, suites
from harness.values import Suite

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
    assert (dear.requests, dear.stored, dear.to_ask) == (40, 0, 40)
    assert Decimal(0) < dear.expected < dear.worst
