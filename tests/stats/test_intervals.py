from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import tango, tango_z, wilson

# Cells: both pass, tier only, reference only, neither. The last two columns are the published roundings: ratesci
# (PeteLaud/ratesci, tests/testthat/test3.R) and contingencytables (Fagerland, Lydersen, Laake, chapter 8).
TANGO = [
    ((4, 9, 3, 16), 0.95, -0.0270904646, 0.3896974872, 2.148777782),
    ((43, 0, 1, 0), 0.90, -0.0956624264, 0.0365169385, 0.830057357),
    ((53, 16, 8, 9), 0.95, -0.0196589228, 0.2069107707, 2.447370025),
    ((1, 1, 7, 12), 0.95, -0.5172322765, -0.0260030324, -1.806989246),
    ((59, 6, 16, 80), 0.95, -0.1240234325, -0.0054333957, -0.426057791),
    ((20, 40, 20, 80), 0.95, 0.0308645331, 0.2180642442, 3.561330131),
    ((95, 0, 0, 5), 0.90, -0.0263427208, 0.0263427208, 2.294157339),
    ((30, 0, 0, 0), 0.90, -0.0827243082, 0.0827243082, 1.256561725),
    ((85, 2, 6, 7), 0.90, -0.0950530042, 0.007649746, None),
    ((180, 4, 9, 7), 0.90, -0.0585367421, 0.0051334884, 1.271096718),
    ((0, 0, 30, 0), 0.90, -1.0, -0.8345513837, -5.2099),
    ((0, 30, 0, 0), 0.90, 0.8345513837, 1.0, 5.7583),
]
PUBLISHED = [
    ((4, 9, 3, 16), 0.95, -0.027, 0.390, 3),
    ((43, 0, 1, 0), 0.90, -0.096, 0.037, 3),
    ((53, 16, 8, 9), 0.95, -0.020, 0.207, 3),
    ((1, 1, 7, 12), 0.95, -0.517, -0.026, 3),
    ((59, 6, 16, 80), 0.95, -0.1240, -0.0054, 4),
    ((0, 3, 0, 0), 0.95, -0.1230, 1.0, 4),
]


@pytest.fixture(scope="module")
def scipy_stats() -> Any:
    return pytest.importorskip("scipy.stats")


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(1, 400))
    wins = draw(st.integers(0, n))
    return wins, draw(st.integers(0, n - wins)), n


@pytest.mark.parametrize(("cells", "confidence", "low", "high", "z"), TANGO)
def test_tango_gives_the_reference_values(
    cells: tuple[int, ...], confidence: float, low: float, high: float, z: float | None
) -> None:
    _, wins, losses, _ = cells

    assert tango(wins, losses, sum(cells), confidence) == pytest.approx((low, high), abs=1e-9)
    if z is not None:
        assert tango_z(wins, losses, sum(cells), -0.05) == pytest.approx(z, abs=1e-4 if abs(z) > 5 else 1e-9)


@pytest.mark.parametrize(("cells", "confidence", "low", "high", "digits"), PUBLISHED)
def test_tango_gives_the_published_digits(
    cells: tuple[int, ...], confidence: float, low: float, high: float, digits: int
) -> None:
    _, wins, losses, _ = cells

    interval = tango(wins, losses, sum(cells), confidence)

    assert tuple(round(end, digits) for end in interval) == (low, high)


def test_tango_ends_exactly_where_every_unit_is_won_or_lost() -> None:
    assert tango(30, 0, 30, 0.9)[1] == 1
    assert tango(0, 30, 30, 0.9)[0] == -1


def test_no_units_tell_nothing() -> None:
    assert tango(0, 0, 0, 0.95) == (-1, 1)
    assert wilson(0, 0, 0.95) == (0, 1)


@pytest.mark.parametrize("n", [1, 10, 59, 400])
def test_tango_without_discordant_pairs_is_in_closed_form(n: int) -> None:
    z = NormalDist().inv_cdf(0.95)
    half = z * z / (n + z * z)

    assert tango(0, 0, n, 0.9) == pytest.approx((-half, half), abs=1e-12)


@settings(deadline=None)
@given(pairs(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_tango_is_antisymmetric_contains_the_gap_and_ends_where_the_score_is_critical(
    pair: tuple[int, int, int], confidence: float
) -> None:
    wins, losses, n = pair
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    low, high = tango(wins, losses, n, confidence)
    other_low, other_high = tango(losses, wins, n, confidence)

    assert (low, high) == pytest.approx((-other_high, -other_low), abs=1e-9)
    assert -1 <= low <= (wins - losses) / n <= high <= 1
    if low > -1:
        assert tango_z(wins, losses, n, low) == pytest.approx(z, abs=1e-5)
    if high < 1:
        assert tango_z(wins, losses, n, high) == pytest.approx(-z, abs=1e-5)


@settings(deadline=None)
@given(pairs(), st.integers(-990, 980).map(lambda x: x / 1000), st.floats(0.001, 0.5))
def test_tango_z_falls_as_the_gap_assumed_grows(pair: tuple[int, int, int], theta: float, step: float) -> None:
    wins, losses, n = pair
    larger = min(theta + step, 0.99)

    assert tango_z(wins, losses, n, theta) >= tango_z(wins, losses, n, larger) - 1e-6


def test_tango_z_is_infinite_where_the_gap_assumed_is_impossible() -> None:
    assert tango_z(3, 1, 10, -1.0) == math.inf
    assert tango_z(3, 1, 10, 1.0) == -math.inf


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_equals_scipy_and_contains_the_share(
    scipy_stats: Any, counts: tuple[int, int], confidence: float
) -> None:
    passes, n = counts

    low, high = wilson(passes, n, confidence)

    expected = scipy_stats.binomtest(passes, n).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= passes / n <= high <= 1


def test_wilson_takes_shares_of_units() -> None:
    low, high = wilson(7.5, 10, 0.9)

    assert wilson(7, 10, 0.9)[0] < low < 0.75 < high < wilson(8, 10, 0.9)[1]
