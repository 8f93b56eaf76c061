from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import Game, bar_game, gap_game, log_wealth
from harness.stats.betting import next_bet
from harness.values import Rule

RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=60, method="sequential")
GOAL = math.log(20)
Build = Callable[[Sequence[float], Rule], Game]


def against(build: Build) -> Build:
    return lambda units, rule: build(units, rule).mirrored()


# A game, the units that can be seen, and their chances just where its claim is false: E[x] = 0.
NULLS: dict[str, tuple[Build, list[float], list[float]]] = {
    "gap": (gap_game, [-1, 0, 1], [0.12, 0.81, 0.07]),
    "gap refuted": (against(gap_game), [-1, 0, 1], [0.12, 0.81, 0.07]),
    "gap never won": (gap_game, [-1, 0], [0.05, 0.95]),
    "graded gap, rare disaster": (gap_game, [-1, -0.1, 1 / 24], [0.02, 0.5, 0.48]),
    "bar": (bar_game, [0, 1], [0.2, 0.8]),
    "bar refuted": (against(bar_game), [0, 1], [0.2, 0.8]),
}


def test_a_path_with_a_loss_and_a_win_is_the_reference_path() -> None:
    gaps = [0] * 10 + [-1] + [0] * 10 + [1] + [0] * 38

    path = log_wealth(gap_game(gaps, RULE), RULE)

    expected = [0.041242958534, -1.197008327094, -0.784578741753, 0.220116799294, 0.632546384634, 1.044975969975]
    assert [path[n - 1] for n in (1, 11, 21, 31, 41, 51)] == pytest.approx(expected, abs=1e-11)
    assert path[59] == pytest.approx(1.416162596781, abs=1e-11)


@pytest.mark.parametrize(
    ("margin", "horizon", "stop"),
    [("0.05", 100, 74), ("0.05", 200, 80), ("0.05", 400, 97), ("0.10", 100, 39), ("0.10", 200, 48)],
)
def test_ties_alone_show_the_gap_at_the_known_unit(margin: str, horizon: int, stop: int) -> None:
    rule = replace(RULE, margin=Decimal(margin), horizon=horizon)

    path = log_wealth(gap_game([0.0] * horizon, rule), rule)

    assert path[stop - 2] < GOAL <= path[stop - 1]


@pytest.mark.parametrize(
    ("n", "total", "bet"),
    [
        (59, 1.0, 0.8 / 0.95),
        (60, 1.0, 1.0 / 2.5),
        (60, 0.5, 0.5 / 2.5),
        (60, -0.5, 0.0),
        (100, 9.0, math.sqrt(2 * 0.1 / (20 * 2.5 / 110))),
    ],
)
def test_beyond_the_horizon_no_bet_exceeds_the_one_that_grew_fastest(n: int, total: float, bet: float) -> None:
    missing = 0.1 if n == 100 else 9.0

    found = next_bet(missing, total, 2.0, n, horizon=60, low=-0.95)

    assert found == pytest.approx(bet)


def test_wealth_stays_where_it_is_once_the_claim_is_shown() -> None:
    path = log_wealth(bar_game([1.0] * 40 + [0.0] * 40, RULE), RULE)

    shown = next(wealth for wealth in path if wealth >= GOAL)
    assert len(path) == 80
    assert path[-1] == shown


@pytest.mark.parametrize("name", sorted(NULLS))
def test_expected_wealth_is_one_where_the_claim_is_just_false(name: str) -> None:
    # Over every sequence of units with its chance; the horizon of 4 lies within.
    build, values, chances = NULLS[name]
    rule = replace(RULE, horizon=4, alpha=Decimal("0.3"))
    chance_of = dict(zip(values, chances, strict=True))

    expected = math.fsum(
        math.prod(chance_of[x] for x in units) * math.exp(log_wealth(build(units, rule), rule)[-1])
        for units in itertools.product(values, repeat=7)
    )

    assert expected == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", sorted(NULLS))
def test_a_false_claim_is_ever_shown_with_chance_alpha_at_most(name: str) -> None:
    # Whoever stops at the best moment: a claim counts as shown if its wealth reaches the goal at any of 150 units,
    # the horizon long past.
    build, values, chances = NULLS[name]
    rule = replace(RULE, horizon=100)
    rng = random.Random(f"type one error of {name}")
    runs, alpha = 1500, 0.05

    shown = 0
    for _ in range(runs):
        units = rng.choices(values, chances, k=150)
        shown += max(log_wealth(build(units, rule), rule)) >= GOAL

    assert shown / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=80), st.integers(0, 80), st.integers(1, 60))
def test_bets_use_the_past_only_and_never_lose_everything(scores: list[float], cut: int, horizon: int) -> None:
    rule = replace(RULE, horizon=horizon)
    for build in (bar_game, against(bar_game), gap_game, against(gap_game)):
        path = log_wealth(build(scores, rule), rule)

        assert log_wealth(build(scores[:cut], rule), rule) == path[:cut]
        assert all(map(math.isfinite, path))


@settings(deadline=None)
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=60))
def test_a_mirrored_game_is_the_opposite_claim_and_twice_mirrored_the_same(gaps: list[float]) -> None:
    game = gap_game(gaps, RULE)

    opposite = game.mirrored()

    assert list(opposite.units) == [-x for x in game.units]
    assert (opposite.low, opposite.high) == pytest.approx((-1.05, 0.95))
    assert opposite.mirrored() == game


@pytest.mark.parametrize("build", [gap_game, bar_game])
def test_the_hope_lies_within_the_game_and_its_chances_sum_to_one(build: Build) -> None:
    game = build([], RULE)

    assert sum(game.hope.values()) == pytest.approx(1)
    assert all(game.low <= x <= game.high for x in game.hope)
    assert sum(x * chance for x, chance in game.hope.items()) > 0
