from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from harness.errors import BadInput
from harness.stats import judge
from harness.stats.paths import read
from harness.stats.power import Assumed, _drawn, power
from harness.values import Rule

# The published figures are for the gap alone: a bar that everybody passes takes no part.
RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.01"), horizon=200, method="sequential")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "sufficient", "units"),
    [
        (0.90, (0.29, 0.52, 0.83), (None, 163, 267)),
        (0.95, (0.42, 0.74, 0.96), (None, 142, 209)),
        (0.99, (0.75, 0.99, 1.00), (None, 101, 125)),
    ],
)
def test_sequential_power_is_the_published_one(
    rate: float, sufficient: tuple[float, ...], units: tuple[float | None, ...]
) -> None:
    found = power(RULE, Assumed(quality=rate, reference=rate), (100, 200, 400), runs=6000, futility=False)

    # Two points, and one standard error of ours and of theirs.
    assert [chances.sufficient for chances in found] == pytest.approx(sufficient, abs=0.03)
    for chances, published in zip(found, units, strict=True):
        assert published is None or chances.units == pytest.approx(published, abs=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "sufficient"), [(0.80, (0.27, 0.46, 0.73)), (0.90, (0.39, 0.64, 0.90)), (0.95, (0.55, 0.85, 0.99))]
)
def test_exact_power_is_the_published_one(rate: float, sufficient: tuple[float, ...]) -> None:
    found = power(replace(RULE, method="fixed"), Assumed(quality=rate, reference=rate), (100, 200, 400), runs=6000)

    assert [chances.sufficient for chances in found] == pytest.approx(sufficient, abs=0.03)


def test_chances_sum_to_one_and_repeat() -> None:
    assumed = Assumed(quality=0.85, reference=0.9)

    found = power(replace(RULE, bar=Decimal("0.80")), assumed, (40, 80), runs=300)

    assert found == power(replace(RULE, bar=Decimal("0.80")), assumed, (40, 80), runs=300)
    for chances, size in zip(found, (40, 80), strict=True):
        assert chances.size == size
        assert chances.sufficient + chances.insufficient + chances.inconclusive == pytest.approx(1)
        assert 0 < chances.units <= size


def test_futility_saves_units_of_a_poor_tier() -> None:
    poor = Assumed(quality=0.80, reference=0.95)

    heeded, ignored = (power(RULE, poor, (200,), runs=300, futility=heed)[0] for heed in (True, False))

    assert heeded.units < 0.8 * ignored.units
    assert heeded.sufficient <= ignored.sufficient


def test_pairs_are_drawn_with_the_rates_and_the_discordance_assumed() -> None:
    assumed = Assumed(quality=0.85, reference=0.9, discordance=0.11)

    tier, reference = _drawn(assumed, (400, 500), 3)

    assert assumed.wins_and_losses == pytest.approx((0.03, 0.08))
    assert tier.mean() == pytest.approx(0.85, abs=0.003)
    assert reference.mean() == pytest.approx(0.9, abs=0.003)
    assert np.mean(tier > reference) == pytest.approx(0.03, abs=0.002)


def test_correlation_stays_within_what_the_rates_allow() -> None:
    win, loss = Assumed(quality=0.5, reference=0.9, correlation=1.0).wins_and_losses

    assert (win, loss) == pytest.approx((0.0, 0.4))
    assert Assumed(quality=0.9, reference=0.9, correlation=0.0).wins_and_losses == pytest.approx((0.09, 0.09))


@pytest.mark.parametrize(
    ("assumed", "message"),
    [
        (Assumed(quality=0.8, reference=0.9, discordance=0.05), "discordance: 0.05 does not fit rates of 0.8 and 0.9"),
        (Assumed(quality=0.8, reference=0.9, discordance=0.35), "discordance: 0.35 does not fit"),
        (Assumed(quality=1.2, reference=0.9), "quality: 1.2 and 0.9 are not both between 0 and 1"),
    ],
)
def test_impossible_assumptions_are_refused(assumed: Assumed, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        power(RULE, assumed, (100,))

    assert str(refused.value).startswith(message)


def test_many_fixed_tests_read_as_one_does() -> None:
    rule = Rule(margin=Decimal("0.15"), alpha=Decimal("0.05"), bar=Decimal("0.7"), horizon=60, method="fixed")
    rows = [_drawn(Assumed(quality=q, reference=0.9), (25, 60), 1) for q in (0.6, 0.75, 0.9)]
    scores, reference = (np.concatenate(side) for side in zip(*rows, strict=True))

    found = read(scores, reference, rule)

    kinds = {"sufficient": 1, "insufficient": -1, "inconclusive": 0}
    alone = [kinds[judge(list(a), list(b), rule).kind] for a, b in zip(scores, reference, strict=True)]
    assert found.kind.tolist() == alone
    assert set(found.units) == {60}
    assert set(alone) == {1, 0, -1}
