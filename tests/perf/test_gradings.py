"""The parts of the benchmark of gradings, with few gradings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from perf import gradings
from perf.contenders import environment
from perf.grading import ECHO, Segment, as_program, recorded
from perf.gradings import Cell
from perf.measure import used

import harness.sandbox
from harness.sandbox import Limits

BENCH = Path(__file__).with_name("gradings.py")


def ends(program: str) -> int:
    return subprocess.run([sys.executable, "-"], input=program, text=True, check=False).returncode


def cell(name: str, *, seconds: float, cpu: float = 0.01, right: int = gradings.FULL) -> Cell:
    return Cell(name=name, count=gradings.FULL, seconds=seconds, cpu_each=cpu, p50=1.0, p95=2.0, right=right)


def test_what_was_said_in_a_session_becomes_a_program_that_says_the_same() -> None:
    with recorded() as segments, harness.sandbox.session(ECHO, Limits()) as talk:
        talk.call({"a": [1, None]})
        talk.restart()
        talk.call("two")

    assert segments == [Segment(ECHO, (), [({"a": [1, None]}, {"a": [1, None]})]), Segment(ECHO, (), [("two", "two")])]
    assert ends(as_program(segments)) == 0


def test_a_program_whose_replies_differ_fails() -> None:
    assert ends(as_program([Segment(ECHO, (), [("one", "one"), ("two", "three")])])) == 1


def test_goals_are_reached_missed_or_open() -> None:
    cells = [cell("bare session", seconds=2.0, cpu=0.03), cell("sums, checked", seconds=10.0)]

    found = gradings.goals(cells)

    assert [(goal.measured, goal.reached) for goal in found] == [
        ("200.0", True),
        ("30.0", False),
        ("40.0", True),
        ("not measured", None),
    ]
    assert gradings.goals([cell("bare session", seconds=1.0, right=399)])[0].reached is None


def test_the_table_has_a_row_for_each_cell() -> None:
    assert gradings.table([gradings.row(cell("bare session", seconds=4.0))]) == [
        "grading       gradings  per second  CPU ms each  p50 ms  p95 ms  right",
        "bare session       400       100.0         10.0     1.0     2.0    400",
    ]


@pytest.mark.slow
def test_the_benchmark_counts_every_grading_and_the_cpu_of_all_processes(tmp_path: Path) -> None:
    place = tmp_path / "gradings.csv"
    options = ("--count", "10", "--only", "bare session", "--csv", str(place))

    done = used([sys.executable, str(BENCH), *options], folder=tmp_path, env=environment({}, {}), timeout=300)

    assert done.code == 0, done.noted
    name, count, _, cpu, *_, right = place.read_text().splitlines()[1].split(",")
    assert (name, count, right) == ("bare session", "10", "10")
    assert float(cpu) > 0
