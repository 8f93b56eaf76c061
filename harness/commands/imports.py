"""Results that others measured: read, judged by our rule, written like our own."""

from __future__ import annotations

import gc
import json
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from .. import console, job, ledger, plots, plugins, report, savings, table, tiers
from .. import floors as floors_
from ..errors import BadInput
from ..importers import Imported, Importer, Terms
from ..records import write_text
from ..values import Outcome, Plan, Row, Suite
from . import given, results

__all__ = ["import_command"]

SUFFIXES: Final = (".gz", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")
ALONE: Final = "nothing to compare with"


def import_command(options: Namespace) -> int:
    path = Path(options.file)
    importer: Importer = plugins.load("tierfloor.importers", options.importer)
    terms = _terms(options, path)
    folder = Path(options.results) / terms.name
    _check_ours(folder)
    with _without_collector():
        found = importer(path, terms)
        for note in found.notes:
            console.note(note)
        measured = _measured(found)
        _write(found, measured, folder)
    results.print_floors(options, measured)
    return 0


@contextmanager
def _without_collector() -> Iterator[None]:
    """Rows by the hundred thousand hold no cycles: to look for some among them again and again takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _terms(options: Namespace, path: Path) -> Terms:
    name = options.name or _stem(path)
    if not name or Path(name).name != name or name.startswith("."):
        raise BadInput("--name", f"{name!r} cannot be a folder's name; choose another")
    terms = Terms(
        name=name,
        margin=given.decimal("--margin", options.margin),
        alpha=given.decimal("--alpha", options.alpha),
        bar=given.decimal("--bar", options.bar),
        horizon=options.horizon,
        method=options.method,
        columns=_pairs("--column", [part for text in options.column for part in text.split(",")]),
        where=_pairs("--where", options.where),
        ladder=tiers.load(options.ladder) if options.ladder else None,
        common=options.common,
    )
    limits = {"margin": Decimal(1), "alpha": Decimal("0.5"), "bar": Decimal(1)}
    for option, most in limits.items():
        if not 0 < getattr(terms, option) < most:
            raise BadInput(f"--{option}", f"{getattr(terms, option)} is not between 0 and {most}, ends excluded")
    return terms


def _stem(path: Path) -> str:
    name = path.name
    while Path(name).suffix.lower() in SUFFIXES:
        name = Path(name).stem
    return name


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        left, sign, right = text.partition("=")
        if not (left and sign and right):
            raise BadInput(option, f"{text!r} is not of the form NAME=VALUE")
        if left in found:
            raise BadInput(option, f"{left!r} is given twice; give it once")
        found[left] = right
    return found


def _check_ours(folder: Path) -> None:
    """Results that a run has measured must not be overwritten by an import."""
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not ledger.is_imported(folder)):
        raise BadInput(str(folder), "holds what was not imported; choose another --name or --results")


def _measured(found: Imported) -> job.Measured:
    """Table and floors. Where a cost is unknown it stays empty, and the ladder's order stands for it."""
    order = {tier.name: Decimal(place) for place, tier in enumerate(found.ladder.tiers, start=1)}
    rows = table.table(found.outcomes, found.suites, found.ladder)
    shown = tuple(_shown(row, found) for row in rows if row.level is None or row.category not in found.flat)
    unknown = {suite for suite, _ in found.unpriced}
    ranked = [replace(row, cost=order[row.tier]) if row.category in unknown else row for row in shown]
    by_place = {(row.category, row.level, row.tier): row for row in shown}
    floors = tuple(
        replace(floor, rows=tuple(by_place[row.category, row.level, row.tier] for row in floor.rows))
        for floor in floors_.floors(ranked, found.suites, found.ladder)
    )
    if len(found.ladder.tiers) == 1:
        floors = tuple(replace(floor, status="undecided", tier=None, why=ALONE) for floor in floors)
    return job.Measured(
        plan=Plan(ladder=found.ladder, suites=found.suites, asks=()),
        outcomes=found.outcomes,
        rows=shown,
        floors=floors,
        evidence=report.Evidence(answers={}, priced_on="", price_source=found.file, spent=Decimal(0)),
    )


def _shown(row: Row, found: Imported) -> Row:
    if (row.category, row.tier) in found.unpriced:
        return replace(row, cost=None, cost_per_success=None)
    return row


def _write(found: Imported, measured: job.Measured, folder: Path) -> None:
    """Write the results folder; the same file under the same terms writes the same bytes."""
    files = _files(found, measured)
    curves = _curves(found, measured)
    changed = ledger.save(folder, files) + _draw(found, measured, curves, folder)
    wanted = {*files, *(f"curves/{suite}.svg" for suite in curves)}
    # Of an earlier import under this name nothing may stay that this one does not have.
    for place in ("outcomes/*.jsonl", "curves/*.svg"):
        for path in folder.glob(place):
            if path.relative_to(folder).as_posix() not in wanted:
                path.unlink()
                changed.append(path.name)
    console.note(f"{folder}: {len(changed)} files written" if changed else f"{folder}: up to date")


def _curves(found: Imported, measured: job.Measured) -> dict[str, plots.Answered | None]:
    """The suites that have a curve, which takes a cost, each with what bands, oracle and cascade are computed from."""
    cells = {(suite.id, tier.name) for suite in found.suites for tier in found.ladder.tiers}
    played = savings.replays(measured.outcomes, measured.floors, _priced(found), found.ladder)
    answered = {name: plots.Answered(tiers=each.tiers, recorded=each.recorded) for name, each in played.items()}
    return {suite: answered.get(suite) for suite in sorted({suite for suite, _ in cells - found.unpriced})}


def _priced(found: Imported) -> list[Suite]:
    """The suites of which the cost of every tier is known."""
    unknown = {suite for suite, _ in found.unpriced}
    return [suite for suite in found.suites if suite.id not in unknown]


def _draw(
    found: Imported, measured: job.Measured, curves: Mapping[str, plots.Answered | None], folder: Path
) -> list[str]:
    """Draw the curves that are not drawn from these numbers yet; returns their names."""
    drawn = []
    for suite in found.suites:
        if suite.id not in curves:
            continue
        own, answered = job.suite_floors(measured, suite), curves[suite.id]
        path = folder / "curves" / f"{suite.id}.svg"
        mark = plots.fingerprint(own, suite, found.ladder, answered)
        if not path.is_file() or mark not in path.read_text(encoding="utf-8"):
            write_text(path, plots.draw(own, suite, found.ladder, answered).decode())
            drawn.append(path.name)
    return drawn


def _files(found: Imported, measured: job.Measured) -> dict[str, str]:
    origin = {name: getattr(found, name) for name in ("file", "sha256", "runs", "notes")}
    origin["without_levels"] = sorted(found.flat)
    suites, ladder, evidence = found.suites, found.ladder, measured.evidence
    saved = job.saved_by(measured, _priced(found))
    texts = {
        "manifest.json": _json(report.manifest(suites, ladder, evidence), origin, drop=("answers", "prices", "spent")),
        "routing.json": _json(
            report.routing_json(measured.floors, suites, ladder, evidence, saved),
            origin,
            drop=("priced_on", "answered"),
        ),
        "routing.md": _markdown(found, measured, saved),
        "table.csv": table.csv_text(measured.rows),
    }
    lines: dict[str, list[str]] = {suite.id: [] for suite in suites}
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    names = sorted(each.name for each in fields(Outcome))
    for outcome in found.outcomes:
        record = {name: getattr(outcome, name) for name in names}
        is_known = (outcome.suite, outcome.tier) not in found.unpriced
        record["cost"] = format(outcome.cost, "f") if is_known else None
        lines[outcome.suite].append(encode(record) + "\n")
    return texts | {f"outcomes/{suite}.jsonl": "".join(own) for suite, own in lines.items()}


def _json(text: str, origin: Mapping[str, Any], *, drop: Sequence[str]) -> str:
    """One of the report's JSON texts with where its numbers are from, in place of what only a run of ours has."""
    record = {key: value for key, value in json.loads(text).items() if key not in drop}
    return json.dumps({**record, "imported": origin}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _markdown(found: Imported, measured: job.Measured, saved: report.Savings) -> str:
    """The report's page with its second paragraph, about answers and prices of a run, told anew."""
    page = report.routing_md(measured.floors, found.suites, found.ladder, measured.evidence, saved)
    title, _, rest = page.split("\n\n", 2)
    notes = "\n".join(f"- {note}" for note in found.notes)
    return "\n\n".join([title, " ".join(_about(found)), *([notes] if notes else []), rest])


def _about(found: Imported) -> Iterator[str]:
    named = ", ".join(f"`{tier.name}` = {tier.model}" for tier in found.ladder.tiers)
    yield f"{found.ladder.title}, imported from {found.file} (SHA-256 {found.sha256[:12]})."
    yield f"Tiers: {named}; the reference is `{found.ladder.reference.name}`."
    yield f"Costs are in {found.ladder.unit} per sample, as recorded. The rule was given when the outcomes were known."
    if found.runs:
        yield f"Runs: {' '.join(', '.join(found.runs).split())}."
