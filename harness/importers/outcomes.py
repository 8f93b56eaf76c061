"""Recorded outcomes of any benchmark: one row for each item, tier and run, whoever asked and judged."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from .. import stats
from ..errors import BadInput, CheckerError
from ..values import Ladder, Outcome, Sample, Score, Suite, digest
from . import Imported, Terms
from . import columns as columns_
from .columns import Columns
from .ordering import ladder_of
from .reading import Recording, read

__all__ = ["load", "tame"]

NO_LEVEL: Final = 0
"""What samples without a level have: their suites get the rows of all levels together, and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Each row's suite, sample, tier and epoch, by the names that the results will use."""

    suites: list[str]
    samples: list[str]
    tiers: list[str]
    epochs: list[int]
    runs: tuple[str, ...]


def load(path: Path, terms: Terms) -> Imported:
    """The outcomes that a file of rows holds, its kinds of work as suites and its tiers as a ladder.

    Raises BadInput, in one line with file and row, for whatever would have to be guessed: the order of the tiers, two
    different rows for one item, scores outside 0..1.
    """
    names = {*columns_.theirs(terms.columns).values(), *terms.where}
    raw = read(path, names)
    recording = columns_.chosen(raw, terms.columns, terms.where)
    notes = [f"columns not used: {', '.join(spare)}"] if (spare := _spare(raw, terms)) else []
    rows = columns_.parsed(recording)
    ladder, tiers, said = ladder_of(rows, recording, terms)
    named, more = _names(rows, tiers, terms.name)
    keep, dropped = _kept(named, rows, recording, {tier.name for tier in ladder.tiers})
    if terms.common:
        keep, left_out = _common(rows, named, keep, len(ladder.tiers))
        dropped += left_out
    priced, unpriced, prices = _prices(rows, named, keep)
    suites, flat = _suites(rows, named, keep, recording, terms)
    outcomes = _outcomes(rows, named, keep, priced)
    notes += [said, *more, *dropped, *_holes(rows, keep), *prices, *_coverage(suites, outcomes, ladder)]
    return Imported(
        suites=suites,
        ladder=ladder,
        outcomes=outcomes,
        unpriced=unpriced,
        flat=flat,
        runs=named.runs,
        file=path.name,
        sha256=recording.sha256,
        notes=tuple(notes),
    )


def tame(name: str) -> str:
    """A name that can be a file's: letters, digits and . _ + - only."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:80]


def _spare(raw: Recording, terms: Terms) -> list[str]:
    return columns_.unused(raw, terms.columns, terms.where)


def _names(rows: Columns, tiers: dict[str, str], name: str) -> tuple[_Named, list[str]]:
    """Each row's place in the results, and what was decided to get there."""
    notes = [f"tier {theirs!r} is called {ours!r}" for theirs, ours in tiers.items() if theirs != ours]
    if None in rows.category:
        notes.append(f"no column category: all rows are one kind of work, {name!r}")
    suites: dict[str, str] = {}
    for category in dict.fromkeys(each or name for each in rows.category):
        ours = tame(category) or "work"
        while ours in suites.values():
            ours += "+"
        suites[category] = ours
        if ours != category:
            notes.append(f"category {category!r} is called {ours!r}")
    sources = sorted({source or "" for source in rows.source})
    samples = rows.item
    if len(sources) > 1:
        notes.append(f"{len(sources)} sources in one table: {', '.join(sources)}; items of each are told apart")
        samples = [f"{source or ''}:{item}" for source, item in zip(rows.source, rows.item, strict=True)]
    runs = sorted({run or "" for run in rows.run})
    if len(runs) > 1:
        notes.append(f"{len(runs)} runs are epochs of the same items: {', '.join(runs)}")
    epochs = {run: number for number, run in enumerate(runs)}
    named = _Named(
        suites=[suites[category or name] for category in rows.category],
        samples=samples,
        tiers=[tiers[tier] for tier in rows.tier],
        epochs=[epochs[run or ""] for run in rows.run],
        runs=tuple(run for run in runs if run),
    )
    return named, notes


def _kept(named: _Named, rows: Columns, recording: Recording, tiers: set[str]) -> tuple[list[int], list[str]]:
    """The rows of the ladder's tiers, each place once; raises BadInput where two rows for one place differ."""
    keep = [row for row, tier in enumerate(named.tiers) if tier in tiers]
    notes = []
    if len(keep) < len(named.tiers):
        gone = sorted(set(named.tiers) - tiers)
        notes.append(
            f"{len(named.tiers) - len(keep)} rows are of tiers that the ladder does not have: {', '.join(gone)}"
        )
    places = list(zip(named.suites, named.samples, named.tiers, named.epochs, strict=True))
    if len({places[row] for row in keep}) == len(keep):
        return keep, notes
    first: dict[tuple[str, str, str, int], int] = {}
    for row in keep:
        before = first.setdefault(places[row], row)
        if before != row and _said(rows, before) != _said(rows, row):
            category, sample, tier, _ = places[row]
            problem = f"{category}: {sample!r} at {tier} differs from line {recording.lines[before]}"
            raise BadInput(
                recording.at(row), f"{problem}, which is the same item, tier and run; name runs in a column run"
            )
    notes.append(f"{len(keep) - len(first)} rows repeat another one word for word and were dropped")
    return list(first.values()), notes


def _common(rows: Columns, named: _Named, keep: Sequence[int], tiers: int) -> tuple[list[int], list[str]]:
    """The rows of items that every tier has an outcome of."""
    had: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in keep:
        if not _is_hole(rows, row):
            had[named.suites[row], named.samples[row]].add(named.tiers[row])
    kept = [row for row in keep if len(had[named.suites[row], named.samples[row]]) == tiers]
    if not kept:
        raise BadInput(
            "--common", "no item has an outcome at every tier; leave it out, or leave tiers out with --ladder"
        )
    return kept, [f"{len(keep) - len(kept)} rows were left out: of items without an outcome at every tier"]


def _said(rows: Columns, row: int) -> tuple[object, ...]:
    """What a row says of its outcome."""
    parts = (rows.correct, rows.score, rows.input_tokens, rows.output_tokens, rows.latency_ms, rows.cost, rows.error)
    return tuple(part[row] for part in parts)


def _is_hole(rows: Columns, row: int) -> bool:
    return rows.correct[row] is None and rows.score[row] is None


def _has_no_tokens(rows: Columns, row: int) -> bool:
    return rows.input_tokens[row] == 0 == rows.output_tokens[row]


def _holes(rows: Columns, keep: Sequence[int]) -> list[str]:
    """What the graded rows lack."""
    holes = sum(_is_hole(rows, row) for row in keep)
    graded = len(keep) - holes
    notes = []
    if holes:
        notes.append(f"{holes} rows have neither correct nor score: they are holes, neither right nor wrong")
    failed = sum(
        rows.error[row] is not None and not rows.correct[row] and not rows.score[row] and not _is_hole(rows, row)
        for row in keep
    )
    if failed:
        notes.append(f"{failed} wrong rows name an error and count as wrong; leave correct and score empty for a hole")
    odd = sum(
        rows.correct[row] is not None and rows.score[row] is not None and rows.correct[row] != (rows.score[row] == 1)
        for row in keep
    )
    if odd:
        notes.append(f"in {odd} rows correct and score disagree about a full pass: correct decides what passes")
    empty = sum(_has_no_tokens(rows, row) for row in keep)
    if empty:
        notes.append(f"{empty} rows say 0 tokens in and out: taken as not recorded")
    for name, values in (("input_tokens", rows.input_tokens), ("output_tokens", rows.output_tokens)):
        if missing := sum(values[row] is None for row in keep):
            notes.append(f"{name} is missing in {missing} of {graded + holes} rows")
    return notes


def _prices(
    rows: Columns, named: _Named, keep: Sequence[int]
) -> tuple[list[Decimal | None], frozenset[tuple[str, str]], list[str]]:
    """What each row cost, None where nobody knows, and the cells that therefore have no cost."""
    costs = list(rows.cost)
    lacking: Counter[tuple[str, str]] = Counter()
    graded: Counter[tuple[str, str]] = Counter()
    for row in keep:
        if costs[row] == 0 and _has_no_tokens(rows, row):
            costs[row] = None
        if not _is_hole(rows, row):
            graded[named.suites[row], named.tiers[row]] += 1
            if costs[row] is None:
                lacking[named.suites[row], named.tiers[row]] += 1
    notes = [
        f"cost_usd is missing in {lacking[cell]} of {graded[cell]} rows of {cell[1]} in {cell[0]}: its cost is unknown, "
        f"and the floor there is the lowest proved tier in the ladder's order"
        for cell in sorted(lacking)
    ]
    if lacking and len(lacking) == len(graded):
        notes = ["no cost is known: floors are the lowest proved tiers in the ladder's order, there are no curves"]
    return costs, frozenset(lacking), notes


def _suites(
    rows: Columns, named: _Named, keep: Sequence[int], recording: Recording, terms: Terms
) -> tuple[tuple[Suite, ...], frozenset[str]]:
    """A suite for each kind of work, with a sample for each item; and which of them have no levels."""
    found: dict[str, dict[str, tuple[int | None, str]]] = defaultdict(dict)
    for row in keep:
        sample = named.samples[row]
        about = (rows.level[row], rows.template[row] or sample)
        if found[named.suites[row]].setdefault(sample, about) != about:
            raise BadInput(recording.at(row), f"{sample!r} has another level or template than in an earlier row")
    flat = frozenset(name for name, items in found.items() if all(level is None for level, _ in items.values()))
    for row in keep:
        if rows.level[row] is None and named.suites[row] not in flat:
            raise BadInput(recording.at(row), f"level: missing, but other rows of {named.suites[row]} have one")
    graded = "correct" not in recording.columns and not {0.0, 1.0, None}.issuperset(rows.score)
    if terms.method == "fixed":
        epochs = len(keep) - len({(named.suites[row], named.samples[row], named.tiers[row]) for row in keep})
        shared = any(len({template for _, template in items.values()}) < len(items) for items in found.values())
        if graded or epochs or shared:
            problem = "fixed reads one outcome of 0 or 1 a unit, here they are graded, repeated or share a template"
            raise BadInput("--method", f"{problem}; use sequential")
    suites = (_suite(name, found[name], recording.sha256, terms) for name in sorted(found))
    return tuple(replace(suite, graded=graded) for suite in suites), flat


def _suite(name: str, items: dict[str, tuple[int | None, str]], sha256: str, terms: Terms) -> Suite:
    samples = tuple(
        Sample(id=item, input="", target="", metadata={"level": level or NO_LEVEL, "template": template})
        for item, (level, template) in sorted(items.items())
    )
    return Suite(
        id=name,
        version="imported",
        category=name,
        title=name,
        license="unknown",
        rows=(),
        folder=Path(),
        system="",
        user="",
        schema=None,
        max_output_tokens=0,
        epochs=1,
        rule=terms.rule(len({sample.template for sample in samples})),
        split="imported",
        splits={},
        samples=samples,
        controls=(),
        check=_cannot_judge,
        generate=None,
        checker_hash=sha256,
        hash=digest([sha256, name, sorted(items)]),
    )


def _cannot_judge(sample: Sample, answer: str) -> Score:  # noqa: ARG001 - the signature of a checker
    raise CheckerError(sample.id, "was judged where it was recorded; import the file again after a change")


def _outcomes(
    rows: Columns, named: _Named, keep: Sequence[int], costs: Sequence[Decimal | None]
) -> tuple[Outcome, ...]:
    """The rows as outcomes, in the order of the results' files."""
    order = sorted(keep, key=lambda row: (named.suites[row], named.samples[row], named.tiers[row], named.epochs[row]))
    return tuple(_outcome(rows, named, row, costs[row]) for row in order)


def _outcome(rows: Columns, named: _Named, row: int, cost: Decimal | None) -> Outcome:
    correct, score = rows.correct[row], rows.score[row]
    sample = named.samples[row]
    if correct is None and score is None:
        verdict, why = "error", rows.error[row] or "not recorded"
    else:
        passed = correct if correct is not None else score == 1
        verdict, why = ("pass", "") if passed else ("fail", rows.error[row] or "")
    return Outcome(
        suite=named.suites[row],
        sample=sample,
        level=rows.level[row] or NO_LEVEL,
        template=rows.template[row] or sample,
        tier=named.tiers[row],
        epoch=named.epochs[row],
        verdict=verdict,  # type: ignore[arg-type]  # a tuple's literals are widened
        score=score if score is not None else float(bool(correct)),
        why=why,
        details="",
        finish=None,
        cost=cost if cost is not None else Decimal(0),
        input_tokens=rows.input_tokens[row] or 0,
        output_tokens=rows.output_tokens[row] or 0,
        latency_ms=rows.latency_ms[row],
        keys=(),
        graded="",
    )


def _coverage(suites: Iterable[Suite], outcomes: Iterable[Outcome], ladder: Ladder) -> Iterator[str]:
    """Where tiers have not answered the same items, and where there is too little to prove anything."""
    if len(ladder.tiers) == 1:
        yield f"{ladder.reference.name} is the only tier: there is nothing to compare it with, so there is no floor"
    items: dict[tuple[str, str], set[str]] = defaultdict(set)
    for outcome in outcomes:
        if outcome.verdict != "error":
            items[outcome.suite, outcome.tier].add(outcome.sample)
    for suite in suites:
        cells = [items[suite.id, tier.name] for tier in ladder.tiers]
        if any(len(cell) < len(suite.samples) for cell in cells):
            counts = ", ".join(f"{tier.name} {len(cell)}" for tier, cell in zip(ladder.tiers, cells, strict=True))
            both = len(set.intersection(*cells))
            said = f"{suite.id}: of {len(suite.samples)} items {counts} have an outcome, {both} at every tier"
            yield f"{said}; a missing one is a hole, filled in at its worst (--common leaves such items out)"
        if not cells[-1]:
            yield f"{suite.id}: the reference {ladder.reference.name} has no outcome here, so there is no floor"
        units = len({sample.template for sample in suite.samples})
        needed = stats.flawless_at(suite.rule)
        if needed is None or units < needed:
            takes = "" if needed is None else f", which takes {needed}"
            yield f"{suite.id}: {units} units are too few to prove even a tier that fails nowhere{takes}"
