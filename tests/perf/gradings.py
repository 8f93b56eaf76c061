"""Gradings per second: a bare session, a suite's checker in sessions, and the same calls in plain subprocesses and by inspect_ai.

All in one run on the same answers. Prints a table and the goals; the exit code says whether every grading was right.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import ctypes
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).parent.parent))

from perf import grading
from perf.contenders import ROOT, environment
from perf.figures import Goal

HEAD = ("grading", "gradings", "per second", "CPU ms each", "p50 ms", "p95 ms", "right")
SUBREAPER = 36
BARE = "bare session"
SERVED = "served and checked"
FULL = 400
TASK = """
import json, sys, time
from pathlib import Path
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer
from inspect_ai.solver import solver
from inspect_ai.util import sandbox

PROGRAMS = json.loads(Path("programs.json").read_text())

@solver
def answered():
    async def solve(state, generate):
        return state
    return solve

@scorer(metrics=[accuracy()])
def right():
    async def score(state, target):
        began = time.monotonic()
        program = PROGRAMS[int(state.input_text) % len(PROGRAMS)]
        done = await sandbox().exec([sys.executable, "-"], input=program, timeout=60)
        with open("noted.jsonl", "a") as file:
            file.write(json.dumps([began, time.monotonic(), done.success]) + "\\n")
        return Score(value=CORRECT if done.success else INCORRECT)
    return score

@task
def gradings(count: int) -> Task:
    samples = [Sample(id=number + 1, input=str(number), target="") for number in range(count)]
    return Task(dataset=MemoryDataset(samples), solver=answered(), scorer=right(), sandbox="local")
"""


Noted = list[tuple[float, float, bool]]
"""Start and end of each grading by one clock, and whether it was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A way to grade: does so many gradings in a folder and tells of each."""

    name: str
    grade: Callable[[int, Path], Noted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What was measured: seconds from the first grading's start to the last one's end, and CPU beyond the start-up's."""

    name: str
    count: int
    seconds: float
    cpu_each: float
    p50: float
    p95: float
    right: int

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--suite", default="crud:class", help="whose checker and right answers are used (default: crud:class)"
    )
    parser.add_argument(
        "--served", default="crud:http", help="the same for answers that are servers, or nothing (default: crud:http)"
    )
    parser.add_argument("--count", type=int, default=FULL, help=f"gradings of each contender (default: {FULL})")
    parser.add_argument("--workers", type=int, default=2, help="at the same time (default: 2)")
    parser.add_argument("--inspect", type=Path, metavar="VENV", help="the environment that inspect_ai is installed in")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this contender (repeatable)")
    parser.add_argument("--csv", type=Path, help="where the table goes")
    options = parser.parse_args(arguments)
    todo = contenders(options.suite, options.workers, options.inspect and options.inspect.absolute())
    if options.served:
        todo.append(ours("checked", f"{options.served}, {SERVED}", options.served, options.workers))
    say(sys.stderr, [load()])
    chosen = [each for each in todo if not options.only or each.name in options.only]
    cells = [measured(each, options.count, options.workers) for each in chosen]
    say(sys.stdout, [*table(map(row, cells)), ""])
    words = {True: "reached", False: "MISSED", None: "open"}
    say(sys.stdout, (f"{words[goal.reached]:8}{goal.wanted}: {goal.measured}" for goal in goals(cells)))
    say(sys.stderr, [f"{load()} in the end"])
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows((HEAD, *map(row, cells)))
    return 0 if all(cell.right == cell.count for cell in cells) else 1


def contenders(suite: str, workers: int, inspect: Path | None) -> list[Contender]:
    """Ours, what they are compared with, and inspect_ai where it is installed.

    A server has no peer here: what is said to it over connections is not recorded.
    """
    found = [ours(form, f"{suite}, {form}" if form != BARE else form, suite, workers) for form in grading.FORMS]
    return [*found, by_inspect(inspect, suite, workers)] if inspect else found


def measured(contender: Contender, count: int, workers: int) -> Cell:
    """Grade once for the least and once for all: the difference in CPU is what gradings take without the start."""
    before, _ = spent(contender, workers)
    cpu, noted = spent(contender, count)
    each = sorted(1000 * (ended - began) for began, ended, _ in noted)
    cell = Cell(
        name=contender.name,
        count=count,
        seconds=max(ended for _, ended, _ in noted) - min(began for began, _, _ in noted),
        cpu_each=(cpu - before) / (count - workers),
        p50=statistics.median(each),
        p95=each[int(0.95 * (len(each) - 1))],
        right=sum(right for *_, right in noted),
    )
    say(sys.stderr, [f"{cell.name}: {cell.rate:.1f} a second, {1000 * cell.cpu_each:.1f} ms of CPU each; {load()}"])
    return cell


def spent(contender: Contender, count: int) -> tuple[float, Noted]:
    """CPU seconds of everything that was started for so many gradings, and what was noted of each."""
    # All orphans come to us, so that nobody's CPU is lost with a parent that did not wait.
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        noted = contender.grade(count, Path(folder))
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, noted


def ours(form: str, name: str, suite: str, workers: int) -> Contender:
    """One of the forms of `grading.py`, in as many processes, which begin together."""

    def grade(count: int, folder: Path) -> Noted:
        command = (sys.executable, str(Path(grading.__file__)), form, suite)
        env = environment(in_memory(), os.environ)
        team = [
            subprocess.Popen(
                (*command, str(number)), cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for number in range(workers)
        ]
        for each in team:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n", f"{name}: could not be graded"
        shares = [count // workers + (number < count % workers) for number in range(workers)]
        for each, share in zip(team, shares, strict=True):
            assert each.stdin is not None
            print(share, file=each.stdin, flush=True)
        return [tuple(note) for each in team for note in json.loads(each.communicate()[0])]

    return Contender(name=name, grade=grade)


def by_inspect(venv: Path, suite: str, workers: int) -> Contender:
    """inspect_ai with a model that is never asked, and its local sandbox, which is a subprocess in a folder."""
    recorder = (sys.executable, str(Path(grading.__file__)), "programs", suite)
    env = environment({}, os.environ)
    programs = subprocess.run(recorder, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout

    def grade(count: int, folder: Path) -> Noted:
        (folder / "programs.json").write_text(programs)
        (folder / "gradings.py").write_text(TASK)
        command = (
            *(str(venv / "bin" / "inspect"), "eval", "gradings.py", "-T", f"count={count}", "--model", "mockllm/model"),
            *("--max-samples", str(workers), "--max-subprocesses", str(workers)),
            *("--display", "none", "--log-dir", "logs"),
        )
        env = environment(in_memory(), os.environ)
        subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
        return [tuple(json.loads(line)) for line in (folder / "noted.jsonl").read_text().splitlines()]

    return Contender(name=f"{suite}, inspect_ai", grade=grade)


def in_memory() -> dict[str, str]:
    """Temporary folders in memory for everybody, as sessions have theirs: SQLite commits many times faster there."""
    return {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}


def row(cell: Cell) -> tuple[str, ...]:
    figures = (cell.rate, 1000 * cell.cpu_each, cell.p50, cell.p95)
    return cell.name, str(cell.count), *(f"{each:.1f}" for each in figures), str(cell.right)


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows in columns under `HEAD`, names to the left and numbers to the right."""
    every = [HEAD, *rows]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    return ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in every]


def goals(cells: Sequence[Cell]) -> list[Goal]:
    """What was wanted, against what was measured: open where nothing was, or with fewer gradings than the goals mean."""
    named = {cell.name.rpartition(", ")[2]: cell for cell in cells}
    bare, checked, served = (named.get(name) for name in (BARE, "checked", SERVED))
    return [
        goal(bare, f"{BARE}: at least 100 a second", bare.rate if bare else None, at_least=100),
        goal(bare, f"{BARE}: at most 20 ms of CPU each", 1000 * bare.cpu_each if bare else None, at_most=20),
        goal(checked, "checked: at least 20 a second", checked.rate if checked else None, at_least=20),
        goal(served, f"{SERVED}: at least 4 a second", served.rate if served else None, at_least=4),
    ]


def goal(
    cell: Cell | None, wanted: str, value: float | None, *, at_least: float = 0.0, at_most: float = math.inf
) -> Goal:
    if cell is None or value is None:
        return Goal(wanted=wanted, measured="not measured", reached=None)
    enough = cell.count >= FULL and cell.right == cell.count
    return Goal(wanted=wanted, measured=f"{value:.1f}", reached=at_least <= value <= at_most if enough else None)


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def say(stream: TextIO, lines: Iterable[str]) -> None:
    stream.writelines(f"{line}\n" for line in lines)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
