from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.comparison import bonett_price, bootstrap_gap, cheapest_within, mcnemar_p, newcombe, wald

# contingencytables (Fagerland, Lydersen, Laake, chapter 8): both pass, tier only, reference only, neither.
BENTUR, CAVO = (1, 1, 7, 12), (59, 6, 16, 80)

TABLES = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 1)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        (BENTUR, -0.506920226686, -0.025559124165),
        (CAVO, -0.118621195639, -0.004625113933),
        ((1, 0, 0, 1), -0.5734, 0.5734),
    ],
)
def test_newcombe_gives_the_published_values(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    assert newcombe(cells, 0.95) == pytest.approx((low, high), abs=5e-5 if cells == (1, 0, 0, 1) else 1e-11)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [(BENTUR, -0.508359306666, -0.013379823768), (CAVO, -0.119498811067, -0.003200575437)],
)
def test_bonett_price_gives_the_published_values(cells: tuple[int, ...], low: float, high: float) -> None:
    assert bonett_price(cells[1], cells[2], sum(cells), 0.95) == pytest.approx((low, high), abs=1e-11)


@pytest.mark.parametrize(
    ("cells", "exact", "mid", "asymptotic"),
    [(CAVO, 0.0524787903, 0.0346896648, 0.0330062577), (BENTUR, 0.0703125, 0.0390625, 0.0338948535)],
)
def test_mcnemar_gives_the_published_values(
    cells: tuple[int, ...], exact: float, mid: float, asymptotic: float
) -> None:
    wins, losses = cells[1], cells[2]

    assert mcnemar_p(wins, losses) == pytest.approx(exact, abs=1e-10)
    assert mcnemar_p(wins, losses, "mid-p") == pytest.approx(mid, abs=1e-10)
    assert mcnemar_p(wins, losses, "asymptotic") == pytest.approx(asymptotic, abs=1e-10)


def test_without_discordant_pairs_nothing_differs() -> None:
    assert mcnemar_p(0, 0) == mcnemar_p(0, 0, "mid-p") == mcnemar_p(0, 0, "asymptotic") == 1
    assert wald(0, 0, 20, 0.9) == (0, 0)
    assert bootstrap_gap(0, 0, 22, 0.9) == (0, 0)


@settings(deadline=None)
@given(TABLES, st.sampled_from([0.8, 0.9, 0.95]))
def test_intervals_hold_the_gap_and_turn_with_the_tiers(cells: tuple[int, int, int, int], confidence: float) -> None:
    both, wins, losses, neither = cells
    n = sum(cells)

    for low, high in (newcombe(cells, confidence), wald(wins, losses, n, confidence)):
        assert low - 1e-12 <= (wins - losses) / n <= high + 1e-12
    for interval, turned in (
        (newcombe(cells, confidence), newcombe((both, losses, wins, neither), confidence)),
        (wald(wins, losses, n, confidence), wald(losses, wins, n, confidence)),
        (bonett_price(wins, losses, n, confidence), bonett_price(losses, wins, n, confidence)),
    ):
        assert interval == pytest.approx((-turned[1], -turned[0]), abs=1e-12)


def test_the_bootstrap_is_near_its_normal_limit_and_repeats() -> None:
    low, high = bootstrap_gap(60, 40, 2000, 0.9, seed=3)

    assert (low, high) == bootstrap_gap(60, 40, 2000, 0.9, seed=3)
    assert (low, high) == pytest.approx(wald(60, 40, 2000, 0.9), abs=5e-4)


@pytest.mark.parametrize(
    ("lower", "expected"),
    [([-0.02, -0.01], 0), ([-0.06, -0.05], 1), ([-0.2, -0.06], 2), ([-0.04, -0.3], 0), ([], 0)],
)
def test_the_cheapest_within_the_margin_is_taken_whatever_lies_between(lower: list[float], expected: int) -> None:
    assert cheapest_within(lower, 0.05) == expected
