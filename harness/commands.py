"""What each command does with its parsed options: one step called, its result printed, an exit code."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from . import cache as cache_
from . import console, job, ledger, plots, report, suites, tiers, weights
from . import lint as lint_
from . import plan as plan_
from . import table as table_
from .errors import BadInput, BudgetReached, CheckFailed, Incomplete
from .records import write_bytes, write_lines, write_text
from .values import Ladder, Outcome, Plan, Sample

__all__ = [
    "cache_command",
    "generate_command",
    "ladders_command",
    "lint_command",
    "plan_command",
    "plot_command",
    "pull_command",
    "route_command",
    "run_command",
    "suites_command",
    "table_command",
]


def run_command(options: Namespace) -> int:
    ladder, selection, plan = _planned(options)
    results = Path(options.results) / ladder.name
    with cache_.Cache.open(_cache_folder(options)) as cache:
        stored = job.collect(plan, results, cache)
        failures, spending = None, None
        if options.offline:
            job.require(plan, stored)
        skipped = set() if selection.partial else job.out_of_reach(plan, stored)
        if skipped:
            console.note(f"the recording lacks {len(skipped)} answers and the weights to ask for them: tierfloor pull")
        known = stored.keys() | skipped
        if plan_.missing(plan, known):
            budget = _announce(plan, known, _budget(options))
            with console.progress(ladder.unit) as reporter:
                failures, spending = job.ask(plan, known, cache, budget=budget, report_progress=reporter)
            stored = job.collect(plan, results, cache)
        measured = job.measure(plan, stored, failures, known=_known(results, ladder))
        _print(options, selection, measured)
        if spending is not None and spending.refused:
            raise BudgetReached(
                "budget", f"{spending.spent:.4g} {ladder.unit} spent; every answer is stored, raise --budget"
            )
        if measured.errors:
            first = measured.errors[0]
            message = f"{len(measured.errors)} outcomes are errors, the first {first.suite}/{first.tier}: {first.why}"
            raise Incomplete("run", f"{message}; run again to fill them, {results} is left as it was")
        if not selection.partial and not _custom(options):
            _publish(job.widened(measured, results, cache), results, cache)
    return 0


def plan_command(options: Namespace) -> int:
    ladder, _, plan = _planned(options)
    with cache_.Cache.open(_cache_folder(options)) as cache:
        stored = job.collect(plan, Path(options.results) / ladder.name, cache)
    rows = plan_.estimate(plan, stored.keys(), date.today())
    if options.format == "json":
        console.data(rows)
        return 0
    head = ("suite", "tier", "requests", "stored", "to ask", f"expected ({ladder.unit})", f"at most ({ladder.unit})")
    cells = [
        (
            row.suite,
            row.tier,
            str(row.requests),
            str(row.stored),
            str(row.to_ask),
            *map(report.money, (row.expected, row.worst)),
        )
        for row in rows
    ]
    total = ("total", "", *(str(sum(getattr(row, name) for row in rows)) for name in ("requests", "stored", "to_ask")))
    sums = (
        report.money(sum((r.expected for r in rows), Decimal(0))),
        report.money(sum((r.worst for r in rows), Decimal(0))),
    )
    console.show(report.text_table(head, [*cells, (*total, *sums)]))
    return 0


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
    with cache_.Cache.open(_cache_folder(options)) as cache:
        _publish(measured, results, cache)
    _print_floors(options, measured)
    return 0


def plot_command(options: Namespace) -> int:
    results, measured = _regenerated(options)
    for name in _draw(measured, results, png=options.png, force=True):
        console.show([str(results / name)])
    return 0


def lint_command(options: Namespace) -> int:
    findings = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for name in [*options.suites, *options.more_suites] or suites.names():
            findings += lint_.lint(suites.load(suites.find(name)), pool)
    if options.format == "json":
        console.data(findings)
    else:
        console.show(
            report.text_table(
                ("suite", "gate", "result", "detail"), [(f.suite, f.gate, f.result, f.detail) for f in findings]
            )
        )
    failed = [finding for finding in findings if finding.result == "fail"]
    if failed:
        raise CheckFailed(
            "lint", f"{len(failed)} findings, the first: {failed[0].suite}: {failed[0].gate}: {failed[0].detail}"
        )
    return 0


def generate_command(options: Namespace) -> int:
    for name in [*options.suites, *options.more_suites] or suites.names():
        for path, samples in suites.frozen(suites.find(name)):
            changed = write_lines(path, samples, order=_as_made(samples))
            console.show([f"{path}: {len(samples)} samples{'' if changed else ', unchanged'}"])
    return 0


def pull_command(options: Namespace) -> int:
    names = [name for given in options.names for name in _weights_of(given)]
    with console.transfer() as reporter:
        for name in names:
            path = weights.pull(name, reporter(name), console.note)
            console.show([f"{name}: {path}"])
    return 0


def suites_command(options: Namespace) -> int:
    loaded = [suites.load(suites.find(name)) for name in suites.names()]
    if options.format == "json":
        console.data(
            {
                "id": s.id,
                "version": s.version,
                "samples": len(s.samples),
                "rule": s.rule,
                "hash": s.hash,
                "rows": s.rows,
            }
            for s in loaded
        )
        return 0
    head = ("suite", "version", "samples", "margin", "bar", "hash", "title")
    cells = [
        (s.id, s.version, str(len(s.samples)), str(s.rule.margin), str(s.rule.bar), s.hash[:12], s.title)
        for s in loaded
    ]
    console.show(report.text_table(head, cells))
    return 0


def ladders_command(options: Namespace) -> int:
    loaded = [tiers.load(name) for name in tiers.builtin()]
    if options.format == "json":
        console.data(loaded)
        return 0
    cells = [
        (ladder.name, tier.name, tier.provider, tier.model, tier.effort or "", _strategy(tier.schema, tier.vote))
        for ladder in loaded
        for tier in ladder.tiers
    ]
    console.show(report.text_table(("ladder", "tier", "provider", "model", "effort", "strategy"), cells))
    return 0


def cache_command(options: Namespace) -> int:
    folder = _cache_folder(options)
    with cache_.Cache.open(folder) as cache:
        if options.action == "stats":
            console.show([f"{folder}: {len(cache)} answers"])
        elif options.action == "verify":
            problems = cache.verify()
            console.show(problems)
            if problems:
                raise CheckFailed(
                    str(folder), f"{len(problems)} rows are not ours or damaged; export the rest, start anew"
                )
        elif options.file is None:
            raise BadInput(f"cache {options.action}", "name the JSON-lines file")
        elif options.action == "export":
            console.show([f"{options.file}: {cache.export(Path(options.file))} answers"])
        else:
            added, held = cache.import_(Path(options.file))
            console.show([f"{options.file}: {added} answers added, {held} already there"])
    return 0


def _planned(options: Namespace) -> tuple[Ladder, job.Selection, Plan]:
    ladder = _ladder(options)
    selection = job.Selection(
        suites=tuple(dict.fromkeys([*options.suites, *options.more_suites])),
        tiers=tuple(options.tier),
        levels=tuple(options.level),
        limit=options.limit,
        fresh=options.fresh,
        epochs=options.epochs,
    )
    return ladder, selection, job.choose(selection, ladder)


def _ladder(options: Namespace) -> Ladder:
    if options.gguf and options.base_url:
        raise BadInput("--gguf, --base-url", "give one of them")
    if options.gguf:
        return tiers.with_gguf(Path(options.gguf))
    if options.base_url:
        return tiers.with_base_url(options.base_url, options.model, options.key_env)
    return tiers.load(options.ladder)


def _custom(options: Namespace) -> bool:
    return bool(options.gguf or options.base_url)


def _decimal(place: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadInput(place, f"not a decimal: {text!r}") from None
    if not amount.is_finite() or amount < 0:
        raise BadInput(place, f"not an amount: {text!r}")
    return amount


def _budget(options: Namespace) -> Decimal | None:
    return None if options.budget is None else _decimal("--budget", options.budget)


def _announce(plan: Plan, known: Collection[str], budget: Decimal | None) -> Decimal | None:
    """Say how much at most before anything is asked; real money is only spent under a budget."""
    rows = [row for row in plan_.estimate(plan, known, date.today()) if row.to_ask]
    count, unit = sum(row.to_ask for row in rows), plan.ladder.unit
    worst = sum((row.worst for row in rows), Decimal(0))
    expected = sum((row.expected for row in rows), Decimal(0))
    cost = f"about {report.money(expected)}, at most {report.money(worst)} {unit}"
    if budget is None and unit == "USD":
        raise BadInput("budget", f"{count} requests would cost {cost}; say what may be spent with --budget AMOUNT")
    limit = "" if budget is None else f", stopping at {budget} {unit}"
    console.note(f"asking {count} requests: {cost}{limit}")
    return budget


def _known(results: Path, ladder: Ladder) -> list[Outcome]:
    return ledger.outcomes([results, ledger.shipped(ladder.name)])


def _regenerated(options: Namespace) -> tuple[Path, job.Measured]:
    """The measurement of everything recorded for a ladder, from stored answers alone."""
    ladder = tiers.load(options.ladder)
    results = Path(options.results) / ladder.name
    named = (*getattr(options, "suites", ()), *getattr(options, "more_suites", ()))
    plan = job.choose(job.Selection(suites=named or job.published(results, ladder)), ladder)
    stored = job.collect(plan, results, None)
    return results, job.measure(plan, stored, known=_known(results, ladder))


def _print(options: Namespace, selection: job.Selection, measured: job.Measured) -> None:
    if selection.limit or selection.fresh is not None:
        if options.format == "json":
            console.data(measured.outcomes)
            return
        head = ("sample", "level", "tier", "verdict", "why", "seconds")
        cells = [
            (o.sample, str(o.level), o.tier, o.verdict, o.why, f"{o.latency_ms / 1000:.1f}") for o in measured.outcomes
        ]
        console.show([*report.text_table(head, cells), ""])
    asked = {ask.tier.name for ask in measured.plan.asks}
    if len(asked) == len(measured.plan.ladder.tiers):
        _print_floors(options, measured)
        return
    rows = [row for row in measured.rows if row.tier in asked]
    if options.format == "json":
        console.data(rows)
    else:
        console.show(report.row_lines(rows))
        console.note("some tiers were left out, so there are no floors")


def _print_floors(options: Namespace, measured: job.Measured) -> None:
    if options.format == "json":
        console.data(measured.floors)
        return
    overall = [floor for floor in measured.floors if floor.level is None]
    console.show([*report.row_lines(row for floor in overall for row in floor.rows), ""])
    console.show(report.floor_lines(measured.floors, measured.plan.ladder))


def _publish(measured: job.Measured, results: Path, cache: cache_.Cache) -> None:
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


def _cache_folder(options: Namespace) -> Path:
    return Path(options.cache) if options.cache else cache_.default_folder()


def _weights_of(given: str) -> list[str]:
    if given in weights.pins():
        return [given]
    return list(dict.fromkeys(tier.weights for tier in tiers.load(given).tiers if tier.weights))


def _strategy(schema: bool, vote: int) -> str:
    return "+".join([*(["schema"] if schema else []), *([f"vote of {vote}"] if vote > 1 else [])]) or "plain"


def _as_made(samples: list[Sample]) -> Callable[[Sample], int]:
    position = {sample.id: number for number, sample in enumerate(samples)}
    return lambda sample: position[sample.id]
