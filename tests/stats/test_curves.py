from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import hull

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
