"""The stored answers."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .. import console, job, ledger, misses, report, tiers
from ..cache import Cache
from ..errors import BadInput, CheckFailed, did_you_mean
from ..values import Request, Response
from . import given

__all__ = ["cache_command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The answers of one provider and model that were ordered in one way or, where these are None, all answers.

    `retried` needed further tries, `failed` counts the tries that brought no answer by their fault; `disk` is what all
    together take in bytes.
    """

    provider: str | None
    model: str | None
    processing: str | None
    answers: int
    first: str | None
    last: str | None
    input_tokens: int
    output_tokens: int
    retried: int
    failed: Mapping[str, int]
    disk: int | None = None


def cache_command(options: Namespace) -> int:
    actions: dict[str, Callable[[Namespace, Cache], None]] = {
        "stats": _stats,
        "verify": _verify,
        "explain": _explain,
        "export": _export,
        "import": _import,
        "prune": _prune,
    }
    with Cache.open(given.cache_folder(options)) as cache:
        actions[options.action](options, cache)
    return 0


def _stats(options: Namespace, cache: Cache) -> None:
    groups: dict[tuple[str, str, str], list[Response]] = {}
    for request, response in _sound(cache):
        kind = (request.provider, request.model, response.processing)
        groups.setdefault(kind, []).append(replace(response, text="", raw={}))
    tallies = [_tally(kind, groups[kind]) for kind in sorted(groups)]
    everything = [response for group in groups.values() for response in group]
    total = _tally((None, None, None), everything, disk=cache.size())
    if options.format == "json":
        console.data([*tallies, total])
        return
    head = ("provider", "model", "processing", "answers", "first", "last", "input", "output", "retried", "failed tries")
    console.show([f"{cache.folder}: {total.answers} answers, {cache.size() / 1e6:.1f} MB on disk"])
    console.show(report.text_table(head, map(_cells, [*tallies, total])) if tallies else [])


def _tally(
    kind: tuple[str, str, str] | tuple[None, None, None], responses: Iterable[Response], disk: int | None = None
) -> Tally:
    responses = list(responses)
    days = sorted(response.on for response in responses)
    return Tally(
        provider=kind[0],
        model=kind[1],
        processing=kind[2],
        answers=len(responses),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        input_tokens=sum(response.usage.input for response in responses),
        output_tokens=sum(response.usage.output for response in responses),
        retried=sum(bool(response.failed) for response in responses),
        failed=Counter(attempt.fault for response in responses for attempt in response.failed),
        disk=disk,
    )


def _cells(tally: Tally) -> tuple[str, ...]:
    return (
        tally.provider or "all",
        tally.model or "",
        tally.processing or "",
        str(tally.answers),
        tally.first or "",
        tally.last or "",
        str(tally.input_tokens),
        str(tally.output_tokens),
        str(tally.retried),
        ", ".join(f"{fault} {number}" for fault, number in sorted(tally.failed.items())) or "-",
    )


def _verify(options: Namespace, cache: Cache) -> None:  # noqa: ARG001 - every action is called alike
    problems = cache.verify()
    console.show(problems)
    if problems:
        raise CheckFailed(
            str(cache.folder), f"{len(problems)} rows are not ours or damaged; export the rest, start anew"
        )


def _explain(options: Namespace, cache: Cache) -> None:
    ladder, _, plan = given.planned(options)
    recorded = ledger.answers([Path(options.results) / ladder.name, ledger.shipped(ladder.name)])
    answered = {key: request for key, (request, _) in recorded.items()}
    damaged, outdated = [], []
    for entry in cache.entries():
        if entry.record is None:
            damaged.append(entry)
        elif entry.problem:
            outdated.append(entry.record.request.key)
        else:
            answered.setdefault(entry.record.key, entry.record.request)
    _report(cache, len(damaged))
    found = misses.explain(
        plan,
        misses.Stored(
            answered=answered,
            damaged={entry.key for entry in damaged if isinstance(entry.key, str)},
            outdated=frozenset(outdated),
        ),
    )
    if options.format == "json":
        console.data(found)
    else:
        asked = {request.key for ask in plan.asks for request in ask.requests}
        console.show(misses.lines(found) or [f"all {len(asked)} requests have a stored answer"])


def _export(options: Namespace, cache: Cache) -> None:
    console.show([f"{options.file}: {cache.export(Path(options.file))} answers"])


def _import(options: Namespace, cache: Cache) -> None:
    added, held = cache.import_(Path(options.file))
    console.show([f"{options.file}: {added} answers added, {held} already there"])


def _prune(options: Namespace, cache: Cache) -> None:
    """Answers that meet every filter given leave the cache for the file."""
    if options.before is None and options.model is None and not options.unused:
        raise BadInput("cache prune", "say which answers: --before DATE, --unused, --model NAME, or several of them")
    unused = _unused(options.ladder) if options.unused else None
    before = options.before and options.before.isoformat()
    models: set[str] = set()

    def chosen(request: Request, response: Response) -> bool:
        own = {request.model, response.model}
        models.update(own)
        return (
            (before is None or response.on < before)
            and (options.model is None or options.model in own)
            and (unused is None or unused(request))
        )

    moved, damaged = cache.move(Path(options.file), chosen)
    _report(cache, damaged)
    if options.model is not None and options.model not in models:
        raise BadInput("--model", f"no stored answer of {options.model!r}; {did_you_mean(options.model, models)}")
    left = f"{len(cache)} left in {cache.folder}"
    console.show([f"{options.file}: {moved} answers moved, {left}" if moved else f"no answer to move, {left}"])


def _unused(name: str) -> Callable[[Request], bool]:
    """Whether a request goes to a tier of the ladder but is made from no suite any more.

    Repeats count as made: how often a sample is asked is for each run to say.
    """
    ladder = tiers.load(name)
    models = {(tier.provider, tier.model) for tier in ladder.tiers}
    plan = job.choose(job.Selection(), ladder)
    made = {_first(request).key for ask in plan.asks for request in ask.requests}
    return lambda request: (request.provider, request.model) in models and _first(request).key not in made


def _first(request: Request) -> Request:
    """The first repeat of a request: seeds count up with the epochs."""
    seed = None if request.seed is None else request.seed - request.epoch
    return replace(request, epoch=0, seed=seed)


def _sound(cache: Cache) -> Iterator[tuple[Request, Response]]:
    """The answers of the cache; what is not one is counted for the reader."""
    refused = 0
    for entry in cache.entries():
        if entry.record is None or entry.problem:
            refused += 1
        else:
            yield entry.record.request, entry.record.response
    _report(cache, refused)


def _report(cache: Cache, refused: int) -> None:
    if refused:
        console.note(f"{cache.folder}: {refused} rows are damaged or not ours and do not count: tierfloor cache verify")
