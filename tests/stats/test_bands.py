from __future__ import annotations

import math
import time

import numpy as np
import pytest

from harness.errors import BadInput
from harness.stats.bands import MANY_UNITS, Band, hull_band, policy_bands, projected, resampled_sums, savings
from harness.stats.economics import Recorded, cascade, oracle, routed, static


def ladder(n: int, *, per_unit: int = 1, seed: int = 0) -> Recorded:
    rng = np.random.default_rng(seed)
    rates, prices = [0.75, 0.85, 0.84, 0.95], [0.001, 0.003, 0.01, 0.02]
    shared = np.repeat(rng.random((n // per_unit, 4)), per_unit, axis=0)
    return Recorded(
        scores=(shared < rates).astype(float),
        costs=rng.gamma(4, 0.25, (n, 4)) * prices,
        kinds=rng.integers(3, size=n),
        units=np.repeat(np.arange(n // per_unit), per_unit),
    )


@pytest.mark.parametrize("n", [400, MANY_UNITS + 3000], ids=["drawn", "tossed"])
def test_replicates_have_the_mean_and_the_spread_of_the_theory(n: int) -> None:
    outcomes = ladder(n)
    columns = np.column_stack([np.ones(n), outcomes.scores, outcomes.costs])

    drawn = resampled_sums(columns, outcomes.units, runs=4000)

    means = drawn[:, 1:] / drawn[:, :1]
    error = columns[:, 1:].std(axis=0) / math.sqrt(n)
    assert np.allclose(means.mean(axis=0), columns[:, 1:].mean(axis=0), atol=4 * error.max() / math.sqrt(4000))
    assert np.allclose(means.std(axis=0), error, rtol=0.06)
    # Tiers are drawn together: the correlations of scores stay.
    assert np.allclose(np.corrcoef(means.T), np.corrcoef(columns[:, 1:].T), atol=0.07)


def test_templates_are_drawn_whole() -> None:
    alone, together = ladder(2000), ladder(2000, per_unit=10)

    width = [
        (band.high - band.low)
        for outcomes in (alone, together)
        for band in [policy_bands(outcomes, [static(outcomes, 0)])[0][1]]
    ]

    assert width[1] == pytest.approx(width[0] * math.sqrt(10), rel=0.15)


def test_bands_hold_their_estimates_and_repeat() -> None:
    outcomes = ladder(300)
    policies = [static(outcomes, 3), cascade(outcomes, [0, 3]), routed(outcomes, [0, 1, 3]), oracle(outcomes)]

    bands = policy_bands(outcomes, policies)

    assert bands == policy_bands(outcomes, policies)
    for policy, (cost, score, per_success) in zip(policies, bands, strict=True):
        expected = policy.cost.mean(), policy.score.mean(), policy.cost_per_success
        assert [band.estimate for band in (cost, score, per_success)] == pytest.approx(expected)
        assert all(band.low <= band.estimate <= band.high for band in (cost, score, per_success))


def test_a_policy_that_never_succeeds_is_infinitely_dear() -> None:
    outcomes = ladder(50)
    failing = Recorded(scores=np.zeros((50, 4)), costs=outcomes.costs, kinds=outcomes.kinds, units=outcomes.units)

    assert policy_bands(failing, [static(failing, 0)])[0][2] == Band(estimate=math.inf, low=math.inf, high=math.inf)


def test_savings_of_the_reference_against_itself_are_nothing() -> None:
    outcomes = ladder(100)
    top = static(outcomes, 3)

    nothing = Band(estimate=0, low=0, high=0)
    found = savings(outcomes, top, top)

    assert (found.saved, found.share, found.gained) == (nothing, nothing, nothing)


def test_savings_of_a_cheaper_tier() -> None:
    outcomes = ladder(2000)
    top, cheap = static(outcomes, 3), static(outcomes, 0)

    found = savings(outcomes, cheap, top)

    assert found.share.estimate == pytest.approx(1 - cheap.cost.sum() / top.cost.sum())
    assert found.share.low < found.share.estimate < found.share.high
    assert found.share.estimate == pytest.approx(0.95, abs=0.005)
    assert found.gained.high < 0


def test_a_workload_is_billed_kind_by_kind() -> None:
    outcomes = ladder(900)
    calls, tiers = [1000.0, 0.0, 200.0], [0, 1, 3]

    found = projected(outcomes, tiers, calls)

    means = [outcomes.costs[outcomes.kinds == kind].mean(axis=0) for kind in range(3)]
    assert found.reference.estimate == pytest.approx(1000 * means[0][3] + 200 * means[2][3])
    assert found.routed.estimate == pytest.approx(1000 * means[0][0] + 200 * means[2][3])
    assert found.saved.estimate == pytest.approx(found.reference.estimate - found.routed.estimate)
    assert found.share.estimate == pytest.approx(found.saved.estimate / found.reference.estimate)
    first = outcomes.scores[outcomes.kinds == 0]
    assert found.failures.estimate == pytest.approx(1000 * (first[:, 3] - first[:, 0]).mean())
    for band in (found.reference, found.routed, found.saved, found.share, found.failures):
        assert band.low < band.estimate < band.high


def test_calls_without_outcomes_cannot_be_billed() -> None:
    with pytest.raises(BadInput, match=r"calls\[3\]: calls of a kind of work without outcomes"):
        projected(ladder(90), [0, 0, 0, 0], [1.0, 1.0, 1.0, 1.0])


def test_a_dominated_tier_is_seldom_on_the_hull() -> None:
    outcomes = ladder(1000)

    found = hull_band(outcomes)

    assert found.on_hull[0] == 1
    assert found.on_hull[3] == 1
    assert found.on_hull[2] < 0.05
    assert found.on_hull[1] > 0.9
    assert list(found.costs) == sorted(found.costs)
    assert [band.estimate for band in found.quality] == sorted(band.estimate for band in found.quality)
    assert all(band.low <= band.estimate <= band.high for band in found.quality)
    assert found.quality[-1].estimate == pytest.approx(outcomes.scores[:, 3].mean())


def test_one_tier_alone_is_its_own_hull() -> None:
    outcomes = ladder(60)
    one = Recorded(
        scores=outcomes.scores[:, :1], costs=outcomes.costs[:, :1], kinds=outcomes.kinds, units=outcomes.units
    )

    assert hull_band(one, points=3).on_hull == (1.0,)


@pytest.mark.slow
def test_a_hundred_thousand_samples_at_four_tiers_take_seconds() -> None:
    outcomes = ladder(100_000)
    before = time.process_time()

    policies = [static(outcomes, tier) for tier in range(4)] + [cascade(outcomes, [0, 3]), oracle(outcomes)]
    bands = policy_bands(outcomes, policies)
    hull_band(outcomes)
    savings(outcomes, policies[4], policies[3])

    # Measured at about 3 s on a core; the bound only catches a change of order.
    assert time.process_time() - before < 30
    assert len(bands) == 6
