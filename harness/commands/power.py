"""Sizing a suite before it is paid for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from .. import console, job, report, sizing, stats, suites, tiers
from .. import plan as plan_
from ..errors import BadInput
from ..records import write_bytes
from ..values import Ladder, Rule, Suite
from . import given

__all__ = ["power_command"]

_KINDS: Final = ("svg", "png")


def power_command(options: Namespace) -> int:
    kind = _kind(options.plot)
    suite = suites.load(suites.find(options.suite))
    ladder = None if options.ladder is None else tiers.load(options.ladder)
    rule = _shared(_rule(options, suite.rule), ladder)
    reference = sizing.reference_rate(rule) if options.reference is None else options.reference
    scenarios = sizing.scenarios(rule, reference, options.correlation, options.quality)
    at = sorted({*options.sizes, sizing.units(suite)}) if options.sizes else sizing.sizes(rule, sizing.units(suite))
    unit, costs = (None, ()) if ladder is None else (ladder.unit, _costs(options, suite, ladder))
    made = sizing.forecast(suite, rule, scenarios, at, costs)
    if options.format == "json":
        console.data({**record, "unit": unit} for record in sizing.records(made))
    else:
        console.show([*report.text_table(*_table(made, costs, unit)), "", *_sentences(made)])
    _remark(options, suite, made)
    if kind:
        write_bytes(Path(options.plot), sizing.draw(made, kind=kind))
        console.note(f"{options.plot}: written")
    return 0


def _kind(plot: str | None) -> str | None:
    if plot is None:
        return None
    kind = Path(plot).suffix.lower().removeprefix(".")
    if kind not in _KINDS:
        raise BadInput(f"--plot {plot}", "neither .svg nor .png; end the file's name in one of them")
    return kind


def _rule(options: Namespace, rule: Rule) -> Rule:
    """The suite's rule, with what the options put in its place."""

    def chosen(name: str, own: Decimal) -> Decimal:
        text = getattr(options, name)
        return own if text is None else given.decimal(f"--{name}", text)

    margin, alpha, bar = chosen("margin", rule.margin), chosen("alpha", rule.alpha), chosen("bar", rule.bar)
    return replace(rule, margin=margin, alpha=alpha, bar=bar)


def _shared(rule: Rule, ladder: Ladder | None) -> Rule:
    """The rule with the alpha that a tier is tested at on the ladder."""
    if ladder is None:
        return rule
    if ladder.table_alpha:
        console.note(f"{ladder.name}: its alpha is shared by all rows of a table, so chances are less than shown")
    if ladder.floors != "cheap-first" or len(ladder.tiers) <= 2:
        return rule
    candidates = len(ladder.tiers) - 1
    console.note(f"{ladder.name}: the cheapest tier is tried first, so alpha is shared by {candidates} tiers")
    return stats.share_alpha(rule, candidates=candidates)


def _costs(options: Namespace, suite: Suite, ladder: Ladder) -> Sequence[sizing.UnitCost]:
    """What a unit of evidence costs on the ladder."""
    day, plan = options.as_of or date.today(), plan_.plan(ladder, [suite])
    costs = sizing.unit_costs(plan, day, job.known_lengths(plan, Path(options.results) / ladder.name, {}))
    console.note(f"costs are of the tier and of {ladder.reference.name} together, live, at the prices of {day}")
    for each in costs:
        console.note(f"lengths of {each.tier}: {each.basis}")
    return costs


def _table(
    made: sizing.Sizing, costs: Sequence[sizing.UnitCost], unit: str | None
) -> tuple[Sequence[str], list[Sequence[str]]]:
    head = (
        "tier",
        "passes",
        "units",
        "sufficient",
        "insufficient",
        "inconclusive",
        "of these futile",
        "expected units",
    )
    cells: list[Sequence[str]] = []
    for each in made.forecasts:
        chances = each.chances
        shares = (chances.sufficient, chances.insufficient, chances.inconclusive, chances.futile)
        cells.append(
            (
                each.scenario.name,
                f"{each.scenario.assumed.quality:g}",
                f"{chances.size}{' *' if each.own else ''}",
                *(f"{share:.0%}" for share in shares),
                f"{chances.units:.0f}",
                *(report.money(each.costs[cost.tier]) for cost in costs),
            )
        )
    return (*head, *(f"{cost.tier} ({unit})" for cost in costs)), cells


def _sentences(made: sizing.Sizing) -> list[str]:
    rule, assumed = made.rule, made.forecasts[0].scenario.assumed
    by = f"(margin {rule.margin}, alpha {rule.alpha:.3g}, bar {rule.bar})"
    soonest = "never" if made.flawless is None else f"after {made.flawless} units"
    about, smallest, largest = sizing.enough(made), made.forecasts[0].chances.size, made.forecasts[-1].chances.size
    if about is None:
        proved = f"not with {largest}"
    else:
        proved = f"with about {round(about)}" if about > smallest else f"with {smallest} or fewer"
    rates = f"if the tier passes {assumed.quality:g} and the reference {assumed.reference:g}"
    return [
        f"* {made.suite} has {made.units} units; no tier is ever proved with fewer than {made.least} {by}",
        f"proved soonest, if tier and reference pass everything: {soonest}",
        f"proved with a chance of {sizing.ENOUGH:.0%}, {rates}: {proved} units",
    ]


def _remark(options: Namespace, suite: Suite, made: sizing.Sizing) -> None:
    console.note(
        f"assumed: failures correlated at {options.correlation:g}, one pass or fail a unit, a horizon of all units; "
        "2000 simulated runs, so chances are good to about 1 point"
    )
    if suite.rule.horizon != made.units:
        console.note(f"{suite.id}: its horizon is {suite.rule.horizon}, not its {made.units} units")
    if len(suite.samples) > made.units or suite.epochs > 1:
        console.note(f"{suite.id}: units average several answers, so its chances are, if anything, better than shown")
