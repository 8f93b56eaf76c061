"""Simulated outcomes whose truth is known. Every function draws `runs` rows from its generator; scores are 0..1."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Cuts = NDArray[np.float64]


def rates_of(quality: float, reference: float, correlation: float) -> tuple[float, float]:
    """Chances of a win and of a loss, the correlation cut to what the rates allow."""
    both = quality * reference + correlation * math.sqrt(quality * (1 - quality) * reference * (1 - reference))
    both = min(max(both, quality + reference - 1, 0.0), quality, reference)
    return quality - both, reference - both


def gaps(rng: np.random.Generator, runs: int, n: int, win: float, loss: float) -> Floats:
    """Gaps of single passes and fails."""
    luck = rng.random((runs, n))
    return (luck < win).astype(np.float64) - (luck > 1 - loss)


def ladder(rng: np.random.Generator, runs: int, n: int, rates: tuple[float, ...], alike: float = 0.6) -> Floats:
    """Passes of tiers (last axis) on the same samples; `alike` is the share of variance that samples bring."""
    hard = rng.standard_normal((runs, n, 1), dtype=np.float32)
    own = rng.standard_normal((runs, n, len(rates)), dtype=np.float32)
    return (math.sqrt(alike) * hard + math.sqrt(1 - alike) * own < _cuts(rates)).astype(np.float64)


def epochs(rng: np.random.Generator, runs: int, n: int, rates: tuple[float, float], times: int) -> Floats:
    """Passes (runs, n, epoch, tier) of samples asked several times, each pair of tier and sample with its own chance."""
    hard = rng.standard_normal((runs, n, 1, 1))
    own = rng.standard_normal((runs, n, 1, 2))
    luck = rng.standard_normal((runs, n, times, 2))
    return (math.sqrt(0.6) * hard + math.sqrt(0.2) * own + math.sqrt(0.2) * luck < _cuts(rates)).astype(np.float64)


def templates(rng: np.random.Generator, runs: int, groups: int, size: int, rates: tuple[float, float]) -> Floats:
    """Passes (runs, template, sample, tier) of samples that depend on each other strongly within a template."""
    hard = rng.standard_normal((runs, groups, 1, 1))
    own = rng.standard_normal((runs, groups, 1, 2))
    luck = rng.standard_normal((runs, groups, size, 2))
    return (math.sqrt(0.4) * hard + math.sqrt(0.4) * own + math.sqrt(0.2) * luck < _cuts(rates)).astype(np.float64)


def disasters(rng: np.random.Generator, runs: int, n: int, share: float) -> Floats:
    """Graded gaps that are next to nothing, but for a share of complete losses."""
    return np.where(rng.random((runs, n)) < share, -1.0, np.clip(rng.normal(0, 0.02, (runs, n)), -1, 1))


def mixed(rng: np.random.Generator, runs: int, n: int, margin: float) -> tuple[Floats, Floats]:
    """Gaps and shares where the heavy half of the work loses twice the margin and the light half wins.

    The weighted mean is just minus the margin.
    """
    heavy = rng.random((runs, n)) < 0.5
    shares = np.where(heavy, 1.0, 0.25)
    luck = rng.random((runs, n))
    loss, win = 2 * margin, 3 * margin
    return np.where(heavy, -(luck < loss).astype(float), (luck < win).astype(float)), shares


def _cuts(rates: tuple[float, ...]) -> Cuts:
    quantile = NormalDist().inv_cdf
    return np.array([quantile(rate) for rate in rates])
