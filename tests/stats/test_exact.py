from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import binomial_p, critical_z, exact_p, tango_z

# Cells: both pass, tier only, reference only, neither; margin 0.05.
P_VALUES = [
    ((4, 9, 3, 16), 0.016612),
    ((43, 0, 1, 0), 0.95**44 + 44 * 0.05 * 0.95**43),
    ((53, 16, 8, 9), 0.007329),
    ((1, 1, 7, 12), 0.996760),
    ((59, 6, 16, 80), 0.713510),
    ((20, 40, 20, 80), 0.000198),
    ((95, 0, 0, 5), 0.013783),
    ((30, 0, 0, 0), 0.95**30),
    ((180, 4, 9, 7), 0.123743),
    ((0, 0, 30, 0), 1.0),
    ((0, 30, 0, 0), 0.0),
]
# Margin, n, the wins and losses with the least score that rejects at 0.05, that score, and the size of the test.
CRITICAL = [
    (0.05, 30, (12, 6), 1.759590011, 0.043427429),
    (0.05, 50, (11, 6), 1.789532439, 0.040026669),
    (0.05, 100, (33, 25), 1.703846405, 0.046092690),
    (0.05, 200, (60, 52), 1.699321556, 0.046401486),
    (0.05, 400, (126, 120), 1.658339437, 0.049962708),
    (0.10, 30, (10, 6), 1.735032493, 0.046289056),
    (0.10, 50, (1, 2), 1.687009235, 0.049168376),
    (0.10, 100, (32, 29), 1.666992589, 0.049352823),
    (0.10, 200, (36, 41), 1.705645124, 0.046012642),
]


@pytest.fixture(scope="module")
def scipy_stats() -> Any:
    return pytest.importorskip("scipy.stats")


def chance(table: tuple[int, int], n: int, win: float, loss: float) -> float:
    wins, losses = table
    ways = math.comb(n, wins) * math.comb(n - wins, losses)
    return ways * win**wins * loss**losses * max(0.0, 1 - win - loss) ** (n - wins - losses)


def tables(n: int) -> list[tuple[int, int]]:
    return [(wins, losses) for wins in range(n + 1) for losses in range(n + 1 - wins)]


@pytest.mark.parametrize(("cells", "p"), P_VALUES)
def test_exact_p_gives_the_reference_values(cells: tuple[int, ...], p: float) -> None:
    _, wins, losses, _ = cells

    # The references took the maximum on a coarser grid, so they may be low by a part in a million.
    assert exact_p(wins, losses, sum(cells), 0.05) == pytest.approx(p, abs=1.1e-6)


@pytest.mark.parametrize(("margin", "n", "table", "score", "size"), CRITICAL)
def test_exact_p_is_the_size_at_the_critical_score(
    margin: float, n: int, table: tuple[int, int], score: float, size: float
) -> None:
    assert tango_z(*table, n, -margin) == pytest.approx(score, abs=1e-9)
    assert critical_z(n, margin, 0.05) == pytest.approx(score, abs=1e-9)
    # These references too are maxima on a coarser grid.
    assert size - 1e-8 <= exact_p(*table, n, margin) <= size + 1e-4


@pytest.mark.parametrize(
    ("margin", "n", "p"),
    [(0.05, 59, 0.04849), (0.05, 60, 0.04607), (0.05, 75, 0.02493), (0.10, 28, 0.05233), (0.10, 29, 0.04862)],
)
def test_exact_p_without_discordant_pairs(margin: float, n: int, p: float) -> None:
    assert exact_p(0, 0, n, margin) == pytest.approx(p, abs=5e-6)


def test_the_critical_score_divides_the_tables_as_their_p_values_do() -> None:
    n, margin, alpha = 24, 0.15, 0.1
    shown, refuted = critical_z(n, margin, alpha), critical_z(n, margin, alpha, "less")

    for table in tables(n)[::3]:
        z = round(tango_z(*table, n, -margin), 9)
        assert (z >= shown) == (exact_p(*table, n, margin) <= alpha)
        assert (-z >= refuted) == (exact_p(*table, n, margin, "less") <= alpha)


def test_no_score_is_critical_where_too_few_units_can_show_anything() -> None:
    assert critical_z(3, 0.05, 0.001) == math.inf


def test_beyond_a_thousand_units_the_normal_distribution_serves() -> None:
    assert critical_z(1001, 0.05, 0.05) == pytest.approx(1.6448536269514722)
    assert exact_p(20, 25, 1001, 0.05) == pytest.approx(0.5 * math.erfc(tango_z(20, 25, 1001, -0.05) / math.sqrt(2)))
    assert exact_p(20, 25, 1001, 0.05, "less") == pytest.approx(1 - exact_p(20, 25, 1001, 0.05))


def test_wins_may_certify_with_fewer_units_than_ties_would() -> None:
    assert exact_p(3, 0, 100, 0.02) == pytest.approx(0.0121, abs=5e-5)


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_exact_p_is_the_largest_chance_of_as_extreme_a_table_on_the_edge_of_the_null(alternative: str) -> None:
    n, margin, observed = 13, 0.1, (2, 1)
    z = {t: round(tango_z(*t, n, -margin), 9) for t in tables(n)}
    extreme = [t for t in z if (z[t] >= z[observed] if alternative == "greater" else z[t] <= z[observed])]
    losses = [margin + (1 - margin) / 2 * i / 2000 for i in range(2001)]

    brute = max(sum(chance(t, n, loss - margin, loss) for t in extreme) for loss in losses)

    assert exact_p(*observed, n, margin, alternative) == pytest.approx(brute, abs=1e-6)  # type: ignore[arg-type]


def test_no_gap_within_the_null_is_rejected_more_often_than_alpha() -> None:
    n, margin, alpha = 13, 0.1, 0.2
    rejected = [t for t in tables(n) if exact_p(*t, n, margin) <= alpha]

    rates = [
        sum(chance(t, n, loss - gap, loss) for t in rejected)
        for gap in (margin, margin + 0.02, margin + 0.2)
        for loss in (gap + (1 - gap) / 2 * i / 50 for i in range(51))
    ]

    assert rejected
    assert max(rates) <= alpha


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.sampled_from([0.02, 0.05, 0.1, 0.3]))
def test_exact_p_of_ties_is_at_least_the_chance_of_no_loss(n: int, margin: float) -> None:
    assert exact_p(0, 0, n, margin) >= (1 - margin) ** n - 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 40), st.data(), st.sampled_from([0.05, 0.1]))
def test_exact_p_falls_with_wins_and_rises_with_losses(n: int, data: st.DataObject, margin: float) -> None:
    wins = data.draw(st.integers(0, n - 1))
    losses = data.draw(st.integers(0, n - 1 - wins))

    p = exact_p(wins, losses, n, margin)

    assert exact_p(wins + 1, losses, n, margin) <= p + 1e-12
    assert exact_p(wins, losses + 1, n, margin) >= p - 1e-12
    assert p + exact_p(wins, losses, n, margin, "less") >= 1 - 1e-9


def test_no_units_tell_nothing() -> None:
    assert exact_p(0, 0, 0, 0.05) == 1
    assert exact_p(0, 0, 0, 0.05, "less") == 1
    assert binomial_p(0, 0, 0.8) == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 600).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(0.01, 0.99),
    st.sampled_from(["greater", "less"]),
)
def test_binomial_p_equals_scipy(scipy_stats: Any, counts: tuple[int, int], bar: float, alternative: str) -> None:
    passes, n = counts

    expected = scipy_stats.binomtest(passes, n, bar, alternative=alternative).pvalue

    assert binomial_p(passes, n, bar, alternative) == pytest.approx(expected, rel=1e-9, abs=1e-300)  # type: ignore[arg-type]
