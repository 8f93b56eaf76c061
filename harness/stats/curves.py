"""Cost-quality curves: the hull of what a ladder can reach."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["aiq", "hull", "mix_quality"]


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


def aiq(points: Sequence[tuple[Decimal | float, float]]) -> float:
    """Average quality on the hull between the cheapest and the dearest point's cost: its area over that width.

    The hull is continued flat to the dearest. RouterBench's measure (arXiv 2403.12031) as its paper defines it; the
    quality of the best point where all cost the same.
    """
    corners = [(Fraction(points[i][0]), Fraction(points[i][1])) for i in hull(points)]
    dearest = max(Fraction(cost) for cost, _ in points)
    corners.append((dearest, corners[-1][1]))
    width = dearest - corners[0][0]
    if width == 0:
        return float(corners[-1][1])
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(corners))
    return float(area / width)


def mix_quality(costs: Floats, qualities: Floats, at: Floats) -> Floats:
    """Best quality that mixing two points at random reaches at no more than each cost: the hull, row by row.

    `costs` and `qualities` are rows x points; `at` are costs, one list for all rows or one per row. NaN where even the
    cheapest point costs more.
    """
    import numpy as np

    at = np.broadcast_to(at, (len(costs), np.shape(at)[-1]))
    best = np.full(at.shape, np.nan)
    points = costs.shape[1]
    for i in range(points):
        cost, quality = costs[:, i, None], qualities[:, i, None]
        best = np.fmax(best, np.where(cost <= at, quality, np.nan))
        for j in range(points):
            step = costs[:, j, None] - cost
            with np.errstate(divide="ignore", invalid="ignore"):
                mixed = quality + (qualities[:, j, None] - quality) * (at - cost) / step
            best = np.fmax(best, np.where((cost <= at) & (at <= cost + step) & (step > 0), mixed, np.nan))
    return best
