from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import lower_limit, mixture_log_wealth

D1 = [0] * 10 + [-1] + [0] * 10 + [1] + [0] * 38


def test_the_mixture_gives_the_reference_values() -> None:
    ties = mixture_log_wealth([0.05] * 60, -0.95)
    mixed = mixture_log_wealth([gap + 0.05 for gap in D1], -0.95)

    assert ties[-1] == pytest.approx(2.0686407699, abs=1e-9)
    assert mixed[-1] == pytest.approx(0.8319592586, abs=1e-9)


@pytest.mark.parametrize(("margin", "stop"), [(0.02, 208), (0.03, 138), (0.05, 82), (0.10, 40)])
def test_ties_alone_are_decided_at_the_known_unit(margin: float, stop: int) -> None:
    path = mixture_log_wealth([margin] * stop, margin - 1)

    assert path[-2] < math.log(20) <= path[-1]


def test_the_lower_limit_gives_the_reference_value() -> None:
    assert lower_limit([0.0] * 50, 0.05) == pytest.approx(-0.0802755953, abs=1e-9)


def test_without_values_the_limit_is_the_least() -> None:
    assert lower_limit([], 0.05) == -1
    assert lower_limit([], 0.05, least=0.0) == 0
    assert mixture_log_wealth([], -0.9) == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([-1.0, -0.25, 0.0, 1.0]), min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_order_does_not_matter(values: list[float], rng: random.Random) -> None:
    shuffled = rng.sample(values, len(values))

    assert mixture_log_wealth(shuffled, -1.5)[-1] == pytest.approx(mixture_log_wealth(values, -1.5)[-1], abs=1e-9)
    assert lower_limit(shuffled, 0.05) == pytest.approx(lower_limit(values, 0.05), abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_limit_lies_below_the_mean_and_rises_with_alpha(scores: list[float], alpha: float) -> None:
    limit = lower_limit(scores, alpha, least=0.0)

    assert 0 <= limit <= math.fsum(scores) / len(scores) + 1e-12
    assert lower_limit(scores, alpha * 2, least=0.0) >= limit - 1e-12


def test_equal_shares_change_nothing_if_full_and_widen_if_small() -> None:
    values = [0.0] * 90 + [-1.0] * 3

    full = lower_limit(values, 0.05)

    assert lower_limit(values, 0.05, shares=[1.0] * 93) == full
    assert lower_limit(values, 0.05, shares=[0.25] * 93) < full


def test_the_limit_is_seldom_above_the_truth_at_any_time() -> None:
    rng = random.Random("mixture")
    runs, alpha, truth = 300, 0.1, -0.05

    wrong = 0
    for _ in range(runs):
        units = rng.choices([-1, 0, 1], [0.08, 0.89, 0.03], k=200)
        wrong += max(mixture_log_wealth([gap - truth for gap in units], -1 - truth)) >= -math.log(alpha)

    assert wrong / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)
