"""Judges a repaired module: under every schedule its calls must end as if they had been made one after the other.

The answer runs in the sandbox, beside the explorer, which reports how schedules end. What may come out is worked out
here, from the family's own repaired program, and never enters that process.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from harness.checkers.answers import Unreadable, read_code
from harness.errors import CheckerError
from harness.explore import DRIVER, Program, modules
from harness.sandbox import CandidateDied, CandidateSaid, CandidateTimeout, Limits, Session, session
from harness.values import Sample, Score, canonical

from .catalogue import named
from .families import Family, Scenario, Words, render
from .gate import forbidden, public_names
from .model import Allowed, allowed

__all__ = ["check"]

# On a busy machine handing over between threads waits far longer than it computes: seconds of CPU are what bounds.
LIMITS = Limits(cpu_seconds=6, wall_seconds=300.0)
LONGEST = 20_000
MOST_SCHEDULES = 2_000  # with one switch; the wordiest right answer that we know needs 378
MOST_DEEPER = 600  # with two switches, where bugs are only looked for


class Failed(Exception):
    """The answer fails: a code and what happened."""

    def __init__(self, why: str, details: str) -> None:
        super().__init__(why)
        self.why = why
        self.details = details


def check(sample: Sample, answer: str) -> Score:
    """1.0 if every schedule of every scenario ends right, else 0.0 with the code of the first thing that is wrong."""
    family, words = _told(sample)
    try:
        code = _code(answer)
        with session(DRIVER, LIMITS, modules=modules()) as talk:
            _judge(talk, code, family, words)
    except Failed as failed:
        return Score(value=0.0, why=failed.why, details=failed.details[:200])
    except CandidateTimeout as fault:
        return Score(value=0.0, why="timeout", details=str(fault)[:200])
    except (CandidateDied, CandidateSaid) as fault:
        return Score(value=0.0, why="crashed", details=str(fault)[:200])
    return Score(value=1.0)


def _told(sample: Sample) -> tuple[Family, Words]:
    target = json.loads(sample.target)
    try:
        return named(target["family"]), target["words"]
    except KeyError:
        raise CheckerError(sample.id, f"no family {target['family']!r}; the data is of another version") from None


def _code(answer: str) -> str:
    """The answer's module, known to be Python and free of what is forbidden."""
    try:
        code = _bounded(read_code(answer))
        tree = _parsed(code)
    except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise Failed("unparsable", str(problem)) from None
    found = forbidden(tree)
    if found is not None:
        raise Failed("forbidden", found)
    return code


def _bounded(code: str) -> str:
    if len(code) > LONGEST:
        raise Unreadable(f"code longer than {LONGEST} characters")
    return code


def _parsed(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def _judge(talk: Session, code: str, family: Family, words: Words) -> None:
    names = public_names(ast.parse(render(family.bug, words)))
    reply = _reply(talk, {"do": "load", "source": code, "names": names})
    if reply.get("problem") is not None:
        raise Failed("does_not_load", str(reply["problem"]))
    if reply.get("missing"):
        raise Failed("missing_name", ", ".join(map(str, reply["missing"])))
    reference = Program(render(family.fix, words))
    for scenario in family.scenarios(words):
        _judge_scenario(talk, scenario, reference)


def _judge_scenario(talk: Session, scenario: Scenario, reference: Program) -> None:
    """All schedules with one switch must end right; those with two are searched as far as the number of runs allows."""
    message = scenario.message()
    right = allowed(reference, message)
    for bound in sorted({min(scenario.bound, 1), scenario.bound}):
        last: Mapping[str, Any] = {}
        cap = MOST_SCHEDULES if bound <= 1 else MOST_DEEPER
        for last in _replies(talk, {"scenario": message, "bound": bound, "cap": cap}):
            end = last["end"]
            if end is not None and end not in right:
                raise Failed(_why(scenario, end, right), _story(scenario, last))
        # Each thread may be the first to run, so fewer schedules than threads were not all of them.
        if (bound <= 1 and last["exhausted"] is not True) or last["schedules"] < len(scenario.threads):
            raise Failed("not_exhausted", f"{scenario.name}: {last['schedules']} schedules are not all")


def _why(scenario: Scenario, end: Mapping[str, Any], right: Allowed) -> str:
    if end["kind"] == "livelock":
        return "livelock"
    if end["kind"] == "deadlock":
        return "serialised" if scenario.parallel else "deadlock"
    if scenario.alone or end["kind"] == "broken":
        return "wrong_alone"
    return "crashed" if right.crashed(end) else "race"


def _story(scenario: Scenario, reply: Mapping[str, Any]) -> str:
    end = reply["end"]
    told = {key: end[key] for key in ("broken", "results", "after", "stuck", "hooks") if end[key]}
    return f"{scenario.name}, schedule {reply['schedules']}: {end['kind']} {canonical(told)}"


def _replies(talk: Session, order: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the explorer tells of a scenario: one reply for each new end, then one without an end."""
    reply = _reply(talk, {"do": "explore", **order})
    while reply.get("end") is not None:
        yield _checked(reply)
        reply = _reply(talk, {"do": "next"})
    if not isinstance(reply.get("schedules"), int):
        raise CandidateSaid("no number of schedules")
    yield {"end": None, "exhausted": reply.get("exhausted"), "schedules": reply["schedules"]}


def _checked(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    end = reply["end"]
    parts = ("kind", "broken", "results", "after", "hooks", "stuck")
    if not isinstance(end, dict) or any(part not in end for part in parts) or "schedules" not in reply:
        raise CandidateSaid("not the end of a schedule")
    return reply


def _reply(talk: Session, message: Mapping[str, Any]) -> dict[str, Any]:
    reply = talk.call(message)
    if not isinstance(reply, dict):
        raise CandidateSaid("not a reply of the explorer")
    return reply
