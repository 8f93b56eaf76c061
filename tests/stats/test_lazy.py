from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.stats import gap_game, is_worth_being_lazy, lazy_gaps, lazy_log_wealth, log_wealth
from harness.values import Rule

RULE = Rule(margin=Decimal("0.10"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=60, method="sequential")
PAIRS = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2), max_size=90)


def test_where_the_tier_passes_the_reference_is_left_unasked() -> None:
    assert lazy_gaps([1.0, 0.0, 0.5, 1.0], [None, 1.0, 0.0, 0.0]) == [0.0, -1.0, 0.5, 1.0]
    with pytest.raises(BadInput, match=r"reference\[1\]: is unknown where the tier did not pass"):
        lazy_gaps([1.0, 0.5], [None, None])


@settings(deadline=None)
@given(PAIRS)
def test_lazy_wealth_is_that_of_the_lazy_gaps_until_it_is_shown(pairs: list[tuple[float, float]]) -> None:
    scores = [score for score, _ in pairs]
    reference = [None if score == 1 else other for score, other in pairs]

    wealth = lazy_log_wealth(scores, reference, RULE)

    assert wealth.lazy == pytest.approx(log_wealth(gap_game(lazy_gaps(scores, reference), RULE), RULE))
    assert wealth.filled == wealth.lazy


@settings(deadline=None)
@given(PAIRS)
def test_filling_in_never_makes_poorer_and_changes_no_bet(pairs: list[tuple[float, float]]) -> None:
    scores, reference = [score for score, _ in pairs], [other for _, other in pairs]
    unasked = [None if score == 1 else other for score, other in pairs]

    full, lazy = lazy_log_wealth(scores, reference, RULE), lazy_log_wealth(scores, unasked, RULE)

    assert full.lazy == lazy.lazy
    assert all(rich >= poor - 1e-12 for rich, poor in zip(full.filled, full.lazy, strict=True))
    assert all(map(math.isfinite, full.filled))


def test_a_win_filled_in_can_show_the_claim() -> None:
    scores, goal = [1.0] * 20 + [0.0] + [1.0] * 26, math.log(20)
    unasked = [None if score == 1 else 1.0 for score in scores]

    before = lazy_log_wealth(scores, unasked, RULE)
    after = lazy_log_wealth(scores, [0.0 if i % 4 == 0 else other for i, other in enumerate(unasked)], RULE)

    assert max(before.filled) < goal <= max(after.filled)


@pytest.mark.parametrize(
    ("scores", "worth"),
    [
        ([], True),
        ([1.0] * 29, True),
        ([1.0] * 30, True),
        ([0.5], False),
        ([1.0] * 29 + [0.5], False),
        ([1.0] * 30 + [0.0] * 20, True),
    ],
)
def test_laziness_is_decided_by_the_first_thirty_units(scores: list[float], worth: bool) -> None:
    assert is_worth_being_lazy(scores) is worth
