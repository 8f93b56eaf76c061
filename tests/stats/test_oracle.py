"""Intervals beside those of evalstats, an independent package, where it is installed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from harness.stats import tango
from harness.stats.comparison import bonett_price, newcombe

oracle: Any = pytest.importorskip("evalstats.core.resampling", reason="evalstats is not installed")


def tables() -> list[tuple[int, int, int, int]]:
    rng = random.Random("tables")
    drawn = [tuple(rng.choice([0, 1, 2, 7, 40, 150]) for _ in range(4)) for _ in range(150)]
    return [(a, b, c, d) for a, b, c, d in drawn if a + b + c + d > 1]


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_intervals_are_those_of_another_package(confidence: float) -> None:
    for cells in tables():
        tier = np.repeat([1, 1, 0, 0], cells)
        reference = np.repeat([1, 0, 1, 0], cells)
        _, wins, losses, _ = cells
        n = sum(cells)

        ours = {
            "tango_scc_paired_ci": tango(wins, losses, n, confidence),
            "newcombe_mover_paired_ci": newcombe(cells, confidence),
            "bonett_price_paired_ci": bonett_price(wins, losses, n, confidence),
        }
        for name, interval in ours.items():
            options = {"c": 0.0} if name.startswith("tango") else {}
            theirs = getattr(oracle, name)(tier, reference, alpha=1 - confidence, **options)
            assert interval == pytest.approx(theirs, abs=1e-8), (name, cells)
