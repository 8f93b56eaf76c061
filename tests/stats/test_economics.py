from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.stats.economics import (
    Recorded,
    Saved,
    Terms,
    break_even,
    cascade,
    cost_per_success,
    extra_failures,
    halves,
    held_out,
    margin_warning,
    money_margin,
    oracle,
    routed,
    split_half,
    static,
)

# Four samples at a cheap and a dear tier: both right, dear only, cheap only, none.
SCORES = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
COSTS = np.array([[1.0, 10.0], [2.0, 20.0], [1.0, 30.0], [2.0, 40.0]])


def recorded(scores: object = SCORES, costs: object = COSTS, accepted: object = None, kinds: object = None) -> Recorded:
    scores = np.asarray(scores, dtype=float)
    return Recorded(
        scores=scores,
        costs=np.asarray(costs, dtype=float),
        kinds=np.zeros(len(scores), dtype=int) if kinds is None else np.asarray(kinds),
        units=np.arange(len(scores)),
        accepted=None if accepted is None else np.asarray(accepted),
    )


@st.composite
def ladders(draw: st.DrawFn) -> Recorded:
    n, tiers = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return recorded((rng.random((n, tiers)) < 0.7).astype(float), rng.random((n, tiers)) + np.arange(tiers))


def test_one_tier_alone() -> None:
    played = static(recorded(), 1)

    assert played.cost.tolist() == [10, 20, 30, 40]
    assert played.success.tolist() == [True, True, False, False]
    assert played.cost_per_success == 50


def test_a_cascade_pays_every_call_and_keeps_the_first_answer_accepted() -> None:
    played = cascade(recorded(), [0, 1])

    assert played.cost.tolist() == [1, 22, 1, 42]
    assert played.score.tolist() == [1, 1, 1, 0]
    assert played.cost_per_success == 22


def test_checks_rework_and_wrong_answers_have_their_price() -> None:
    # The checker lets the cheap tier's wrong answer to the second sample pass and refuses a right one to the third.
    lenient = recorded(accepted=[[True, True], [True, True], [False, False], [False, False]])
    terms = Terms(check=0.5, rework=100, wrong=1000)

    played = cascade(lenient, [0, 1], terms)

    assert played.cost.tolist() == [1.5, 2 + 0.5 + 1000, 31 + 1 + 100, 42 + 1 + 100]
    assert played.success.tolist() == [True, False, False, False]
    assert static(lenient, 1, terms).cost.tolist() == [10.5, 20.5, 130.5, 140.5]


def test_a_cascade_looks_up_what_the_dear_tier_does_where_the_cheap_one_failed() -> None:
    # Pass rates .50 and .92 with correlation .24: the dear tier passes .855 of what the cheap one failed, not .92.
    both = 0.5 * 0.92 + 0.24 * math.sqrt(0.25 * 0.92 * 0.08)
    counts = [round(10_000 * share) for share in (both, 0.5 - both, 0.92 - both, 0.08 - 0.5 + both)]
    scores = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], counts, axis=0)

    played = cascade(recorded(scores, np.ones_like(scores)), [0, 1])

    assert (played.success.mean() - 0.5) / 0.5 == pytest.approx(0.855, abs=5e-4)


def test_success_never_is_infinitely_dear() -> None:
    assert cost_per_success(np.array([1.0]), np.array([False])) == math.inf


def test_a_routing_table_sends_each_kind_of_work_to_its_tier() -> None:
    played = routed(recorded(kinds=[0, 1, 0, 1]), [0, 1])

    assert played.cost.tolist() == [1, 20, 1, 40]
    assert played.score.tolist() == [1, 1, 1, 0]


def test_the_oracle_takes_the_cheapest_right_answer_and_the_cheapest_wrong_one() -> None:
    played = oracle(recorded())

    assert played.cost.tolist() == [1, 20, 1, 2]
    assert played.success.tolist() == [True, True, True, False]


@settings(deadline=None)
@given(ladders())
def test_no_policy_beats_the_oracle_and_a_cascade_solves_all_that_it_does(outcomes: Recorded) -> None:
    best, every = oracle(outcomes), cascade(outcomes, range(outcomes.scores.shape[1]))

    assert (every.success == best.success).all()
    assert (every.cost >= best.cost - 1e-12).all()
    for tier in range(outcomes.scores.shape[1]):
        alone = static(outcomes, tier)
        assert (alone.success <= best.success).all()
        assert (cascade(outcomes, [tier]).cost == alone.cost).all()


@pytest.mark.parametrize(
    ("escalation", "rate"), [(0.0, 0.80), (0.10, 0.147), (0.50, 0.034), (1.0, 0.018), (5.0, 0.0036)]
)
def test_break_even_failure_rates(escalation: float, rate: float) -> None:
    found = break_even(0.0045, 0.0225, escalation=escalation)

    assert found == pytest.approx(rate, rel=0.025)
    # Just there both cost the same.
    assert 0.0045 + found * (0.0225 + escalation) == pytest.approx(0.0225)


@pytest.mark.parametrize(("failure", "margin"), [(0.50, 0.036), (1.0, 0.018), (5.0, 0.0036), (0.0, math.inf)])
def test_money_margins(failure: float, margin: float) -> None:
    assert money_margin(0.0045, 0.0225, failure) == pytest.approx(margin)


@pytest.mark.parametrize(
    ("money", "warning"),
    [
        (0.06, None),
        (0.05, None),
        (0.036, "the margin is looser than the cost of failures allows: 0.036 would be even"),
        (0.001, "one failure costs more than a margin of 0.001 saves, too fine to prove: check answers and escalate"),
        (-0.01, "the tier costs no less than the reference, there is nothing to save"),
    ],
)
def test_a_margin_looser_than_the_money_allows_is_warned_of(money: float, warning: str | None) -> None:
    assert margin_warning(0.05, 0.05, money) == warning


def test_extra_failures_turn_the_gap_round() -> None:
    assert extra_failures((-0.01, -0.03, 0.02), 1000) == pytest.approx((10, -20, 30))


def test_held_out_chooses_on_one_half_and_pays_on_the_other() -> None:
    # In the first half the cheap tier looks perfect on kind 0; in the second it fails.
    outcomes = recorded(SCORES, COSTS, kinds=[0, 0, 0, 1])
    first = np.array([True, False, False, False])

    played, chosen = held_out(outcomes, lambda part: 0 if part.scores[:, 0].all() else 1, first)

    assert chosen == (0, 1)
    assert played.score.tolist() == [0, 1, 0]
    assert played.cost.tolist() == [2, 1, 40]


def test_halves_keep_templates_whole() -> None:
    units = np.repeat(np.arange(11), 3)

    first = halves(units, 1)

    assert first.sum() == 15
    assert all(len(set(first[units == unit])) == 1 for unit in range(11))
    assert (first != halves(units, 2)).any()


def test_a_floor_chosen_by_luck_saves_less_than_it_seems() -> None:
    # Both tiers pass 80 % by chance; whichever passed more is chosen, so the seen samples flatter the choice.
    rng = np.random.default_rng(2)
    lucky = Recorded(
        scores=(rng.random((400, 2)) < 0.8).astype(float),
        costs=np.tile([1.0, 4.0], (400, 1)),
        kinds=np.repeat(np.arange(20), 20),
        units=np.arange(400),
    )

    seen, unseen = split_half(lucky, lambda part: int(part.scores.mean(axis=0).argmax()))

    assert seen.gained > unseen.gained + 0.02
    assert seen == split_half(lucky, lambda part: int(part.scores.mean(axis=0).argmax()), splits=2)[0]
    assert 0 < unseen.share < 0.75
    assert unseen.between is not None
    assert unseen.between[0] < unseen.share < unseen.between[1]


def test_staying_with_the_reference_saves_nothing_seen_or_unseen() -> None:
    unseen = Saved(share=0, gained=0, between=(0, 0))

    assert split_half(recorded(), lambda _: 1) == (Saved(share=0, gained=0), unseen)


def test_outcomes_must_fit_together() -> None:
    with pytest.raises(BadInput, match="give every sample each of them"):
        recorded(SCORES, COSTS[:3])
