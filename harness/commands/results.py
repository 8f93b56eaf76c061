"""Tables, routes and curves from stored answers."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from .. import cache as cache_
from .. import console, job, ledger, plots, report, tiers
from .. import table as table_
from ..errors import CheckFailed
from ..records import write_bytes, write_text
from . import given

__all__ = ["plot_command", "print_floors", "publish", "route_command", "table_command"]


def table_command(options: Namespace) -> int:
    _, measured = _regenerated(options)
    if options.format == "json":
        console.data(table_.frame(measured.rows).to_dict("records"))
    else:
        console.show(report.row_lines(measured.rows))
        console.note(f"costs in {measured.plan.ladder.unit}, priced on {measured.evidence.priced_on}")
    return 0


def route_command(options: Namespace) -> int:
    results, measured = _regenerated(options)
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
    results, measured = _regenerated(options)
    for name in _draw(measured, results, png=options.png, force=True):
        console.show([str(results / name)])
    return 0


def _regenerated(options: Namespace) -> tuple[Path, job.Measured]:
    """The measurement of everything recorded for a ladder, from stored answers alone."""
    ladder = tiers.load(options.ladder)
    results = Path(options.results) / ladder.name
    named = (*getattr(options, "suites", ()), *getattr(options, "more_suites", ()))
    plan = job.choose(job.Selection(suites=named or job.published(results, ladder)), ladder)
    stored = job.collect(plan, results, None)
    return results, job.measure(plan, stored, known=given.recorded_outcomes(results, ladder))


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
