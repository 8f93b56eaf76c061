"""Loads the answer's Store in the sandbox and plays it against the oracle, one group of requirements after the other."""

from __future__ import annotations

import hashlib
import json
import random

from harness.checkers.answers import Unreadable, read_code
from harness.sandbox import CandidateDied, CandidateFault, CandidateTimeout, Limits, Session, session
from harness.values import Sample, Score

from .draws import Draw
from .driver import DRIVER
from .groups import Group, groups
from .play import Crash, Mismatch, Play, short
from .spec import Spec

__all__ = ["check"]

# An answer may open a connection for every call and leave closing them to the collector, which CPython 3.13 does late.
LIMITS = Limits(cpu_seconds=2, wall_seconds=120.0, open_files=1024)


def check(sample: Sample, answer: str) -> Score:
    """1.0 if every call agrees with the oracle, else the share of requirement groups that do and the first that does not."""
    spec: Spec = json.loads(sample.target)
    try:
        source = read_code(answer)
    except Unreadable as problem:
        return _failed("unparsable", str(problem))
    try:
        with session(DRIVER, LIMITS) as talk:
            return _loaded(talk, spec, source) or _played(talk, spec, sample)
    except CandidateFault as fault:
        return _failed(_fault(fault), f"while loading: {fault}")


def _loaded(talk: Session, spec: Spec, source: str) -> Score | None:
    """Why the answer's code cannot be played with, if so."""
    conflict = bool(spec["unique"] or spec["version"] or spec["moves"])
    order = {"do": "load", "source": source, "methods": _methods(spec), "conflict": conflict}
    try:
        reply = talk.call(order)
    except CandidateDied as fault:
        return _failed("does_not_load", str(fault))
    if type(reply) is not dict or len(reply.keys() & {"syntax", "raised", "missing"}) != 1:
        return _failed("bad_reply", "loading: a reply of no known form")
    if "syntax" in reply:
        return _failed("unparsable", f"does not compile: {short(reply['syntax'])}")
    if "raised" in reply:
        return _failed("does_not_load", short(reply.get("text")))
    if reply["missing"]:
        return _failed("missing_method", f"missing: {short(reply['missing'])}")
    return None


def _methods(spec: Spec) -> list[str]:
    wanted = {
        "create": True,
        "get": True,
        "list_all": not spec["page"],
        "list_page": spec["page"],
        "update": spec["update"],
        "move": spec["moves"],
        "delete": spec["delete"] != "none",
        "restore": spec["delete"] == "soft",
        "create_many": spec["bulk"],
    }
    return [name for name, needed in wanted.items() if needed]


def _played(talk: Session, spec: Spec, sample: Sample) -> Score:
    """Play all groups, also after one has failed; a candidate that breaks off the session fails the rest with it."""
    plan = groups(spec)
    problems: list[tuple[str, str]] = []
    for done, group in enumerate(plan):
        try:
            problem = _problem(Play(talk, spec, f"store-{done}"), sample, group)
        except CandidateFault as fault:
            problems.append((_fault(fault), str(fault)))
            problems += [("", "")] * (len(plan) - done - 1)
            break
        if problem:
            problems.append(problem)
    if not problems:
        return Score(value=1.0)
    why, details = problems[0]
    return Score(value=round(1 - len(problems) / len(plan), 4), why=why, details=details[:200])


def _problem(play: Play, sample: Sample, group: Group) -> tuple[str, str] | None:
    """The code and the details of the first difference in this group, if there is one."""
    seed = hashlib.sha256(f"{sample.id}\n{sample.target}\n{group.why}".encode()).digest()
    draw = Draw(play.spec, random.Random(int.from_bytes(seed, "big")))
    try:
        play.reopen()
        group.play(play, draw)
    except Crash as crash:
        return "crashed", f"{group.why}: {crash}"
    except Mismatch as mismatch:
        return group.why, str(mismatch)
    return None


def _fault(fault: CandidateFault) -> str:
    if isinstance(fault, CandidateTimeout):
        return "timeout"
    return "crashed" if isinstance(fault, CandidateDied) else "bad_reply"


def _failed(why: str, details: str) -> Score:
    return Score(value=0.0, why=why, details=details[:200])
