"""Error rates, power and cost of our tests and of others' rules, where the truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from calibration import draws, rivals
from calibration.draws import Floats
from numpy.typing import NDArray

from harness.stats import critical_z, gap_game, horizon_at
from harness.stats.betting import CAP, second_moment
from harness.stats.intervals import tango_variance
from harness.stats.lazy import LOOK
from harness.stats.paths import NEVER, ends, reached
from harness.values import Rule

SEQUENTIAL, EXACT = "betting e-process", "exact unconditional test"
HORIZONS = (1, 2, 4, 8, 16)
KEEPS = "point rate >= 95 % of the reference's, n >= 10"
HITS = "point rate >= .95"
WILSON = "Wilson limit of the rate >= .90"
RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=200, method="sequential")
QUALITIES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
CORRELATIONS = (0.2, 0.4, 0.6)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often a rule says yes in a world. `runs` None: enumerated, not simulated."""

    rule: str
    world: str
    n: int
    rate: float
    runs: int | None
    ours: bool

    @property
    def error(self) -> float:
        """Standard error of the rate."""
        return math.sqrt(self.rate * (1 - self.rate) / self.runs) if self.runs else 0.0


def fixed_errors(margin: Decimal, sizes: tuple[int, ...]) -> Iterator[Rate]:
    """Enumerated chance that a tier just at the margin is called good enough, at its worst over what tiers may be."""
    delta = float(margin)
    for n in sizes:
        wins, losses = (counts.ravel() for counts in np.indices((n + 1, n + 1)).astype(np.float64))
        possible = wins + losses <= n
        wins, losses = wins[possible], losses[possible]
        z = np.round((wins - losses + n * delta) / np.sqrt(tango_variance(wins, losses, n, -delta)), 9)
        rules = {
            "point estimate within the margin": rivals.point(wins, losses, n, delta),
            "not significantly worse (McNemar)": rivals.not_significant(wins, losses),
            "Wald limit": rivals.wald(wins, losses, n, delta),
            "Tango limit": rivals.tango(wins, losses, n, delta),
            EXACT: z >= critical_z(n, delta, float(RULE.alpha)),
        }
        chances = [_chances(wins, losses, n, *world) for world in _at_the_margin(delta)]
        for name, yes in rules.items():
            worst = max(float(chance[yes].sum()) for chance in chances)
            yield Rate(rule=name, world="passes and fails", n=n, rate=worst, runs=None, ours=name == EXACT)


def sequential_errors(margin: Decimal, sizes: tuple[int, ...], runs: int, seed: int) -> Iterator[Rate]:
    """The same for whoever looks after every unit: with our e-process, and with Tango's limit read again and again."""
    delta = float(margin)
    for n in sizes:
        rng = np.random.default_rng([seed, n])
        ours, peeking = 0.0, 0.0
        for win, loss in _at_the_margin(delta):
            gaps = draws.gaps(rng, runs, n, win, loss)
            ours = max(ours, _share(gaps, replace(RULE, margin=margin, horizon=n)))
            few = gaps[: runs // 4]
            seen = np.arange(1, n + 1)
            wins, losses = (np.cumsum(side, axis=1).astype(np.float64) for side in (few > 0, few < 0))
            peeking = max(peeking, float(rivals.tango(wins, losses, seen, delta)[:, 9:].any(axis=1).mean()))
        world = "looked at after every unit"
        yield Rate(rule=SEQUENTIAL, world=world, n=n, rate=ours, runs=runs, ours=True)
        yield Rate(rule="Tango limit", world=world, n=n, rate=peeking, runs=runs // 4, ours=False)


def hard_errors(sizes: tuple[int, ...], runs: int, seed: int) -> Iterator[Rate]:
    """Worlds that break rules made for independent passes and fails; margin .05, the tier just at it."""
    delta = float(RULE.margin)
    for n in sizes:
        rule = replace(RULE, horizon=n)
        rng = np.random.default_rng([seed, n, 1])

        def rate(name: str, world: str, share: float, of: int = runs, ours: bool = True, n: int = n) -> Rate:
            return Rate(rule=name, world=world, n=n, rate=share, runs=of, ours=ours)

        few = max(1, runs // 4)
        win, loss = draws.rates_of(0.85, 0.9, 0.4)
        gaps = draws.gaps(rng, few, 4 * n, win, loss)
        yield rate(SEQUENTIAL, "four horizons, doubling", _share(gaps, rule), few)
        if n <= 100:
            gaps = draws.gaps(rng, few, 16 * n, win, loss)
            yield rate(SEQUENTIAL, "sixteen horizons, doubling", _share(gaps, rule), few)
        gaps = draws.gaps(rng, runs, n, win, loss)
        yield rate(f"{SEQUENTIAL}, refuting", "looked at after every unit", _share(gaps, rule, refute=True))
        passes = draws.templates(rng, few, n, 5, (0.85, 0.9))
        gaps = passes[..., 0] - passes[..., 1]
        yield rate(SEQUENTIAL, "templates of five, one unit each", _share(gaps.mean(axis=2), rule), few)
        rows = gaps.reshape(few, -1)
        yield rate("Tango limit", "templates of five, every sample a unit", _tango_share(rows, delta), few, ours=False)
        passes = draws.epochs(rng, few, n, (0.85, 0.9), 3)
        gaps = passes[..., 0] - passes[..., 1]
        yield rate(SEQUENTIAL, "three epochs, averaged", _share(gaps.mean(axis=2), rule), few)
        rows = gaps.reshape(few, -1)
        yield rate("Tango limit", "three epochs, every answer a unit", _tango_share(rows, delta), few, ours=False)
        gaps = draws.disasters(rng, runs, n, delta)
        yield rate(SEQUENTIAL, "graded, rare disasters", _share(gaps, rule))
        yield rate("paired t limit", "graded, rare disasters", float(rivals.paired_t(gaps, delta).mean()), ours=False)
        gaps, shares = draws.mixed(rng, runs, n, delta)
        yield rate(SEQUENTIAL, "weighted by the mix", _share(gaps, rule, shares=shares))
        scores = draws.ladder(rng, runs, n, (0.93, 0.98), alike=0.3)
        yield rate(f"{SEQUENTIAL}, lazy reference", "looked at after every unit", _share(lazy(scores), rule))
        yield rate(f"{SEQUENTIAL}, lazy, then filled in", "looked at after every unit", filled_share(scores, rule))
        asked = filled_share(scores, rule, ending=True)
        yield rate(f"{SEQUENTIAL}, lazy until a failure, then filled in", "looked at after every unit", asked)
        # One in three of the tier's losses is lost on the way: no unit at all, or one that counts as lost.
        gaps = draws.gaps(rng, runs, n, win, loss)
        hole = (gaps < 0) & (rng.random(gaps.shape) < 1 / 3)
        world = "a third of the losses unanswered"
        yield rate(
            f"{SEQUENTIAL}, holes dropped", world, _share(gaps, rule, shares=(~hole).astype(np.float64)), ours=False
        )
        yield rate(f"{SEQUENTIAL}, holes at their worst", world, _share(np.where(hole, -1.0, gaps), rule))
        units = (rng.random((runs, n)) < 0.8).astype(np.float64) - 0.8
        yield rate(f"{SEQUENTIAL}, bar", "looked at after every unit", _yes(reached(units, -0.8, rule)))


def continued(runs: int, seed: int, horizon: int = 200) -> Iterator[tuple[float, float, tuple[float, ...]]]:
    """Chance that the gap is shown within so many horizons: (reference's pass rate, gap, chances by HORIZONS)."""
    for reference, gap in ((0.9, 0.0), (0.95, 0.0), (0.95, -0.02), (0.95, -0.05)):
        rng = np.random.default_rng([seed, round(1000 * reference), round(-1000 * gap)])
        win, loss = draws.rates_of(reference + gap, reference, 0.4)
        rule = replace(RULE, horizon=horizon)
        game = gap_game([], rule)
        gaps = draws.gaps(rng, runs, HORIZONS[-1] * horizon, win, loss)
        at = reached(gaps + float(RULE.margin), game.low, rule)
        yield reference, gap, tuple(float(np.mean(at <= times * horizon)) for times in HORIZONS)


def own_ground(runs: int, seed: int) -> Iterator[tuple[str, str, int, float, float]]:
    """Others' rules where their own terms are missed: (rule, world, n, how often it says yes, how often ours does).

    The reference passes .95; a tier that keeps 90 % of that, .855, misses both 95 % of the reference and our margin.
    """
    for candidates in (1, 3):
        for n in (10, 20, 50, 100, 200):
            rng = np.random.default_rng([seed, n, candidates])
            passes = draws.ladder(rng, runs, n, (0.855,) * candidates + (0.95,))
            counts = passes.sum(axis=1)
            accepted = [rivals.keeps_share(counts[:, tier], counts[:, -1], n) for tier in range(candidates)]
            ours = ends(passes[..., candidates - 1], passes[..., -1], replace(RULE, horizon=n)).kind == 1
            world = f"reference .95, {candidates} of .855"
            yield KEEPS, world, n, float(np.any(accepted, axis=0).mean()), float(ours.mean())
    for n in (16, 32, 53, 100):
        passes = draws.ladder(np.random.default_rng([seed, n]), runs, n, (0.9, 0.98))
        ours = ends(passes[..., 0], passes[..., 1], replace(RULE, horizon=n)).kind == 1
        hit = rivals.hits_target(passes[..., 0].sum(axis=1), n)
        yield HITS, "reference .98, tier .90", n, float(hit.mean()), float(ours.mean())
    for n in (50, 100, 200):
        for rate in (0.88, 0.97):
            passes = draws.ladder(np.random.default_rng([seed, n]), runs, n, (rate, 0.97))
            ours = ends(passes[..., 0], passes[..., 1], replace(RULE, horizon=n)).kind == 1
            hit = rivals.wilson_low(passes[..., 0].sum(axis=1), n)
            yield WILSON, f"reference .97, tier .{round(100 * rate)}", n, float(hit.mean()), float(ours.mean())


def lazy(scores: Floats) -> Floats:
    """Gaps of tier and reference (last axis), 0 wherever the tier passes."""
    return np.where(scores[..., 0] >= 1, 0.0, scores[..., 0] - scores[..., 1])


def filled_share(scores: Floats, rule: Rule, *, ending: bool = False) -> float:
    """How often lazy bets with all wins filled in ever show the gap: `lazy_log_wealth` for many rows.

    `ending`: laziness ends as it does in runs, with a failure among the first units (`bet_lazily`).
    """
    goal, margin = -math.log(rule.alpha), float(rule.margin)
    slow, full = lazy(scores) + margin, scores[..., 0] - scores[..., 1] + margin
    wealth, squares, rich = (np.zeros(len(scores)) for _ in range(3))
    shown = np.zeros(len(scores), dtype=bool)
    failed = np.cumsum(scores[:, :LOOK, 0] < 1, axis=1) > 0
    for t in range(scores.shape[1]):
        if ending and t > 0:
            over = failed[:, min(t, LOOK) - 1]
            slow[over, t] = full[over, t]
            wealth[over] = rich[over]
            squares[over] = (full[over, :t] ** 2).sum(axis=1)
        left = horizon_at(t, rule.horizon) - t
        bet = np.sqrt(2 * np.maximum(goal - wealth, 0) / (left * second_moment(squares, t)))
        bet = np.minimum(bet, CAP / (1 - margin))
        wealth += np.log1p(bet * slow[:, t])
        rich += np.log1p(bet * full[:, t])
        squares += slow[:, t] ** 2
        shown |= rich >= goal
    return float(shown.mean())


def _at_the_margin(delta: float) -> list[tuple[float, float]]:
    """Chances of win and loss of tiers that lose just the margin to references of every quality."""
    return [draws.rates_of(top - delta, top, phi) for top in QUALITIES for phi in CORRELATIONS]


def _chances(wins: Floats, losses: Floats, n: int, win: float, loss: float) -> Floats:
    factorials = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    ties = n - wins - losses
    logs = np.full(len(wins), factorials[n])
    for counts, rate in ((wins, win), (losses, loss), (ties, 1 - win - loss)):
        logs -= factorials[counts.astype(int)]
        logs += counts * math.log(rate) if rate > 1e-12 else np.where(counts > 0, -np.inf, 0.0)
    chances: Floats = np.exp(logs)
    return chances


def _share(gaps: Floats, rule: Rule, *, refute: bool = False, shares: Floats | float = 1.0) -> float:
    """How often the gap is ever shown (or refuted) in rows of gaps."""
    game = gap_game([], rule)
    units = shares * (gaps + float(rule.margin))
    return _yes(reached(-units, -game.high, rule) if refute else reached(units, game.low, rule))


def _yes(at: NDArray[np.int64]) -> float:
    return float(np.mean(at < NEVER))


def _tango_share(gaps: Floats, delta: float) -> float:
    wins, losses = (gaps > 0).sum(axis=1).astype(float), (gaps < 0).sum(axis=1).astype(float)
    return float(rivals.tango(wins, losses, gaps.shape[1], delta).mean())
