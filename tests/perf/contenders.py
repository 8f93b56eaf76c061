"""What is measured, as commands: tierfloor, bare clients and other harnesses, all on the same questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perf.clients import QUESTION
from perf.measure import Used
from perf.stub import HOST

__all__ = ["PROGRAM", "Contender", "Job", "bare", "by_ladder", "environment", "tierfloor", "write_suite"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAM = (sys.executable, "-c", "import sys; from harness.cli import main; sys.exit(main())")
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "NO_PROXY": HOST, "no_proxy": HOST}

SUITE = """\
id = "four"
version = "1"
category = "four"
title = "Two and two"
license = "CC0-1.0"
checker = "checker.py:check"
generator = "generator.py:generate"
max_output_tokens = 16

[rule]
margin = "0.05"
alpha = "0.05"
bar = "0.80"
horizon = {calls}
method = "sequential"

[prompt]
user = "${{input}}"

[splits.public]
seed = "public"
per_level = [{calls}]
"""

GENERATOR = f'''\
"""One question, numbered."""

from harness.values import Sample


def generate(seed: str, level: int, index: int) -> Sample:
    question = {QUESTION!r}.format(index)
    return Sample(
        id=f"four.{{index:05d}}",
        input=question,
        target="4",
        metadata={{"level": level, "template": f"t{{index:05d}}"}},
    )
'''

CHECKER = '''\
"""Four or not."""

from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    return Score(value=1.0) if answer == sample.target else Score(value=0.0, why="not_four")
'''

LADDER = """\
title = "Stub"
unit = "credits"

[[tier]]
name = "stub"
provider = "{provider}"
model = "stub"
base_url = "{url}"
key_env = "STUB_API_KEY"
max_connections = {connections}
price = {{input = "1", output = "5", unit = "credits", on = "2026-11-22", source = "made up"}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a contender is given: a server's address without `/v1`, a folder it keeps, how many calls at how many."""

    url: str
    folder: Path
    calls: int
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A program that asks. `prepare` writes its files, unmeasured; `right` says how many right answers it reports."""

    name: str
    command: Callable[[Job], tuple[str, ...]]
    right: Callable[[Job, Used], int]
    prepare: Callable[[Job], None] = field(default=lambda _: None)
    env: Callable[[Job], Mapping[str, str]] = field(default=lambda _: {})


def bare(name: str) -> Contender:
    """A client that only asks."""
    return Contender(
        name=name,
        command=lambda job: (
            *(sys.executable, str(HERE / "clients.py"), name, job.url),
            *(str(job.calls), str(job.connections)),
        ),
        right=lambda _, done: int(done.said),
    )


def tierfloor() -> Contender:
    """`tierfloor run` at an address: asks, stores, grades and prints the table, but publishes nothing."""

    def command(job: Job) -> tuple[str, ...]:
        address = ("--base-url", f"{job.url}/v1", "--model", "stub", "--max-connections", str(job.connections))
        return (*PROGRAM, "run", "four", "--until", "all", *address, *_stores())

    return Contender(name="tierfloor", command=command, right=_right, prepare=write_suite)


def by_ladder(name: str, provider: str, path: str) -> Contender:
    """`tierfloor run` with a ladder, which also writes the results: answers, outcomes, tables and a curve."""

    def prepare(job: Job) -> None:
        write_suite(job)
        text = LADDER.format(provider=provider, url=job.url + path, connections=job.connections)
        (job.folder / "stub.toml").write_text(text)

    return Contender(
        name=name,
        command=lambda job: (*PROGRAM, "run", "four", "--until", "all", "--ladder", "stub.toml", *_stores()),
        right=_right,
        prepare=prepare,
        env=lambda _: {"STUB_API_KEY": "x"},
    )


def environment(more: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    """What a contender runs in: no keys and no proxy, and this checkout's `harness` for the ones that import it."""
    kept = {
        key: value for key, value in base.items() if not key.endswith(("_API_KEY", "_BASE_URL", "_PROXY", "_proxy"))
    }
    return {**kept, **OFFLINE, "PYTHONPATH": str(ROOT), **more}


def write_suite(job: Job) -> None:
    folder = job.folder / "suites" / "four"
    (folder / "data").mkdir(parents=True)
    (folder / "suite.toml").write_text(SUITE.format(calls=job.calls))
    (folder / "generator.py").write_text(GENERATOR)
    (folder / "checker.py").write_text(CHECKER)
    samples = (
        {
            "id": f"four.{number:05d}",
            "input": QUESTION.format(number),
            "target": "4",
            "files": [],
            "metadata": {"level": 1, "template": f"t{number:05d}"},
        }
        for number in range(job.calls)
    )
    (folder / "data" / "four.public.jsonl").write_text(_lines(samples))
    controls = [
        {"id": "right", "sample": "four.00000", "answer": "4", "expect": "pass", "why": "four"},
        {"id": "wrong", "sample": "four.00000", "answer": "5", "expect": "fail", "why": "not_four"},
    ]
    (folder / "controls.jsonl").write_text(_lines(controls))


def _lines(records: Iterable[object]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def _stores() -> tuple[str, ...]:
    return "--cache", "cache", "--results", "results", "--format", "json"


def _right(_: Job, done: Used) -> int:
    floors = map(json.loads, done.said.splitlines())
    return next(sum(int(row["passes"]) for row in floor["rows"]) for floor in floors if floor["level"] is None)
