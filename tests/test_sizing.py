"""Forecasts: chances and cost of a suite before anything is paid, the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from worlds import ladder, response, tier, write_suite

from harness import plan, sizing, stats, suites
from harness.errors import BadInput
from harness.values import Rule, Suite, Usage

ON = date(2026, 11, 22)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def forecast(suite: Suite, at: Sequence[int] = (30, 40, 80), *, rule: Rule | None = None) -> sizing.Sizing:
    rule = rule or suite.rule
    costs = (sizing.UnitCost(tier="cheap", amount=Decimal("0.3"), basis="made up"),)
    return sizing.forecast(suite, rule, sizing.scenarios(rule, 0.95, 0.4), at, costs, runs=200)


def test_a_tier_as_good_is_proved_more_often_with_more_units_and_a_bad_one_never(suite: Suite) -> None:
    made = forecast(suite)

    shown = {(each.scenario.name, each.chances.size): each.chances for each in made.forecasts}
    good = [shown["as good", size].sufficient for size in (30, 40, 80)]
    assert good == sorted(good)
    assert good[0] < 0.4
    assert good[2] > 0.7
    assert max(shown["at the margin", size].sufficient for size in (30, 40, 80)) < 0.08
    assert max(shown["clearly worse", size].sufficient for size in (30, 40, 80)) == 0
    assert shown["clearly worse", 80].units < 0.6 * shown["as good", 80].units
    assert shown["clearly worse", 80].futile == shown["clearly worse", 80].inconclusive > 0.9


def test_the_suites_own_size_and_its_bounds_are_told(suite: Suite) -> None:
    made = forecast(suite)

    assert (made.units, made.least, made.flawless) == (40, 29, 36)
    assert {each.chances.size for each in made.forecasts if each.own} == {40}


def test_a_cost_is_that_of_the_expected_units(suite: Suite) -> None:
    for each in forecast(suite).forecasts:
        assert float(each.costs["cheap"]) == pytest.approx(0.3 * each.chances.units, rel=1e-5)


def test_a_unit_costs_what_its_samples_and_epochs_cost_at_tier_and_reference(suite: Suite) -> None:
    # Two samples a template, each asked in two epochs: four answers a unit and tier.
    pairs = tuple(
        replace(sample, metadata={"level": 1, "template": f"t{number // 2}"})
        for number, sample in enumerate(suite.samples)
    )
    made = plan.plan(ladder(), [replace(suite, samples=pairs, epochs=2)])
    answers = {
        request.key: (request, response("1", usage=Usage(input=100, output=10)))
        for ask in made.asks
        for request in ask.requests
    }

    (cost,) = sizing.unit_costs(made, ON, answers)

    # 110 tokens at 1 and at 10 credits a million.
    assert cost.tier == "cheap"
    assert cost.amount == pytest.approx(Decimal("0.00484"), rel=Decimal("0.02"))
    assert cost.basis == "80 answers"
    (unknown,) = sizing.unit_costs(made, ON)
    assert unknown.basis == "no answers yet: half the limit"
    assert unknown.amount > 0


def test_every_tier_below_the_reference_has_a_cost(suite: Suite) -> None:
    made = plan.plan(ladder(tier("a", "1"), tier("b", "2"), tier("top", "9")), [suite])

    costs = {each.tier: each.amount for each in sizing.unit_costs(made, ON)}

    assert list(costs) == ["a", "b"]
    assert costs["a"] * 11 == pytest.approx(costs["b"] * 10)


def test_scenarios_are_the_margin_apart_or_those_asked_for(suite: Suite) -> None:
    default = sizing.scenarios(suite.rule, 0.95, 0.4)
    asked = sizing.scenarios(suite.rule, 0.95, 0.2, (0.9, 0.97))

    assert [each.assumed.quality for each in default] == [0.95, 0.85, 0.75]
    assert [each.name for each in asked] == ["passes 0.9", "passes 0.97"]
    assert {each.assumed.correlation for each in asked} == {0.2}
    assert [each.assumed.quality for each in sizing.scenarios(suite.rule, 0.15, 0.4)] == [0.15, 0.05, 0.0]


@pytest.mark.parametrize(("bar", "expected"), [("0.80", 0.95), ("0.90", 0.95), ("0.96", 0.98)])
def test_a_reference_is_assumed_to_be_above_the_bar(suite: Suite, bar: str, expected: float) -> None:
    assert sizing.reference_rate(replace(suite.rule, bar=Decimal(bar))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("margin", "method", "own", "expected"),
    [
        ("0.10", "sequential", 40, (29, 40, 44, 58, 87, 120, 180, 240)),
        ("0.05", "sequential", 59, (59, 89, 120, 180, 240, 360, 480)),
        ("0.05", "fixed", 500, (59, 89, 120, 180, 240, 360, 500)),
    ],
)
def test_sizes_start_at_the_least_and_hold_the_suites_own(
    suite: Suite, margin: str, method: str, own: int, expected: tuple[int, ...]
) -> None:
    rule = replace(suite.rule, margin=Decimal(margin), method=method)  # type: ignore[arg-type]

    assert sizing.sizes(rule, own) == expected


def test_what_is_enough_lies_between_the_sizes_forecast(suite: Suite) -> None:
    def made(*chances: tuple[int, float]) -> sizing.Sizing:
        found = tuple(
            sizing.Forecast(
                scenario=sizing.scenarios(suite.rule, 0.95, 0.4)[0],
                chances=stats.Chances(
                    size=size, sufficient=share, insufficient=0, inconclusive=1 - share, futile=0, units=size
                ),
                own=False,
                costs={},
            )
            for size, share in chances
        )
        return sizing.Sizing(suite="sums", rule=suite.rule, units=40, least=29, flawless=36, forecasts=found)

    assert sizing.enough(made((100, 0.6), (200, 0.7), (300, 0.9))) == pytest.approx(250)
    assert sizing.enough(made((100, 0.85), (200, 0.9))) == 100
    assert sizing.enough(made((100, 0.6), (200, 0.79))) is None


def test_a_fixed_test_spends_all_units_and_gives_nothing_up(suite: Suite) -> None:
    made = forecast(suite, (40,), rule=replace(suite.rule, method="fixed"))

    assert {each.chances.units for each in made.forecasts} == {40}
    assert {each.chances.futile for each in made.forecasts} == {0}


def test_impossible_rules_are_refused(suite: Suite) -> None:
    with pytest.raises(BadInput, match=r"rule\.margin: 2 is not between 0 and 1"):
        forecast(suite, rule=replace(suite.rule, margin=Decimal(2)))


def test_records_are_flat_and_hold_rule_and_chances(suite: Suite) -> None:
    made = forecast(suite)

    records = sizing.records(made)

    assert len(records) == 9
    assert records[1] == {
        "suite": "sums",
        "margin": Decimal("0.10"),
        "alpha": Decimal("0.05"),
        "bar": Decimal("0.80"),
        "method": "sequential",
        "least_units": 29,
        "flawless_at": 36,
        "tier": "as good",
        "quality": 0.95,
        "reference": 0.95,
        "correlation": 0.4,
        "units": 40,
        "own": True,
        "sufficient": made.forecasts[1].chances.sufficient,
        "insufficient": made.forecasts[1].chances.insufficient,
        "inconclusive": made.forecasts[1].chances.inconclusive,
        "futile": made.forecasts[1].chances.futile,
        "expected_units": made.forecasts[1].chances.units,
        "expected_cost": made.forecasts[1].costs,
    }


@pytest.mark.slow
def test_the_figure_is_the_same_twice_and_has_a_curve_for_each_scenario(suite: Suite) -> None:
    made = forecast(suite)

    drawn = sizing.draw(made)

    assert drawn == sizing.draw(forecast(suite))
    assert drawn.count(b'<g id="line2d_') > 3 * 2
    for label in (b"as good (0.95)", b"at the margin (0.85)", b"clearly worse (0.75)", b"this suite: 40 units"):
        assert label in drawn
    assert sizing.draw(made, kind="png").startswith(b"\x89PNG")
