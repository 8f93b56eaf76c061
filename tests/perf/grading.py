"""Grades the same answers again and again and prints how long each grading took: what `gradings.py` runs and measures.

As a program: `grading.py FORM SUITE`, where FORM is one of the names of `FORMS`; standard input says how many.
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
from typing import Any

import harness.sandbox
from harness.sandbox import Limits, Session

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

for driver, todo in {segments!r}:
    said = []
    try:
        exec(driver, {{"__name__": "driver", "receive": receive, "send": send}})
    except Over:
        pass
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said to one driver and what it replied, until it was started anew."""

    driver: str
    calls: list[tuple[Any, Any]] = field(default_factory=list)


class Recording:
    """A session that keeps what is said."""

    def __init__(self, talk: Session, driver: str, segments: list[Segment]) -> None:
        self._talk = talk
        self._driver = driver
        self._segments = segments
        segments.append(Segment(driver))

    def call(self, message: Any, timeout: float | None = None) -> Any:
        reply = self._talk.call(message, timeout)
        self._segments[-1].calls.append((message, reply))
        return reply

    def restart(self) -> None:
        self._talk.restart()
        self._segments.append(Segment(self._driver))


@contextmanager
def recorded() -> Iterator[list[Segment]]:
    """Whatever is imported in here and opens sessions is recorded."""
    segments: list[Segment] = []
    original = harness.sandbox.session

    @contextmanager
    def session(driver: str, limits: Limits, **more: Any) -> Iterator[Recording]:
        with original(driver, limits, **more) as talk:
            yield Recording(talk, driver, segments)

    harness.sandbox.session = session  # type: ignore[assignment]
    try:
        yield segments
    finally:
        harness.sandbox.session = original


def as_program(segments: Sequence[Segment]) -> str:
    """The same check as a program for a subprocess of its own: it ends with 0 if every reply is what it was."""
    return REPLAY.format(segments=[(each.driver, each.calls) for each in segments])


def bare(_: str) -> Iterator[Grade]:
    """A session in which nothing happens but one question."""

    def grade() -> bool:
        with harness.sandbox.session(ECHO, Limits()) as talk:
            return bool(talk.call([1, 2.5, "three"]) == [1, 2.5, "three"])

    return itertools.repeat(grade)


def checked(suite: str) -> Iterator[Grade]:
    """The suite's checker on the answers of its controls that must pass, after a colon those of one form only."""
    from harness import suites

    name, _, form = suite.partition(":")
    found = suites.load(suites.find(name), split="public")
    samples = {each.id: each for each in found.samples if not form or each.metadata.get("form") == form}
    right = [each for each in found.controls if each.expect == "pass" and each.sample in samples]
    grades = [
        lambda sample=samples[each.sample], answer=each.answer: found.check(sample, answer).value == 1.0
        for each in right
    ]
    return itertools.cycle(grades)


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
        grades = checked(suite)
        first = next(grades)
        for grade in itertools.chain([first], itertools.takewhile(lambda each: each is not first, grades)):
            segments.clear()
            assert grade()
            found.append(as_program(segments))
    return found


FORMS: dict[str, Callable[[str], Iterator[Grade]]] = {
    "bare session": bare,
    "checked": checked,
    "plain subprocess": in_subprocess,
}


def main(form: str, suite: str) -> None:
    """Warm up by one grading, say so, and then do as many as are asked for, noting start, end and result of each.

    With "programs" for a form only print the programs of the suite's checks.
    """
    if form == "programs":
        json.dump(programs(suite), sys.stdout)
        return
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
