"""Tables, routes and curves from stored answers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from .. import cache as cache_
from .. import console, job, ledger, plots, prices, report, savings, tiers
from .. import table as table_
from ..errors import CheckFailed
from ..records import write_bytes, write_text
from . import given

__all__ = ["plot_command", "print_floors", "publish", "route_command", "savings_command", "table_command"]


def table_command(options: Namespace) -> int:
    _, measured = _regenerated(options, options.as_of)
    if options.format == "json":
        console.data(table_.records(measured.rows))
    else:
        console.show(report.row_lines(measured.rows))
        console.note(f"costs in {measured.plan.ladder.unit}, priced on {measured.evidence.priced_on}")
    _note_changes(measured)
    return 0


def route_command(options: Namespace) -> int:
    results, measured = _regenerated(options, options.as_of or (_published_day(options) if options.check else None))
    _note_changes(measured)
    files = job.files(measured)
    if options.check:
        changed = ledger.differences(results, files) + _stale_curves(measured, results, _answered(measured))
        if changed:
            named = ", ".join(changed)
            raise CheckFailed(str(results), f"stale: {named} would change; run: tierfloor run, or route offline")
        console.note(f"{results}: up to date")
        return 0
    with cache_.Cache.open(given.cache_folder(options)) as cache:
        publish(measured, results, cache)
    print_floors(options, measured)
    return 0


def plot_command(options: Namespace) -> int:
    results, measured = _regenerated(options, _published_day(options))
    for name in _draw(measured, results, png=options.png, force=True):
        console.show([str(results / name)])
    return 0


def savings_command(options: Namespace) -> int:
    failure = None if options.failure_cost is None else given.decimal("--failure-cost", options.failure_cost)
    terms = savings.Terms(requests=options.requests, failure=failure)
    _, measured = _regenerated(options, options.as_of)
    plan = measured.plan
    played = savings.replays(measured.typical, measured.floors, plan.suites, plan.ladder)
    made = savings.savings(played, measured.floors, plan.suites, plan.ladder, terms)
    if options.format == "json":
        console.data(savings.as_json(made, terms))
    elif made:
        unit = plan.ladder.unit
        console.show(report.text_table(savings.head(unit, terms), savings.cells(made, full=True)))
        console.show(["", *savings.notes(made, unit, terms, full=True)])
    if missing := [suite.category for suite in plan.suites if suite.category not in played]:
        console.note(f"{', '.join(missing)}: no sample that floor and reference have both answered")
    _note_changes(measured)
    return 0


def _published_day(options: Namespace) -> date | None:
    """The day whose prices the results on disk were made with."""
    return ledger.priced_on(Path(options.results) / tiers.load(options.ladder).name)


def _note_changes(measured: job.Measured) -> None:
    """Tell when prices have changed between the day of the costs and today."""
    priced, today, ladder = measured.evidence.priced_on, date.today(), measured.plan.ladder
    answered = {outcome.tier for outcome in measured.outcomes}
    changed = [
        tier.name
        for tier in ladder.tiers
        if tier.name in answered and prices.changes(tier, ladder.unit, date.fromisoformat(priced), today)
    ]
    if changed:
        console.note(
            f"prices of {', '.join(changed)} have changed since {priced}: see tierfloor prices, or take --as-of {today}"
        )


def _regenerated(options: Namespace, day: date | None) -> tuple[Path, job.Measured]:
    """The measurement of everything recorded for a ladder, from stored answers alone, at the prices of a day."""
    ladder = tiers.load(options.ladder)
    results = given.results_folder(options, ladder)
    named = (*getattr(options, "suites", ()), *getattr(options, "more_suites", ()))
    selection = job.Selection(suites=named or job.published(results, ladder))
    plan = job.choose(selection, ladder, job.registered(results, ladder))
    stored = job.collect(plan, results, None)
    known = given.recorded_outcomes(results, ladder)
    with given.grading(options) as grading:
        return results, job.measure(plan, stored, known=known, on=day, grading=grading)


def print_floors(options: Namespace, measured: job.Measured) -> None:
    if options.format == "json":
        console.data(measured.floors)
        return
    overall = [floor for floor in measured.floors if floor.level is None]
    console.show([*report.row_lines(row for floor in overall for row in floor.rows), ""])
    console.show(report.floor_lines(measured.floors, measured.plan.ladder))
    for line in report.alarm_lines(overall):
        console.note(line)
    if at_levels := sum(len(floor.alarms) for floor in measured.floors if floor.level is not None):
        console.note(f"{at_levels} more such notes on single levels: --format json, or routing.md")


def publish(measured: job.Measured, results: Path, cache: cache_.Cache) -> None:
    job.save_answers(results, measured.evidence.answers, cache)
    changed = ledger.save(results, job.files(measured)) + _draw(measured, results, png=False, force=False)
    console.note(f"{results}: {len(changed)} files written" if changed else f"{results}: up to date")


def _draw(measured: job.Measured, results: Path, *, png: bool, force: bool) -> list[str]:
    """Draw the curves that are not drawn from these numbers yet; returns the names of the written files."""
    answered = _answered(measured)
    stale = set(_stale_curves(measured, results, answered))
    ladder = measured.plan.ladder
    written = []
    for suite in measured.plan.suites:
        floors, rows = job.suite_floors(measured, suite), answered.get(suite.category)
        name = f"curves/{suite.category}.svg"
        if force or name in stale:
            write_text(results / name, plots.draw(floors, suite, ladder, rows).decode())
            written.append(name)
        if png:
            picture = plots.draw(floors, suite, ladder, rows, kind="png")
            write_bytes((results / name).with_suffix(".png"), picture)
            written.append(name.replace(".svg", ".png"))
    return written


def _answered(measured: job.Measured) -> dict[str, plots.Answered]:
    """What bands, oracles and cascades of the curves are computed from, by category."""
    plan = measured.plan
    played = savings.replays(measured.typical, measured.floors, plan.suites, plan.ladder)
    return {name: plots.Answered(tiers=each.tiers, recorded=each.recorded) for name, each in played.items()}


def _stale_curves(measured: job.Measured, results: Path, answered: Mapping[str, plots.Answered]) -> list[str]:
    """Figures that were drawn from other numbers: each carries the fingerprint of its own."""
    found = []
    for suite in measured.plan.suites:
        path = results / "curves" / f"{suite.category}.svg"
        floors, rows = job.suite_floors(measured, suite), answered.get(suite.category)
        mark = plots.fingerprint(floors, suite, measured.plan.ladder, rows)
        if not path.is_file() or mark not in path.read_text(encoding="utf-8"):
            found.append(f"curves/{path.name}")
    return found
