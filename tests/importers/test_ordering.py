"""Which tiers there are and in what order: declared, or measured, never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from importers.recorded import Load, Row, refusal, rows

from harness.values import Ladder, Tier


def test_what_some_rows_leave_out_others_say(loaded: Load) -> None:
    some = [*rows(1), *({**row, "provider": None, "model": "", "tier_rank": None} for row in rows(1, run="b"))]

    assert [(tier.provider, tier.model) for tier in loaded(some).ladder.tiers] == [
        ("acme", "acme-small"),
        ("acme", "acme-large"),
    ]


def test_without_ranks_the_order_is_that_of_mean_costs(loaded: Load) -> None:
    swapped = [row | {"tier_rank": None, "cost_usd": 1 / row["tier_rank"]} for row in rows(2)]

    found = loaded(swapped)

    assert found.ladder.reference.name == "small"
    assert "tiers, by mean cost, as measured: large < small; the reference is small" in found.notes


def test_a_ladder_orders_the_tiers_and_leaves_out_the_others(loaded: Load) -> None:
    made = tuple(
        Tier(name=name, provider="acme", model=f"acme-{model}") for name, model in (("L", "large"), ("S", "small"))
    )
    ladder = Ladder(name="ours", title="", unit="credits", tiers=made)

    found = loaded([*rows(2, tiers=("small", "large", "huge"))], ladder=ladder)

    assert [tier.name for tier in found.ladder.tiers] == ["large", "small"]
    assert (found.ladder.name, found.ladder.unit) == ("mine", "USD")
    assert "tiers, in the order of the ladder 'ours': large < small; the reference is small" in found.notes
    assert "2 rows are of tiers that the ladder does not have: huge" in found.notes
    missing = replace(ladder, tiers=(*made, Tier(name="top", provider="acme", model="top")))
    said = refusal(lambda: loaded(rows(2), ladder=missing))
    assert "no row is of the reference 'top' of the ladder 'ours'; the file has large, small" in said


def test_one_tier_has_no_floor(loaded: Load) -> None:
    found = loaded(rows(2, tiers=("only",), tier_rank=None, cost_usd=None))

    assert "only is the only tier: there is nothing to compare it with, so there is no floor" in found.notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tier_rank": 1}, "'large' and 'small' share tier_rank 1; give the order with --ladder"),
        ({"tier_rank": None, "cost_usd": 1}, "the order of the tiers is unknown: mean costs are equal"),
        ({"tier_rank": None, "cost_usd": None}, "the order of the tiers is unknown: 'large' has neither tier_rank nor"),
    ],
)
def test_an_order_of_tiers_is_not_guessed(loaded: Load, change: Row, said: str) -> None:
    assert said in refusal(lambda: loaded(rows(2, **change)))


def test_tiers_of_two_providers_are_no_ladder(loaded: Load) -> None:
    other = [row | {"provider": "other", "tier": row["tier"] + "-o", "model": row["model"] + "-o"} for row in rows(1)]

    said = refusal(lambda: loaded([*rows(1), *other]))

    assert "take one provider with --where provider=acme, or give the order with --ladder" in said
