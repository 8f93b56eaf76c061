"""Tables, routes and curves from stored answers."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path

from .. import cache as cache_
from .. import console, job, ledger, plots, prices, report, tiers
from .. import table as table_
from ..errors import CheckFailed
from ..records import write_bytes, write_text
from . import given

__all__ = ["plot_command", "print_floors", "publish", "route_command", "table_command"]


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
        changed = ledger.differences(results, files) + _stale_curves(measured, results)
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
    results = Path(options.results) / ladder.name
    named = (*getattr(options, "suites", ()), *getattr(options, "more_suites", ()))
    plan = job.choose(job.Selection(suites=named or job.published(results, ladder)), ladder)
    stored = job.collect(plan, results, None)
    return results, job.measure(plan, stored, known=given.recorded_outcomes(results, ladder), on=day)


def print_floors(options: Namespace, measured: job.Measured) -> None:
    if options.format == "json":
        console.data(measured.floors)
        return
    overall = [floor for floor in measured.floors if floor.level is None]
    console.show([*report.row_lines(row for floor in overall for row in floor.rows), ""])
    console.show(report.floor_lines(measured.floors, measured.plan.ladder))


def publish(measured: job.Measured, results: Path, cache: cache_.Cache) -> None:
    job.save_answers(results, measured.evidence.answers, cache)
    changed = ledger.save(results, job.files(measured)) + _draw(measured, results, png=False, force=False)
    console.note(f"{results}: {len(changed)} files written" if changed else f"{results}: up to date")


def _draw(measured: job.Measured, results: Path, *, png: bool, force: bool) -> list[str]:
    """Draw the curves that are not drawn from these numbers yet; returns the names of the written files."""
    stale = set(_stale_curves(measured, results))
    written = []
    for suite in measured.plan.suites:
        floors = job.suite_floors(measured, suite)
        name = f"curves/{suite.category}.svg"
        if force or name in stale:
            write_text(results / name, plots.draw(floors, suite, measured.plan.ladder).decode())
            written.append(name)
        if png:
            picture = plots.draw(floors, suite, measured.plan.ladder, kind="png")
            write_bytes((results / name).with_suffix(".png"), picture)
            written.append(name.replace(".svg", ".png"))
    return written


def _stale_curves(measured: job.Measured, results: Path) -> list[str]:
    """Figures that were drawn from other numbers: each carries the fingerprint of its own."""
    found = []
    for suite in measured.plan.suites:
        path = results / "curves" / f"{suite.category}.svg"
        mark = plots.fingerprint(job.suite_floors(measured, suite), suite, measured.plan.ladder)
        if not path.is_file() or mark not in path.read_text(encoding="utf-8"):
            found.append(f"curves/{path.name}")
    return found
