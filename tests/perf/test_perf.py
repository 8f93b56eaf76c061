"""The benchmark's own parts, with few calls: they must not rot between two full runs."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from perf import clients, contenders, figures, steps, stub
from perf.figures import Cell
from perf.measure import Used, used

BENCH = Path(__file__).with_name("bench.py")


def spent(*, wall: float, cpu: float = 1.0, peak_mb: float = 100, code: int = 0) -> Used:
    return Used(code=code, wall=wall, cpu=cpu, peak_mb=peak_mb, largest_mb=peak_mb, said="", noted="")


def cell(
    name: str, latency_ms: int | None, wall: float, *, run: str = "cold", right: int = 2000, **more: float
) -> Cell:
    taken = spent(wall=wall, **more)  # type: ignore[arg-type]
    if latency_ms is None:
        return Cell(name=name, run=run, used=taken)
    calls = 2000 if run == "cold" else 0
    return Cell(name=name, run=run, used=taken, latency_ms=latency_ms, calls=calls, most=64, right=right)


MEASURED = [
    cell("tierfloor", 50, 2.6, cpu=3.0),
    cell("tierfloor", 50, 0.8, run="warm"),
    cell("openai SDK", 50, 3.0, cpu=2.9),
    cell("openai SDK, aiohttp, post", 50, 2.0, cpu=1.0),
    cell("inspect_ai", 50, 26.0),
    cell("tierfloor", 1000, 33.6, peak_mb=151),
    cell("python", None, 0.01, run="pass"),
]


@pytest.mark.parametrize("client", ["raw asyncio", "aiohttp"])
def test_a_bare_client_gets_every_answer_and_the_stub_counts_it(client: str) -> None:
    async def ask() -> int:
        server = await stub.serve(stub_)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await clients.asked(clients.BARE[client], f"http://{stub.HOST}:{port}/lane-1", 20, 4)

    stub_ = stub.Stub()

    assert asyncio.run(ask()) == 20

    assert stub_.lanes["lane-1"].counted() == {"calls": 20, "most": 4, "connections": 4}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with stub.started() as port:
        yield port


@pytest.mark.parametrize("path", sorted(stub.FORMATS))
def test_the_stub_speaks_every_wire_format(port: int, path: str) -> None:
    link = HTTPConnection(stub.HOST, port, timeout=10)
    link.request("POST", f"/wire-0/{path}", json.dumps({"model": "m"}))
    answer = json.loads(link.getresponse().read())
    link.close()

    assert answer == stub.FORMATS[path]("m")
    assert stub.reset(port, "wire-0") == {"calls": 1, "most": 1, "connections": 1}
    assert stub.reset(port, "wire-0") == {"calls": 0, "most": 0, "connections": 0}


def test_a_run_of_tierfloor_is_asked_once_and_then_never(port: int, tmp_path: Path) -> None:
    job = contenders.Job(url=f"http://{stub.HOST}:{port}/ours-0", folder=tmp_path, calls=20, connections=8)
    ours = contenders.tierfloor()
    ours.prepare(job)
    env = contenders.environment(ours.env(job), {})

    runs = [used(ours.command(job), folder=tmp_path, env=env, timeout=60) for _ in range(2)]

    assert [done.code for done in runs] == [0, 0], runs[0].noted
    assert [ours.right(job, done) for done in runs] == [20, 20]
    assert stub.reset(port, "ours-0")["calls"] == 20


def test_what_a_command_and_its_children_took_is_measured(tmp_path: Path) -> None:
    child = "import time; held = bytearray(50_000_000); time.sleep(0.2)"
    code = f"import subprocess, sys; sum(range(2_000_000)); subprocess.run([sys.executable, '-c', {child!r}]); print(4)"

    done = used([sys.executable, "-c", code], folder=tmp_path, env={})

    assert (done.code, done.said) == (0, "4\n")
    assert done.wall > 0.2
    assert 0 < done.cpu < done.wall
    assert done.peak_mb >= done.largest_mb > 50


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run(['sleep', '60'])"

    done = used([sys.executable, "-c", code], folder=tmp_path, env={"PATH": "/usr/bin:/bin"}, timeout=0.3)

    assert done.code == -9
    assert done.wall < 10


def test_goals_are_reached_or_missed() -> None:
    found = figures.goals(MEASURED, calls=2000, connections=64, imported=["openai"])

    assert [(goal.measured, goal.reached) for goal in found] == [
        ("1.05", True),
        ("1.30", True),
        ("10.00", True),
        ("1.00", True),
        ("0.80", True),
        ("151.00", False),
        ("openai", False),
    ]


def test_goals_are_open_where_nothing_was_measured_or_too_little() -> None:
    few = [replace(each, calls=each.calls and 200, right=each.right and 200) for each in MEASURED]

    nothing = figures.goals([], calls=2000, connections=64, imported=None)
    little = figures.goals(few, calls=200, connections=64, imported=[])

    assert [(goal.measured, goal.reached) for goal in nothing] == [("not measured", None)] * 7
    assert [(goal.measured, goal.reached) for goal in little][1:3] == [("1.30", None), ("10.00", None)]


def test_the_table_gives_ratios_to_the_limits_in_the_same_cell() -> None:
    rows = figures.records(MEASURED, calls=2000, connections=64)

    ratios = {(row[0], row[1], row[2]): row[-3:] for row in rows}

    assert ratios == {
        ("tierfloor", "cold", "50"): ("1.62", "1.30", "1.00"),
        ("tierfloor", "warm", "50"): ("", "", "1.00"),
        ("openai SDK", "cold", "50"): ("1.88", "1.50", "1.15"),
        ("openai SDK, aiohttp, post", "cold", "50"): ("1.25", "1.00", "0.77"),
        ("inspect_ai", "cold", "50"): ("16.25", "13.00", "10.00"),
        ("tierfloor", "cold", "1000"): ("1.05", "", "1.00"),
        ("python", "pass", ""): ("", "", ""),
    }
    assert figures.table(rows[-1:]) == [
        "  ".join(figures.HEAD).replace("what  run", "what    run "),
        "python  pass               0.010  1.000                   100         100",
    ]


def test_a_cell_that_failed_is_told_and_is_no_limit() -> None:
    wrong = [cell("openai SDK", 50, 0.1, right=1999), cell("tierfloor", 50, 0.1, run="warm", code=70)]

    cells = figures.least([*MEASURED, *wrong])

    assert [text for each in cells if (text := figures.problem(each, 2000))] == [
        "tierfloor, warm, 50: exit 70",
        "openai SDK, cold, 50: 1999 of 2000 answers are right",
    ]
    rows = {row[:2]: row[-3:] for row in figures.records(cells, calls=2000, connections=64)}
    assert rows["openai SDK", "cold"] == ("failed", "failed", "failed")
    assert rows["openai SDK, aiohttp, post", "cold"] == ("1.25", "1.00", "0.77")


def test_the_least_time_and_the_most_memory_of_several_rounds_count() -> None:
    rounds = [cell("raw", 0, 2.0, cpu=1.0, peak_mb=9), cell("raw", 0, 1.0, cpu=3.0), cell("raw", 50, 7.0)]

    found = [(each.latency_ms, each.used.wall, each.used.cpu, each.used.peak_mb) for each in figures.least(rounds)]

    assert found == [(0, 1.0, 1.0, 100), (50, 7.0, 1.0, 100)]


def test_a_full_run_measures_every_latency_and_every_peer_once() -> None:
    peer = contenders.bare("peer")

    found = [(step.contender.name, step.latency_ms, step.warm) for step in steps.steps([peer], quick=False)]

    assert {latency for name, latency, _ in found if name == "tierfloor"} == {0, 50, 1000}
    assert {name for name, latency, _ in found if latency == 1000} == {"tierfloor", *clients.BARE, *clients.OPENAI}
    assert [each for each in found if each[0] == "peer"] == [("peer", 50, True), ("peer", 0, False)]


def test_a_quick_run_waits_for_no_slow_server() -> None:
    assert {step.latency_ms for step in steps.steps([], quick=True)} == {0, 50}


@pytest.mark.slow
def test_the_benchmark_ends_well_where_every_answer_is_right(tmp_path: Path) -> None:
    place = tmp_path / "perf.csv"
    options = ("--quick", "--calls", "10", "--csv", str(place), "--only", "tierfloor", "--only", "raw asyncio")
    command = [sys.executable, str(BENCH), *options]

    done = used(command, folder=tmp_path, env=contenders.environment({}, {}), timeout=300)

    assert done.code == 0, done.noted
    assert "open    50 ms, cold: at least 8 x as fast as inspect_ai: not measured" in done.said
    with place.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == list(figures.HEAD)
    assert [row[:3] for row in rows if row[2]] == [
        [name, run, latency]
        for latency in ("50", "0")
        for name, run in (("tierfloor", "cold"), ("tierfloor", "warm"), ("raw asyncio", "cold"))
    ]
