from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import bar_game, gap_game, log_wealth
from harness.stats.forecast import further_by_betting, further_by_counting, is_futile
from harness.values import Rule

RULE = Rule(margin=Decimal("0.10"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=150, method="sequential")


def further(gaps: list[float], rule: Rule = RULE) -> float:
    game = gap_game(gaps, rule)
    path = log_wealth(game, rule)
    return further_by_betting(game, path[-1] if path else 0.0, rule)


@pytest.mark.parametrize("horizon", [100, 200, 400])
@pytest.mark.parametrize("seen", [5, 20, 35])
def test_ties_need_about_what_ties_would_take(horizon: int, seen: int) -> None:
    # The estimate keeps a reserve, and reckons with losses and wins that have not been seen yet.
    rule = replace(RULE, horizon=horizon)
    path = log_wealth(gap_game([0.0] * horizon, rule), rule)
    took = next(n for n, wealth in enumerate(path, start=1) if wealth >= math.log(20)) - seen

    assert took <= further([0.0] * seen, rule) <= 3 * took + 10


def test_losses_make_it_longer_and_then_endless() -> None:
    ties = [0.0] * 36

    estimates = [further(ties + [-1.0] * losses) for losses in range(7)]

    assert estimates == sorted(estimates)
    assert estimates[0] < 30
    assert estimates[-1] == math.inf


def test_nothing_further_is_needed_once_the_claim_is_shown() -> None:
    assert further([0.0] * 60) == 0


def test_beyond_the_horizon_an_estimate_remains() -> None:
    rule = replace(RULE, horizon=10)

    assert 0 < further([0.0] * 20, rule) < 60


def test_a_fixed_test_needs_what_the_normal_approximation_says() -> None:
    # (1.645 + 0.842)^2 = 6.18 times variance over squared margin; ten units of hope dilute 30 discordant in 100.
    units = 6.1826 * (30.5 / 110) / 0.1**2

    further = further_by_counting(gap_game([-1.0] * 15 + [1.0] * 15 + [0.0] * 70, RULE), RULE)

    assert further == pytest.approx(units - 100, abs=0.1)
    assert further_by_counting(gap_game(([-1.0] + [1.0] + [0.0] * 8) * 100, RULE), RULE) == 0


def test_a_fixed_test_never_shows_what_the_units_deny() -> None:
    assert further_by_counting(bar_game([0.0] * 30, RULE), RULE) == math.inf


def test_hope_ends_only_where_the_horizon_is_out_of_reach() -> None:
    assert is_futile(gap_game([-1.0] * 12 + [0.0] * 48, RULE), RULE)
    assert not is_futile(gap_game([0.0] * 60, RULE), RULE)
    assert is_futile(bar_game([0.0] * 10 + [1.0] * 20, RULE), RULE) is False
    assert is_futile(bar_game([0.0] * 30 + [1.0] * 60, RULE), RULE)


def test_futility_is_not_called_early_nor_at_the_horizon() -> None:
    assert not is_futile(gap_game([-1.0] * 19, RULE), RULE)
    assert is_futile(gap_game([-1.0] * 20, RULE), RULE)
    assert not is_futile(gap_game([-1.0] * 150, RULE), RULE)


@settings(deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 1.0]), max_size=60), st.integers(1, 200))
def test_an_estimate_is_never_negative(gaps: list[float], horizon: int) -> None:
    rule = replace(RULE, horizon=horizon)
    game = gap_game(gaps, rule)

    for way in (game, game.mirrored()):
        path = log_wealth(way, rule)
        assert further_by_betting(way, path[-1] if path else 0.0, rule) >= 0
        assert further_by_counting(way, rule) >= 0
