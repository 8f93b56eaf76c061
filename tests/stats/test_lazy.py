from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.stats import (
    bet_lazily,
    gap_game,
    is_worth_being_lazy,
    judge,
    lazy_gaps,
    lazy_log_wealth,
    log_wealth,
    readable,
)
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


@pytest.mark.parametrize(
    ("scores", "lazily"),
    [
        ([], 0),
        ([1.0] * 40, 40),
        ([1.0, 0.5, 1.0, 1.0], 2),
        ([1.0] * 29 + [0.0], 30),
        ([1.0] * 29 + [0.0, 1.0], 30),
        ([1.0] * 30 + [0.0] * 9, 39),
        ([None, 1.0, None, 0.0, 1.0], 4),
    ],
)
def test_bets_are_lazy_up_to_the_failure_that_ends_it(scores: list[float | None], lazily: int) -> None:
    assert bet_lazily(scores) == lazily


@pytest.mark.parametrize(
    ("scores", "reference", "lazily", "end"),
    [
        ([1.0, 1.0, 0.0], [None, None, 1.0], 3, 3),
        ([1.0, 0.0, 1.0], [None, None, None], 3, 1),
        # Laziness is over after the second unit: what was left out before is needed now.
        ([1.0, 0.0, 1.0], [None, 1.0, 1.0], 2, 2),
        ([1.0, 0.0, 1.0], [1.0, 1.0, None], 2, 2),
        ([1.0, 0.0, 1.0], [1.0, 1.0, 1.0], 2, 3),
        ([1.0], [None], 0, 0),
    ],
)
def test_reading_ends_where_the_reference_is_needed(
    scores: list[float], reference: list[float | None], lazily: int, end: int
) -> None:
    assert readable(scores, reference, lazily) == end


@settings(deadline=None)
@given(PAIRS, st.lists(st.booleans(), min_size=90, max_size=90))
def test_what_is_proved_with_answers_left_out_stays_proved_when_they_come(
    pairs: list[tuple[float, float]], left_out: list[bool]
) -> None:
    scores, known = [score for score, _ in pairs], [other for _, other in pairs]
    lazily = bet_lazily(scores)
    some = [
        None if out and i < lazily and score == 1 else other
        for i, (score, other, out) in enumerate(zip(scores, known, left_out, strict=False))
    ]

    part, whole = judge(scores, some, RULE, lazily=lazily), judge(scores, known, RULE, lazily=lazily)

    if part.kind == "sufficient":
        assert whole.kind == "sufficient"
    if part.why == "misses the bar":
        assert whole.kind == "insufficient"


def test_once_laziness_is_over_the_bets_know_what_was_filled_in() -> None:
    scores, reference = [1.0] * 9 + [0.0] + [1.0] * 50, [0.0] * 9 + [1.0] * 51

    wealth = lazy_log_wealth(scores, reference, RULE, lazily=10)

    assert wealth.lazy[9] < wealth.filled[9]
    assert wealth.lazy[10:] == wealth.filled[10:]


def test_what_was_left_unasked_refutes_nothing() -> None:
    # The tier passes what the reference would fail; taken for ties, its later losses would look like a large gap.
    scores, bar = [1.0] * 40 + [0.0] * 20, replace(RULE, bar=Decimal("0.30"), margin=Decimal("0.05"))

    left_out = judge(scores, [None] * 40 + [1.0] * 20, bar, lazily=60)
    asked = judge(scores, [1.0] * 60, bar, lazily=60)

    assert (left_out.kind, asked.kind) == ("inconclusive", "insufficient")
