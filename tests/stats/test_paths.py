from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import bar_game, gap_game, horizon_at, judge, log_wealth, qualify
from harness.stats.forecast import is_futile
from harness.stats.paths import NEVER, State, ends, first_futile, reached
from harness.values import Rule

RULE = Rule(margin=Decimal("0.10"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=40, method="sequential")
GOAL = math.log(20)
SCORES = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 1.0, 1.0])] * 2), min_size=1, max_size=110)


@settings(deadline=None)
@given(SCORES, st.integers(0, 60))
def test_a_row_reaches_its_goal_where_a_single_game_does(pairs: list[tuple[float, float]], cut: int) -> None:
    game = gap_game([a - b for a, b in pairs], RULE)
    path = log_wealth(game, RULE)
    alone = next((n for n, wealth in enumerate(path, start=1) if wealth >= GOAL), NEVER)

    assert reached(np.array([game.units, game.units]), game.low, RULE).tolist() == [alone, alone]
    if cut < min(len(path), alone):
        seen = game.units[:cut]
        wealth = path[cut - 1] if cut else 0.0
        start = State(wealth=wealth, total=math.fsum(seen), squares=math.fsum(x * x for x in seen), seen=cut)
        rest = reached(np.array([game.units[cut:]]), game.low, RULE, start)[0]
        assert rest == (NEVER if alone == NEVER else alone - cut)


def test_what_is_won_already_is_reached_at_once() -> None:
    assert reached(np.array([[-0.9]]), -0.9, RULE, State(wealth=3.0, squares=1.0, seen=9)).tolist() == [0]


@settings(deadline=None)
@given(SCORES)
def test_a_row_is_futile_where_a_single_game_is(pairs: list[tuple[float, float]]) -> None:
    scores = [score for score, _ in pairs]
    game = bar_game(scores, RULE)
    alone = [n for n in range(1, len(scores) + 1) if is_futile(bar_game(scores[:n], RULE), RULE)]

    drift = sum(x * chance for x, chance in game.hope.items())
    assert first_futile(np.array([game.units]), drift, RULE)[0] == (alone[0] if alone else NEVER)


@settings(deadline=None, max_examples=40)
@given(SCORES, st.booleans())
def test_a_row_ends_as_the_verdict_says(pairs: list[tuple[float, float]], with_reference: bool) -> None:
    scores, reference = [a for a, _ in pairs], [b for _, b in pairs]

    def verdict(n: int) -> str:
        if with_reference:
            return judge(scores[:n], reference[:n], RULE).kind
        return qualify(scores[:n], RULE).kind

    ended = ends(np.array([scores]), np.array([reference]) if with_reference else None, RULE, futility=False)

    kind = {1: "sufficient", -1: "insufficient", 0: "inconclusive"}[int(ended.kind[0])]
    assert kind == verdict(len(scores))
    if kind != "inconclusive":
        assert verdict(int(ended.units[0])) == kind
        assert verdict(int(ended.units[0]) - 1) == "inconclusive"


def test_a_claim_once_shown_is_never_futile() -> None:
    # Twelve passes show the bar; then nobody passes, which leaves the gap open and says nothing against it.
    rule = replace(RULE, margin=Decimal("0.05"), bar=Decimal("0.5"), horizon=60)
    scores = np.array([[1.0] * 12 + [0.0] * 30])

    ended = ends(scores, scores, rule)

    assert (ended.kind[0], ended.units[0]) == (0, 42)
    assert judge(list(scores[0]), list(scores[0]), rule).why == "too few samples"


def test_at_the_horizon_itself_a_losing_game_bets_nothing_more() -> None:
    rich = State(wealth=2.9, total=-1.0, squares=1.0, seen=RULE.horizon)

    assert reached(np.array([[1.1]]), -0.9, RULE, rich).tolist() == [NEVER]
    assert reached(np.array([[1.1]]), -0.9, RULE, replace(rich, seen=RULE.horizon - 1)).tolist() == [1]


def test_futility_ends_a_hopeless_row_early_and_never_makes_it_sufficient() -> None:
    rng = np.random.default_rng(1)
    scores = (rng.random((300, 80)) < 0.82).astype(float)
    reference = np.ones((300, 80))
    rule = replace(RULE, horizon=80)

    heeded, ignored = ends(scores, reference, rule), ends(scores, reference, rule, futility=False)

    assert (heeded.units <= ignored.units).all()
    assert (heeded.kind[heeded.kind != 0] == ignored.kind[heeded.kind != 0]).all()
    assert heeded.units.mean() < ignored.units.mean()


@pytest.mark.parametrize(("n", "expected"), [(0, 40), (39, 40), (40, 80), (79, 80), (80, 160), (1000, 1280)])
def test_the_horizon_doubles_whenever_it_is_passed(n: int, expected: int) -> None:
    assert horizon_at(n, 40) == expected


@pytest.mark.slow
def test_a_run_that_missed_its_horizon_recovers() -> None:
    # Four horizons in, two in three are decided; after sixteen, all.
    rng = np.random.default_rng(11)
    rule = replace(RULE, margin=Decimal("0.05"), horizon=100)
    luck = rng.random((300, 1600))
    gaps = (luck < 0.04).astype(float) - (luck > 0.96)
    game = gap_game([], rule)

    at = reached(gaps + 0.05, game.low, rule)

    assert np.mean(at <= 100) < 0.5
    assert np.mean(at <= 400) > 0.6
    assert np.mean(at <= 1600) > 0.98
