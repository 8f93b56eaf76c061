"""Grades the same answers again and again and prints how long each grading took: what `gradings.py` runs and measures.

As a program: `grading.py FORM SUITE [NUMBER]`, where FORM is one of the names of `FORMS` and NUMBER that of the core to stay
on, as the processes of a grading do; standard input says how many.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import harness.sandbox
from harness.grade.judging import stay
from harness.sandbox import Limits, Modules, Session
from harness.sandbox.inside import carried
from harness.values import Sample

__all__ = ["FORMS", "Segment", "as_program", "recorded"]

Grade = Callable[[], bool]

ECHO = """
while True:
    send(receive())
"""
REPLAY = """
import json, sys

class Over(Exception):
    pass

def receive():
    if not todo:
        raise Over
    said.append(todo[0][1])
    return todo.pop(0)[0]

def send(value):
    if json.dumps(value, sort_keys=True) != json.dumps(said.pop(), sort_keys=True):
        sys.exit(1)

for driver, modules, todo in {segments!r}:
    said = []
    try:
        load(modules)
        exec(driver, {{"__name__": "driver", "receive": receive, "send": send}})
    except Over:
        pass
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said to one driver and what it replied, until it was started anew."""

    driver: str
    modules: Modules
    calls: list[tuple[Any, Any]] = field(default_factory=list)


class Recording:
    """A session that keeps what is said."""

    def __init__(self, talk: Session, driver: str, modules: Modules, segments: list[Segment]) -> None:
        self._talk = talk
        self._program = (driver, modules)
        self._segments = segments
        segments.append(Segment(*self._program))

    def call(self, message: Any, timeout: float | None = None) -> Any:
        reply = self._talk.call(message, timeout)
        self._segments[-1].calls.append((message, reply))
        return reply

    def restart(self) -> None:
        self._talk.restart()
        self._segments.append(Segment(*self._program))


@contextmanager
def recorded() -> Iterator[list[Segment]]:
    """Whatever is imported in here and opens sessions is recorded."""
    segments: list[Segment] = []
    original = harness.sandbox.session

    @contextmanager
    def session(driver: str, limits: Limits, *, modules: Modules = (), **more: Any) -> Iterator[Recording]:
        with original(driver, limits, modules=modules, **more) as talk:
            yield Recording(talk, driver, modules, segments)

    harness.sandbox.session = session  # type: ignore[assignment]
    try:
        yield segments
    finally:
        harness.sandbox.session = original


def as_program(segments: Sequence[Segment]) -> str:
    """The same check as a program for a subprocess of its own: it ends with 0 if every reply is what it was."""
    loader = Path(carried.__file__).read_text(encoding="utf-8")
    return loader + REPLAY.format(segments=[(each.driver, each.modules, each.calls) for each in segments])


def bare(_: str) -> Iterator[Grade]:
    """A session in which nothing happens but one question."""

    def grade() -> bool:
        with harness.sandbox.session(ECHO, Limits()) as talk:
            return bool(talk.call([1, 2.5, "three"]) == [1, 2.5, "three"])

    return itertools.repeat(grade)


def checked(suite: str) -> Iterator[Grade]:
    """The suite's checker on the answers of its controls that must pass, after a colon those of one form only.

    As many of each level, as suites have them.
    """
    return itertools.cycle(checks(suite))


def checks(suite: str) -> list[Grade]:
    """What `checked` goes round."""
    from harness import suites

    name, _, form = suite.partition(":")
    found = suites.load(suites.find(name), split="public")
    samples = {each.id: each for each in found.samples if not form or each.metadata.get("form") == form}
    right = [each for each in found.controls if each.expect == "pass" and each.sample in samples]

    def passes(sample: Sample, answer: str) -> bool:
        return found.check(sample, answer).value == 1.0

    levels: dict[int, list[Grade]] = {}
    for each in right:
        sample = samples[each.sample]
        levels.setdefault(sample.level, []).append(partial(passes, sample, each.answer))
    most = max(map(len, levels.values()))
    return [levels[level][count % len(levels[level])] for count in range(most) for level in sorted(levels)]


def in_subprocess(suite: str) -> Iterator[Grade]:
    """The same calls, each check in a plain subprocess that compares by itself."""

    def grade(program: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-"]
            done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, input=program)
            return done.returncode == 0

    return itertools.cycle([lambda program=each: grade(program) for each in programs(suite)])


def programs(suite: str) -> list[str]:
    """Every check of `checked` as a program."""
    found = []
    with recorded() as segments:
        for grade in checks(suite):
            segments.clear()
            assert grade()
            found.append(as_program(segments))
    return found


FORMS: dict[str, Callable[[str], Iterator[Grade]]] = {
    "bare session": bare,
    "checked": checked,
    "plain subprocess": in_subprocess,
}


def main(form: str, suite: str, number: str = "") -> None:
    """Warm up by one grading, say so, and then do as many as are asked for, noting start, end and result of each.

    With "programs" for a form only print the programs of the suite's checks.
    """
    if form == "programs":
        json.dump(programs(suite), sys.stdout)
        return
    if number:
        stay(int(number))
    grades = FORMS[form](suite)
    assert next(grades)()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    noted = []
    for grade in itertools.islice(grades, int(sys.stdin.readline())):
        began = time.monotonic()
        right = grade()
        noted.append((began, time.monotonic(), right))
    json.dump(noted, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
