"""Kinds of work: what is read together, in which order, with which weights."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from worlds import ladder, write_suite

from harness import kinds, registry, suites
from harness.values import Ladder, Suite

LADDER = ladder()


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def found(suite: Suite, ladder: Ladder = LADDER) -> tuple[kinds.Kind, ...]:
    return kinds.kinds_of(suite, ladder, registry.stand(suite, ladder, {}, ()).registered)


def mixed(**shares: str) -> Ladder:
    return replace(LADDER, mix={f"sums.{level[1:]}": Decimal(share) for level, share in shares.items()})


def test_all_levels_come_first_and_each_has_its_own_horizon(suite: Suite) -> None:
    assert [(kind.level, kind.planned, kind.rule.horizon) for kind in found(suite)] == [
        (None, 40, 40),
        (1, 20, 20),
        (2, 10, 10),
        (3, 10, 10),
    ]


def test_units_stand_in_the_order_in_which_samples_are_asked(suite: Suite) -> None:
    alike = replace(
        suite,
        samples=tuple(
            replace(sample, metadata={**sample.metadata, "template": f"t{number % 10}"})
            for number, sample in enumerate(suite.samples)
        ),
    )

    together, first, *_ = found(alike)

    asked = list(dict.fromkeys(sample.template for sample in suites.ordered(alike)))
    assert [unit for unit, _ in together.units] == asked
    assert [unit for unit, _ in first.units] == asked
    assert {len(members) for _, members in together.units} == {4}
    # A unit is asked as a whole before the next one is begun.
    assert [sample.template for sample in suites.ordered(alike)] == [unit for unit in asked for _ in range(4)]


def test_a_samples_weight_is_its_levels_share_of_the_mix(suite: Suite) -> None:
    together, first, *_ = found(suite, mixed(_1="0.2", _2="0.8", _3="0"))

    assert together.weights == {1: Decimal("0.01"), 2: Decimal("0.08")}
    assert (together.planned, together.levels, together.heaviest) == (30, frozenset({1, 2}), 0.08)
    assert {weight for _, members in together.units for _, weight in members} == {0.01, 0.08}
    assert (first.weights, first.heaviest) == (None, None)


def test_a_mix_of_levels_that_were_left_out_weighs_nothing(suite: Suite) -> None:
    part = suites.narrow(suite, levels=[1])

    (together, _) = found(part, mixed(_2="1"))

    assert (together.weights, together.planned) == (None, 20)


def test_a_suite_without_samples_has_no_kinds(suite: Suite) -> None:
    assert found(replace(suite, samples=())) == ()
