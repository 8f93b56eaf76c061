"""Running checkers on answers, over all cores, and keeping what they say as it comes."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby, islice
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Final

from .. import sandbox, suites
from ..errors import CheckerError
from ..judgements import Judgement, Judgements
from ..values import Check, Sample, Suite

__all__ = ["Grading", "Waiting", "holds", "judge", "judge_elsewhere", "stay"]

_Task = Callable[[Suite, "Sequence[Waiting]"], Callable[[], list[Judgement]]]

TOGETHER: Final = 8
"""Answers handed over at once where checking one costs less than handing it over."""

FEW: Final = 16
"""Below this many answers whose code must run, processes of our own would take longer to start than they save."""

MANY: Final = 1000
"""Slices under way at once in an executor that is not ours, however many workers it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """How to judge: where judgements are kept, who does the work, and who is told how far it is (done, of all).

    `pool` is any executor, also one of other machines: it is handed functions and values that can be pickled, and needs
    the same suites under the same paths. Without one the work is spread over this machine's cores.
    """

    kept: Judgements | None = None
    pool: Executor | None = None
    report: Callable[[int, int], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An answer's text that a suite's checker has to judge."""

    suite: Suite
    sample: Sample
    text: str


def judge(waiting: Mapping[str, Waiting], grading: Grading) -> dict[str, Judgement]:
    """The judgement of every answer, by its name. What is kept already is taken from there, the rest is kept as it comes.

    Raises BadInput where code would have to run and this machine offers no isolation for it.
    """
    kept = grading.kept.get_all(waiting) if grading.kept and waiting else {}
    found = {name: each for name, each in kept.items() if holds(each.isolation)}
    left = {name: each for name, each in waiting.items() if name not in found}
    for made in _judged(left, grading.pool):
        if grading.kept:
            grading.kept.add_all({name: each for name, each in made.items() if holds(each.isolation)})
        found |= made
        if grading.report:
            grading.report(len(found), len(waiting))
    return found


def holds(isolation: str) -> bool:
    """Whether a judgement that was reached in this isolation can be taken over: without any only while that is allowed."""
    return not isolation.startswith(sandbox.UNSAFE) or os.environ.get(sandbox.CHOICE) == sandbox.UNSAFE


def judge_elsewhere(folder: Path, pairs: Sequence[tuple[Sample, str]]) -> list[Judgement]:
    """The judgements of answers to samples of the suite in `folder`, in a process that need not know it yet."""
    check, runs_code = _checker(folder)
    return _judge_all(check, pairs, runs_code=runs_code)


@functools.cache
def _checker(folder: Path) -> tuple[Check, bool]:
    return suites.checker(folder)


def _judge_all(check: Check, pairs: Sequence[tuple[Sample, str]], *, runs_code: bool) -> list[Judgement]:
    isolation = sandbox.isolation().name if runs_code else ""
    return [_judge(check, sample, text, isolation) for sample, text in pairs]


def _judge(check: Check, sample: Sample, text: str, isolation: str) -> Judgement:
    try:
        score = check(sample, text)
    except CheckerError as error:
        return _broken(str(error))
    except Exception as error:  # noqa: BLE001 - a stranger's checker may raise anything
        return _broken(f"checker broke: {type(error).__name__}: {error}")
    return Judgement(
        verdict="pass" if score.value >= 1 else "fail",
        score=score.value,
        why=score.why,
        details=score.details,
        isolation=isolation,
    )


def _broken(why: str) -> Judgement:
    return Judgement(verdict="error", score=0.0, why=why, details="")


def _judged(waiting: Mapping[str, Waiting], pool: Executor | None) -> Iterator[dict[str, Judgement]]:
    """Judgements by name, a slice at a time, as they come."""
    if pool is not None:
        yield from _through(pool, waiting, _elsewhere, MANY)
        return
    code = {name: each for name, each in waiting.items() if each.suite.runs_code}
    if len(code) >= FEW:
        with _processes() as workers:
            yield from _through(workers, code, _elsewhere, ahead())
        waiting = {name: each for name, each in waiting.items() if name not in code}
    if waiting:
        with _ended(ThreadPoolExecutor(_cores())) as threads:
            yield from _through(threads, waiting, _here, ahead())


def ahead() -> int:
    """How many slices are handed over before the first comes back: what a kill may lose, and enough to keep all busy."""
    return 4 * _cores()


def _through(pool: Executor, waiting: Mapping[str, Waiting], task: _Task, most: int) -> Iterator[dict[str, Judgement]]:
    """Hand slices over, `most` of them at a time, and give back what comes, in the order in which it comes."""
    under_way: dict[Future[list[Judgement]], list[str]] = {}
    slices = _slices(waiting)
    while True:
        for names, some in islice(slices, most - len(under_way)):
            under_way[_submitted(pool, task(some[0].suite, some))] = names
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            names = under_way.pop(future)
            try:
                judgements = future.result()
            except BrokenExecutor:
                judgements = [_broken("sandbox: the process that judged it was ended; grade it again")] * len(names)
            yield dict(zip(names, judgements, strict=True))


def _submitted(pool: Executor, task: Callable[[], list[Judgement]]) -> Future[list[Judgement]]:
    try:
        return pool.submit(task)
    except BrokenExecutor as error:
        future: Future[list[Judgement]] = Future()
        future.set_exception(error)
        return future


def _here(suite: Suite, some: Sequence[Waiting]) -> Callable[[], list[Judgement]]:
    pairs = [(each.sample, each.text) for each in some]
    return functools.partial(_judge_all, suite.check, pairs, runs_code=suite.runs_code)


def _elsewhere(suite: Suite, some: Sequence[Waiting]) -> Callable[[], list[Judgement]]:
    return functools.partial(judge_elsewhere, suite.folder.resolve(), [(each.sample, each.text) for each in some])


def _slices(waiting: Mapping[str, Waiting]) -> Iterator[tuple[list[str], list[Waiting]]]:
    """What is handed over at once: one answer whose code must run, several of a suite where none must."""
    for _, group in groupby(waiting.items(), key=lambda item: item[1].suite.folder):
        items = list(group)
        size = 1 if items[0][1].suite.runs_code else TOGETHER
        for start in range(0, len(items), size):
            names, some = zip(*items[start : start + size], strict=True)
            yield list(names), list(some)


@contextmanager
def _processes() -> Iterator[Executor]:
    """Processes on all cores, one on each, which hear nothing of a Ctrl-C and are gone when this one is interrupted."""
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    numbers = context.SimpleQueue()
    for number in range(_cores()):
        numbers.put(number)
    workers = ProcessPoolExecutor(_cores(), mp_context=context, initializer=_begin, initargs=(numbers,))
    try:
        with _ended(workers):
            yield workers
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise


@contextmanager
def _ended(pool: Executor) -> Iterator[Executor]:
    """The pool, which at an error or an interrupt waits for nothing that has not begun."""
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _begin(numbers: SimpleQueue[int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # left to the parent
    stay(numbers.get())


def stay(number: int) -> None:
    """Keep this process, and the jails that it starts, on one core: the one of this number, of those that it may use.

    A grader and its candidate take turns, and to wake each other costs half as much on one core as across two.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with suppress(OSError):  # where it is forbidden, it is only slower
            os.sched_setaffinity(0, {cores[number % len(cores)]})


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
