"""What a person sees while a command runs: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from .records import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from .run import Progress

__all__ = ["data", "note", "progress", "show", "transfer"]

QUIET_SECONDS: Final = 10.0


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
def progress(unit: str) -> Iterator[Callable[[Progress], None]]:
    """A reporter of a run's progress: bars on a terminal, a line every ten seconds elsewhere."""
    if sys.stderr.isatty():
        with _bars(unit) as report:
            yield report
    else:
        yield _Lines(unit).report


class _Lines:
    """Plain progress lines, one at most every `QUIET_SECONDS` and one at the end of a tier."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.last = time.monotonic()

    def report(self, state: Progress) -> None:
        now = time.monotonic()
        if state.done < state.total and now - self.last < QUIET_SECONDS:
            return
        self.last = now
        failed = f", {state.failed} failed" if state.failed else ""
        note(f"{state.tier}: {state.done}/{state.total} answers{failed}, {state.spent:.4g} {self.unit}")


@contextmanager
def _bars(unit: str) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns: list[Any] = [
        TextColumn("{task.description:>14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(state: Progress) -> None:
            if state.tier not in tasks:
                tasks[state.tier] = bars.add_task(state.tier, total=state.total, note="")
            failed = f"{state.failed} failed, " if state.failed else ""
            bars.update(tasks[state.tier], completed=state.done, note=f"{failed}{state.spent:.4g} {unit}")

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
