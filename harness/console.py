"""What a person sees while a command runs: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from .records import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from .run import Progress

__all__ = ["data", "judging", "note", "progress", "show", "transfer"]

QUIET_SECONDS: Final = 10.0

MOMENT: Final = 1.0
"""Seconds of judging before a bar appears."""


def show(lines: Iterable[str]) -> None:
    """Lines of data."""
    for text in lines:
        sys.stdout.write(f"{text}\n")


def data(records: Iterable[object]) -> None:
    """Records as JSON lines."""
    for record in records:
        sys.stdout.write(json.dumps(plain(record), sort_keys=True, ensure_ascii=False) + "\n")


def note(text: str) -> None:
    """A remark for the person at the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def progress(unit: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[Progress], None]]:
    """A reporter of a run's progress: bars on a terminal, a line every ten seconds elsewhere."""
    if sys.stderr.isatty():
        with _bars(unit) as report:
            yield report
    else:
        yield _Lines(unit, clock).report


class _Lines:
    """Plain progress lines: one at most every `QUIET_SECONDS` for a tier, one at its end, and why it was stopped."""

    def __init__(self, unit: str, clock: Callable[[], float]) -> None:
        self.unit = unit
        self.clock = clock
        self.started = clock()
        self.last: dict[str, float] = {}
        self.stopped: set[str] = set()

    def report(self, state: Progress) -> None:
        if state.stopped and state.tier not in self.stopped:
            self.stopped.add(state.tier)
            note(f"{state.tier}: stopped: {state.stopped}")
        now = self.clock()
        if not state.ended and now - self.last.get(state.tier, self.started) < QUIET_SECONDS:
            return
        self.last[state.tier] = now
        note(f"{state.tier}: {state.done}/{state.total} answers, {_remarks(state, self.unit)}")


def _remarks(state: Progress, unit: str) -> str:
    """What stands beside the count of answers."""
    parts = [f"{state.failed} failed"] if state.failed else []
    if not state.ended:
        parts.append(f"x{state.connections}")
        parts += [f"waiting {math.ceil(state.waiting)} s: {state.why}"] if state.waiting > 0 else []
    uncertain = f" (and at most {state.uncertain:.4g} more)" if state.uncertain else ""
    return ", ".join([*parts, f"{state.spent:.4g} {unit}{uncertain}"])


@contextmanager
def _bars(unit: str) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns: list[Any] = [
        TextColumn("{task.description:>14}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    ]
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}
        stopped: set[str] = set()

        def report(state: Progress) -> None:
            if state.tier not in tasks:
                tasks[state.tier] = bars.add_task(state.tier, total=state.total, note="")
            if state.stopped and state.tier not in stopped:
                stopped.add(state.tier)
                bars.console.print(f"{state.tier}: stopped: {state.stopped}", markup=False, highlight=False)
            bars.update(tasks[state.tier], completed=state.done, note=_remarks(state, unit))

        yield report


@contextmanager
def judging(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int, int], None]]:
    """A reporter of answers judged, and to be judged in all: a bar on a terminal, a line every ten seconds elsewhere.

    Nothing is shown of what takes but a moment.
    """
    with ExitStack() as stack:
        since: float | None = None
        bar: Callable[[int, int], None] | None = None

        def report(done: int, total: int) -> None:
            nonlocal since, bar
            now = clock()
            since = now if since is None else since
            if done == total:
                stack.close()
                since = bar = None
            elif sys.stderr.isatty():
                bar = bar or (stack.enter_context(_judging_bar()) if now - since >= MOMENT else None)
                if bar:
                    bar(done, total)
            elif now - since >= QUIET_SECONDS:
                since = now
                note(f"judged {done}/{total} answers")

        yield report


@contextmanager
def _judging_bar() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns: list[Any] = [TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("judging")

        def report(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield report


@contextmanager
def transfer() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """A maker of reporters for downloads, each told bytes done and bytes in all."""
    if not sys.stderr.isatty():
        yield _transfer_lines
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()]
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def made(name: str) -> Callable[[int, int], None]:
            task = bars.add_task(name, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield made


def _transfer_lines(name: str) -> Callable[[int, int], None]:
    started = time.monotonic()
    last = started

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < total and now - last < QUIET_SECONDS:
            return
        last = now
        note(f"{name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB in {now - started:.0f} s")

    return report
