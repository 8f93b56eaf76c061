from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import aiq, hull, mix_quality

CURVES = st.lists(st.tuples(st.integers(0, 12).map(float), st.integers(0, 12).map(lambda n: n / 16)), max_size=12)


def reachable(points: list[tuple[float, float]], corners: list[int], cost: float) -> Fraction:
    """Best quality for a cost by mixing two neighbours on the hull."""
    exact = [(Fraction(points[i][0]), Fraction(points[i][1])) for i in corners]
    if cost >= exact[-1][0]:
        return exact[-1][1]
    left, right = next((a, b) for a, b in pairwise(exact) if a[0] <= cost <= b[0])
    return left[1] + (right[1] - left[1]) * (Fraction(cost) - left[0]) / (right[0] - left[0])


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], []),
        ([(1.0, 0.5)], [0]),
        ([(1.0, 0.5), (2.0, 0.9), (3.0, 0.8), (4.0, 1.0)], [0, 1, 3]),
        ([(4.0, 0.5), (3.0, 0.6), (2.0, 0.7)], [2]),
        ([(1.0, 0.0), (2.0, 0.25), (3.0, 1.0)], [0, 2]),
        ([(1.0, 0.0), (2.0, 0.5), (3.0, 1.0)], [0, 2]),
        ([(1.0, 0.5), (1.0, 0.75), (2.0, 1.0)], [1, 2]),
        ([(1.0, 0.5), (1.0, 0.5), (2.0, 0.5)], [0]),
        ([(3.0, 1.0), (1.0, 0.5), (2.0, 1.0)], [1, 2]),
    ],
    ids=["none", "one", "dominated", "falling", "below the line", "on the line", "same cost", "equal", "dearer tie"],
)
def test_hull(points: list[tuple[float, float]], expected: list[int]) -> None:
    assert hull(points) == expected


def test_money_is_compared_exactly() -> None:
    cheap, dear = Decimal("0.00000000000000000001"), Decimal("0.00000000000000000002")

    assert hull([(dear, 0.5), (cheap, 0.5), (cheap * 3, 0.75)]) == [1, 2]


@settings(deadline=None)
@given(CURVES.filter(bool))
def test_hull_starts_cheapest_ends_best_and_bends_down(points: list[tuple[float, float]]) -> None:
    corners = hull(points)

    costs = [points[i][0] for i in corners]
    qualities = [points[i][1] for i in corners]
    slopes = [
        Fraction(qualities[i + 1] - qualities[i]) / Fraction(costs[i + 1] - costs[i]) for i in range(len(corners) - 1)
    ]
    assert costs[0] == min(cost for cost, _ in points)
    assert qualities[-1] == max(quality for _, quality in points)
    assert all(slope > 0 for slope in slopes)
    assert all(later < earlier for earlier, later in pairwise(slopes))


@settings(deadline=None)
@given(CURVES.filter(bool))
def test_no_point_lies_above_the_hull(points: list[tuple[float, float]]) -> None:
    corners = hull(points)

    assert all(Fraction(quality) <= reachable(points, corners, cost) for cost, quality in points)


@settings(deadline=None)
@given(CURVES, st.randoms(use_true_random=False))
def test_the_hull_does_not_depend_on_the_order_of_points(points: list[tuple[float, float]], rng: object) -> None:
    shuffled = list(points)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]

    assert [points[i] for i in hull(points)] == [shuffled[i] for i in hull(shuffled)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0.0, 0.5), (1.0, 1.0)], 0.75),
        ([(0.0, 0.5), (1.0, 0.9), (2.0, 0.7)], 0.8),
        ([(1.0, 0.5), (3.0, 0.4)], 0.5),
        ([(1.0, 0.5), (1.0, 0.75)], 0.75),
        ([(2.0, 0.5)], 0.5),
        ([(0.0, 0.0), (1.0, 0.8), (2.0, 1.0)], 0.65),
    ],
    ids=["line", "flat to the dearest", "dominated", "same cost", "one", "bent"],
)
def test_aiq(points: list[tuple[float, float]], expected: float) -> None:
    assert aiq(points) == pytest.approx(expected)


@settings(deadline=None)
@given(CURVES.filter(bool))
def test_mixing_two_points_reaches_the_hull_and_no_more(points: list[tuple[float, float]]) -> None:
    corners = hull(points)
    grid = np.linspace(points[corners[0]][0], max(cost for cost, _ in points), 7)
    costs, qualities = (np.array([column]) for column in zip(*points, strict=True))

    found = mix_quality(costs, qualities, grid)

    assert found.shape == (1, 7)
    assert found[0] == pytest.approx([float(reachable(points, corners, cost)) for cost in grid])


def test_nothing_is_had_for_less_than_the_cheapest() -> None:
    found = mix_quality(np.array([[1.0, 2.0]]), np.array([[0.5, 0.7]]), np.array([0.5, 1.5, 9.0]))

    assert np.isnan(found[0, 0])
    assert found[0, 1:].tolist() == pytest.approx([0.6, 0.7])
