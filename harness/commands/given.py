"""What parsed options mean: the ladder, the plan, the folders, the amounts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path

from .. import cache as cache_
from .. import console, grade, job, ledger, tiers
from ..errors import BadInput
from ..judgements import Judgements
from ..values import Ladder, Outcome, Plan, Processing

__all__ = [
    "budget",
    "cache_folder",
    "chosen_ladder",
    "decimal",
    "grading",
    "is_custom",
    "planned",
    "processing",
    "recorded_outcomes",
    "results_folder",
    "until",
]


def planned(options: Namespace) -> tuple[Ladder, job.Selection, Plan]:
    ladder = chosen_ladder(options)
    selection = job.Selection(
        suites=tuple(dict.fromkeys([*options.suites, *options.more_suites])),
        tiers=tuple(options.tier),
        levels=tuple(options.level),
        limit=options.limit,
        fresh=options.fresh,
        epochs=options.epochs,
    )
    before = job.registered(Path(options.results) / ladder.name, ladder, cache_folder(options))
    return ladder, selection, job.choose(selection, ladder, before)


def chosen_ladder(options: Namespace) -> Ladder:
    if options.gguf and options.base_url:
        raise BadInput("--gguf, --base-url", "give one of them")
    if options.gguf:
        return tiers.with_gguf(Path(options.gguf))
    if options.base_url:
        return tiers.with_base_url(options.base_url, options.model, options.key_env)
    return tiers.load(options.ladder)


def is_custom(options: Namespace) -> bool:
    return bool(options.gguf or options.base_url)


def decimal(place: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadInput(place, f"not a decimal: {text!r}") from None
    if not amount.is_finite() or amount < 0:
        raise BadInput(place, f"not an amount: {text!r}")
    return amount


def budget(options: Namespace) -> Decimal | None:
    return None if options.budget is None else decimal("--budget", options.budget)


def results_folder(options: Namespace, ladder: Ladder) -> Path:
    """Where the ladder's results are; raises BadInput if an import made what is there."""
    folder = Path(options.results) / ladder.name
    if ledger.is_imported(folder):
        raise BadInput(
            str(folder), "was imported, not measured; import the file again, or give the ladder another name"
        )
    return folder


def recorded_outcomes(results: Path, ladder: Ladder) -> list[Outcome]:
    return ledger.outcomes([results, ledger.shipped(ladder.name)])


def cache_folder(options: Namespace) -> Path:
    return Path(options.cache) if options.cache else cache_.default_folder()


@contextmanager
def grading(options: Namespace) -> Iterator[grade.Grading]:
    """Judging over all cores, kept beside the answers, with a word on how far it is where it takes long."""
    with Judgements(cache_folder(options)) as kept, console.judging() as report:
        yield grade.Grading(kept=kept, report=report)


def processing(options: Namespace) -> Processing:
    return "batch" if options.batch else "standard"


def until(options: Namespace, selection: job.Selection) -> str:
    """`decided` where nothing is said, but for selections of a part, and for batches, whose rounds would take days."""
    if options.until == "decided" and selection.tiers:
        raise BadInput("--until decided", "compares tiers with their reference; leave --tier out")
    if options.until is not None:
        return str(options.until)
    return "all" if selection.partial or options.batch else "decided"
