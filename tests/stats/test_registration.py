from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import Registration, in_order, prefix, standing
from harness.values import Rule

RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=60, method="sequential")
BEFORE = Registration(rule=RULE, order=("b", "a", "c"), tiers=("small", "large"), models=("s1", "l1"), checker="k1")
NAMES = st.lists(st.text("abcdef", min_size=1, max_size=2), unique=True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "continued"),
        ({"order": ("b", "a", "c", "d")}, "continued"),
        ({"order": ("b", "a", "d", "c")}, "continued"),
        ({"order": ("a", "b", "c")}, "post-hoc"),
        ({"rule": replace(RULE, margin=Decimal("0.10"))}, "post-hoc"),
        ({"rule": replace(RULE, horizon=120)}, "post-hoc"),
        ({"tiers": ("large", "small")}, "post-hoc"),
        ({"checker": "k2"}, "reset"),
        ({"models": ("s2", "l1"), "rule": replace(RULE, margin=Decimal("0.10"))}, "reset"),
    ],
)
def test_what_changed_after_data_decides_how_the_evidence_stands(change: dict[str, Any], expected: str) -> None:
    assert standing(BEFORE, replace(BEFORE, **change), seen=2) == expected


def test_before_data_anything_may_change() -> None:
    changed = replace(BEFORE, rule=replace(RULE, margin=Decimal("0.10")), checker="k2")

    assert standing(None, BEFORE, seen=0) == "new"
    assert standing(BEFORE, changed, seen=0) == "new"


def test_the_hash_covers_all_but_the_order() -> None:
    assert replace(BEFORE, order=()).hash == BEFORE.hash
    assert len({replace(BEFORE, **each).hash for each in ({}, {"checker": "k2"}, {"tiers": ("small",)})}) == 3
    assert replace(BEFORE, rule=replace(RULE, method="fixed")).hash != BEFORE.hash


@given(NAMES, NAMES)
def test_new_units_come_after_the_known_ones_in_a_drawn_order(known: list[str], units: list[str]) -> None:
    order = in_order(known, units, "seed")

    assert order[: len(known)] == tuple(known)
    assert sorted(order) == sorted({*known, *units})
    assert in_order(known, units[::-1], "seed") == order
    assert in_order(order, units, "another seed") == order


def test_the_seed_draws_the_order() -> None:
    units = [f"unit {i}" for i in range(30)]

    assert in_order([], units, "one") != in_order([], units, "two")


def test_only_what_comes_before_the_first_open_unit_counts() -> None:
    assert prefix(["a", "b", "c"], {"a", "c"}) == ("a",)
    assert prefix(["a", "b"], {"a", "b", "z"}) == ("a", "b")
    assert prefix(["a"], set()) == ()
