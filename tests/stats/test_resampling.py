from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from harness.stats import further_by_resampling
from harness.stats.paths import ends
from harness.values import Rule

RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=200, method="sequential")


@pytest.mark.parametrize("n", [0, 19, 5001])
def test_few_units_and_very_many_are_not_resampled(n: int) -> None:
    assert further_by_resampling([1.0, 0.0] * (n // 2) + [1.0] * (n % 2), [1.0] * n, RULE) is None


@pytest.mark.parametrize(("horizon", "stop"), [(100, 74), (200, 80), (400, 97)])
def test_ties_alone_need_exactly_what_ties_take(horizon: int, stop: int) -> None:
    rule = replace(RULE, horizon=horizon)

    assert further_by_resampling([1.0] * 30, [1.0] * 30, rule) == stop - 30


def test_the_same_seed_gives_the_same_number() -> None:
    scores = [1.0] * 50 + [0.0] * 3

    assert further_by_resampling(scores, [1.0] * 53, RULE) == further_by_resampling(scores, [1.0] * 53, RULE)


def test_a_hopeless_gap_is_cut_off() -> None:
    scores = [1.0] * 57 + [0.0] * 3

    assert further_by_resampling(scores, [1.0] * 60, replace(RULE, horizon=60)) == 240


def test_the_reference_needs_the_bar_only() -> None:
    alone = further_by_resampling([1.0] * 20, None, RULE)
    paired = further_by_resampling([1.0] * 20, [1.0] * 20, RULE)

    assert alone is not None
    assert paired is not None
    assert alone < paired


@pytest.mark.slow
def test_about_eighty_percent_are_decided_by_then() -> None:
    # 40 units without a surprise; what follows comes from the same 2.5 % + 2.5 % of discordant pairs.
    rng = np.random.default_rng(5)
    seen = np.array([1.0] * 38 + [0.0, 1.0]), np.array([1.0] * 38 + [1.0, 0.0])
    needed = further_by_resampling(list(seen[0]), list(seen[1]), RULE)
    assert needed is not None

    drawn = rng.integers(40, size=(2000, needed))
    rows = [np.concatenate([np.tile(side, (2000, 1)), side[drawn]], axis=1) for side in seen]
    kinds = ends(rows[0], rows[1], RULE, futility=False).kind

    assert np.mean(kinds != 0) == pytest.approx(0.8, abs=0.06)
