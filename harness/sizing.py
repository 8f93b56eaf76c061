"""How many units a suite takes: the chances of each verdict and what they cost, before anything is paid."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from . import plan as plan_
from . import stats
from .records import plain
from .values import Plan, Rule, Suite, digest

if TYPE_CHECKING:
    from datetime import date

    from matplotlib.axes import Axes

    from .plan.estimates import Answers

__all__ = [
    "ENOUGH",
    "Forecast",
    "Scenario",
    "Sizing",
    "UnitCost",
    "draw",
    "enough",
    "fingerprint",
    "forecast",
    "records",
    "reference_rate",
    "scenarios",
    "sizes",
    "unit_costs",
    "units",
]

ENOUGH: Final = 0.8
"""The chance of proving a tier as good as its reference that a suite is commonly sized for."""

# Suites to compare with, as multiples of the least units. The exact test is enumerated: large ones take it seconds.
_MULTIPLES: Final = (1, 1.5, 2, 3, 4, 6, 8)
_MOST_EXACT: Final = 400

# Okabe and Ito's palette; dashes and shapes tell the curves apart in grey print.
_STYLES: Final = (
    ("#0072B2", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#000000", ":", "D"),
    ("#009E73", "-.", "^"),
    ("#CC79A7", (0, (6, 1)), "v"),
    ("#56B4E9", (0, (1, 3)), "P"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A tier that may be met, by its name in tables."""

    name: str
    assumed: stats.Assumed


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCost:
    """What one unit of evidence on `tier` costs: all its samples and epochs at the tier and at its reference.

    `basis` says what the expected lengths of the answers stand on.
    """

    tier: str
    amount: Decimal
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a suite will say of a scenario's tier, and the expected cost until then by the tier asked.

    `own` marks the number of units that the suite has.
    """

    scenario: Scenario
    chances: stats.Chances
    own: bool
    costs: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The forecasts for a suite under a rule, by scenario and then by size.

    `least` units are the fewest that a tier can be proved with; `flawless` says after how many it is if tier and
    reference pass every one (None: not even then).
    """

    suite: str
    rule: Rule
    units: int
    least: int
    flawless: int | None
    forecasts: tuple[Forecast, ...]


def units(suite: Suite) -> int:
    """The units of evidence in a suite: samples of one template are one."""
    return len({sample.template for sample in suite.samples})


def reference_rate(rule: Rule) -> float:
    """The pass rate that a reference is assumed to have: .95, or halfway from the bar to 1 if that is more."""
    return max(0.95, float(1 + rule.bar) / 2)


def scenarios(
    rule: Rule, reference: float, correlation: float, qualities: Sequence[float] = ()
) -> tuple[Scenario, ...]:
    """A tier as good as the reference, one that loses just the margin and one that loses twice that.

    Or one of each of the `qualities`.
    """
    margin = float(rule.margin)
    named = {
        "as good": reference,
        "at the margin": max(0.0, round(reference - margin, 9)),
        "clearly worse": max(0.0, round(reference - 2 * margin, 9)),
    }
    if qualities:
        named = {f"passes {quality:g}": quality for quality in qualities}
    return tuple(
        Scenario(name=name, assumed=stats.Assumed(quality=quality, reference=reference, correlation=correlation))
        for name, quality in named.items()
    )


def sizes(rule: Rule, own: int) -> tuple[int, ...]:
    """Numbers of units worth comparing: some from the least on, and the suite's own."""
    least = stats.least_units(rule)
    # Two significant digits, never below the least.
    rounded = {-int(-least * multiple // (step := _step(least * multiple))) * step for multiple in _MULTIPLES}
    if rule.method == "fixed":
        rounded = {size for size in rounded if size <= _MOST_EXACT}
    return tuple(sorted({*rounded, own} - {0}))


def unit_costs(plan: Plan, on: date, answers: Answers = MappingProxyType({})) -> tuple[UnitCost, ...]:
    """What a unit of evidence costs on each tier below the reference, at the prices of a day.

    `plan` holds one suite at all tiers. Lengths are learnt from `answers`, whichever of them are there to be used again.
    """
    (suite,) = plan.suites
    rows = {row.tier: row for row in plan_.estimate(plan, (), on, answers=answers)}
    reference = rows[plan.ladder.reference.name]
    return tuple(
        UnitCost(
            tier=tier.name,
            amount=(rows[tier.name].expected + reference.expected) / units(suite),
            basis=" and ".join(dict.fromkeys((rows[tier.name].basis, reference.basis))),
        )
        for tier in plan.ladder.tiers[:-1]
    )


def forecast(
    suite: Suite,
    rule: Rule,
    expected: Iterable[Scenario],
    at: Sequence[int],
    costs: Sequence[UnitCost] = (),
    *,
    runs: int = 2000,
) -> Sizing:
    """The chances of each verdict under `rule` for suites of the sizes `at`; the same every time.

    Each unit is taken for one pass or fail, which understates suites whose units average several answers. Raises
    BadInput on rules, rates and sizes that are impossible.
    """
    own = units(suite)
    found = [
        Forecast(scenario=scenario, chances=chances, own=chances.size == own, costs=_spent(chances, costs))
        for scenario in expected
        for chances in stats.power(rule, scenario.assumed, at, runs=runs)
    ]
    return Sizing(
        suite=suite.id,
        rule=rule,
        units=own,
        least=stats.least_units(rule),
        flawless=stats.flawless_at(rule),
        forecasts=tuple(found),
    )


def enough(sizing: Sizing) -> float | None:
    """About how many units prove the first scenario's tier with a chance of 80 %, between the sizes that were forecast.

    None where the largest of them does not; the smallest where that does already.
    """
    name = sizing.forecasts[0].scenario.name
    chances = [each.chances for each in sizing.forecasts if each.scenario.name == name]
    if chances[0].sufficient >= ENOUGH:
        return float(chances[0].size)
    for before, after in pairwise(chances):
        if after.sufficient >= ENOUGH:
            share = (ENOUGH - before.sufficient) / (after.sufficient - before.sufficient)
            return before.size + share * (after.size - before.size)
    return None


def records(sizing: Sizing) -> list[dict[str, object]]:
    """One flat record a forecast, for programs."""
    head = {
        "suite": sizing.suite,
        "margin": sizing.rule.margin,
        "alpha": sizing.rule.alpha,
        "bar": sizing.rule.bar,
        "method": sizing.rule.method,
        "least_units": sizing.least,
        "flawless_at": sizing.flawless,
    }
    return [
        head
        | {
            "tier": each.scenario.name,
            "quality": each.scenario.assumed.quality,
            "reference": each.scenario.assumed.reference,
            "correlation": each.scenario.assumed.correlation,
            "units": each.chances.size,
            "own": each.own,
            "sufficient": each.chances.sufficient,
            "insufficient": each.chances.insufficient,
            "inconclusive": each.chances.inconclusive,
            "futile": each.chances.futile,
            "expected_units": each.chances.units,
            "expected_cost": each.costs,
        }
        for each in sizing.forecasts
    ]


def fingerprint(sizing: Sizing) -> str:
    """A hash of the numbers that a figure is drawn from: it stands in the figure."""
    return digest(plain(records(sizing)))


def draw(sizing: Sizing, *, kind: str = "svg") -> bytes:
    """The chances of proving and of ruling out a tier against the number of units, a curve a scenario.

    The same sizing gives the same bytes.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.hashsalt": "tierfloor",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with rc_context(settings):
        figure = Figure(figsize=(9, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharex=True, sharey=True)
        _panel(left, sizing, lambda chances: chances.sufficient)
        left.set_title("proved sufficient", fontsize=9.5)
        left.set_ylabel("chance, %")
        alpha = sizing.rule.alpha
        left.axhline(100 * float(alpha), color="#999999", linewidth=1, label=f"alpha {alpha:.3g}", zorder=1)
        _panel(right, sizing, lambda chances: chances.insufficient + chances.futile)
        right.set_title("ruled out: insufficient, or given up as futile", fontsize=9.5)
        rule = sizing.rule
        figure.suptitle(
            f"{sizing.suite}: margin {rule.margin}, alpha {rule.alpha:.3g}, bar {rule.bar}, {rule.method}", fontsize=10
        )
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        out = io.BytesIO()
        created = {"Date": None, "Creator": "tierfloor"} if kind == "svg" else {"Software": "tierfloor"}
        about = {"Description": f"inputs {fingerprint(sizing)}"}
        figure.savefig(out, format=kind, dpi=150, metadata={**created, **about})
    return out.getvalue()


def _panel(axes: Axes, sizing: Sizing, share: Callable[[stats.Chances], float]) -> None:
    by_name: dict[str, list[Forecast]] = {}
    for each in sizing.forecasts:
        by_name.setdefault(each.scenario.name, []).append(each)
    for number, (name, found) in enumerate(by_name.items()):
        colour, dashes, shape = _STYLES[number % len(_STYLES)]
        axes.plot(
            [each.chances.size for each in found],
            [100 * share(each.chances) for each in found],
            color=colour,
            linestyle=dashes,
            marker=shape,
            markersize=5,
            label=f"{name} ({found[0].scenario.assumed.quality:g})" if not name.startswith("passes") else name,
        )
    axes.axvline(sizing.units, color="#BBBBBB", linewidth=3, label=f"this suite: {sizing.units} units", zorder=1)
    axes.axvline(
        sizing.least, color="#666666", linewidth=1, linestyle=":", label=f"least: {sizing.least} units", zorder=1
    )
    axes.set(xlabel="units", ylim=(-4, 104), xlim=(0, None))
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)


def _spent(chances: stats.Chances, costs: Iterable[UnitCost]) -> dict[str, Decimal]:
    return {each.tier: Decimal(f"{each.amount * Decimal(str(chances.units)):.6g}") for each in costs}


def _step(amount: float) -> int:
    """What a number is rounded to so that two of its digits remain."""
    return int(10 ** max(0, len(str(int(amount))) - 2))
