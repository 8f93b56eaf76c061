"""Cost-quality curves: the hull of what a ladder can reach."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

__all__ = ["hull"]


def hull(points: Sequence[tuple[Decimal | float, float]]) -> list[int]:
    """Indices of the (cost, quality) points on the non-decreasing upper hull, cheapest first.

    Mixing two neighbours on it at random reaches every point of the line between them, so a point on or below that
    line is left out. Of equal points the first stands for all. Monotone chain (Andrew 1979) in exact arithmetic.
    """
    exact = [(Fraction(cost), Fraction(quality)) for cost, quality in points]
    corners: list[int] = []
    for i in sorted(range(len(exact)), key=lambda i: (exact[i][0], -exact[i][1], i)):
        if corners and exact[i][1] <= exact[corners[-1]][1]:
            continue
        while len(corners) > 1 and not _is_above(exact[corners[-1]], exact[corners[-2]], exact[i]):
            corners.pop()
        corners.append(i)
    return corners


def _is_above(
    point: tuple[Fraction, Fraction], left: tuple[Fraction, Fraction], right: tuple[Fraction, Fraction]
) -> bool:
    """Whether a point lies strictly above the line through two others, one on each side of it."""
    return (point[1] - left[1]) * (right[0] - left[0]) > (right[1] - left[1]) * (point[0] - left[0])
