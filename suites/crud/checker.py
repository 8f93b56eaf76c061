"""Loads an answer in the sandbox and plays it against the oracle, one group of requirements after the other."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager

from harness.checkers.answers import Unreadable, read_code
from harness.sandbox import CandidateDied, CandidateFault, CandidateTimeout, Limits, session
from harness.values import Sample, Score

from .draws import Draw
from .drivers import CLASS_DRIVER, CLASS_MODULES, HTTP_DRIVER, HTTP_MODULES
from .groups import Group, groups
from .play import Play
from .port import Broken, Mismatch, Port
from .port_class import ClassPort
from .port_http import HttpPort
from .spec import Spec

__all__ = ["check", "opened"]

# An answer may open a connection for every call and leave closing them to the collector, which CPython 3.13 does late.
CLASS_LIMITS = Limits(cpu_seconds=3, wall_seconds=120.0, open_files=1024)
HTTP_LIMITS = Limits(cpu_seconds=8, wall_seconds=240.0, open_files=1024, memory_bytes=2 << 30)
CLASS_PRELOAD = ("sqlite3", "typing", "pathlib", "queue", "threading", "json", "dataclasses", "contextlib", "datetime")
HTTP_PRELOAD = ("fastapi", "uvicorn", "asyncio", "httptools", "uvicorn.protocols.http.httptools_impl", *CLASS_PRELOAD)


def check(sample: Sample, answer: str) -> Score:
    """1.0 if every call agrees with the oracle, else the share of requirement groups that do and the first that does not."""
    spec: Spec = json.loads(sample.target)
    try:
        source = read_code(answer)
    except Unreadable as problem:
        return _failed("unparsable", str(problem))
    try:
        with opened(spec) as port:
            port.load(source)
            return _played(port, _digest(f"{sample.id}\n{sample.target}\n{answer}"))
    except Broken as broken:
        return _failed(broken.why, str(broken))
    except CandidateDied as fault:
        return _failed("does_not_load", str(fault))
    except CandidateFault as fault:
        return _failed(_fault(fault), f"while loading: {fault}")


@contextmanager
def opened(spec: Spec) -> Iterator[Port]:
    """A jail for an answer of the spec's form, nothing loaded yet."""
    if spec["form"] == "class":
        with session(CLASS_DRIVER, CLASS_LIMITS, preload=CLASS_PRELOAD, modules=CLASS_MODULES) as talk:
            yield ClassPort(talk, spec)
    else:
        with session(HTTP_DRIVER, HTTP_LIMITS, preload=HTTP_PRELOAD, modules=HTTP_MODULES, serves=True) as talk:
            yield HttpPort(talk, spec)


def _played(port: Port, seed: bytes) -> Score:
    """Play all groups, also after one has failed; a candidate that breaks off the session fails the rest with it."""
    plan = groups(port.spec)
    problems: list[tuple[str, str]] = []
    for done, group in enumerate(plan):
        try:
            problem = _problem(port, group, seed)
        except CandidateFault as fault:
            problems.append((_fault(fault), f"{group.why}: {fault}"))
            problems += [("", "")] * (len(plan) - done - 1)
            break
        if problem:
            problems.append(problem)
    if not problems:
        return Score(value=1.0)
    why, details = problems[0]
    return Score(value=round(1 - len(problems) / len(plan), 4), why=why, details=details[:200])


def _problem(port: Port, group: Group, seed: bytes) -> tuple[str, str] | None:
    """The code and the details of the first difference in this group, if there is one.

    Its data are drawn from the sample and the answer: the same answer is judged alike again, and no answer can hold them.
    """
    play = Play(port, Draw(port.spec, random.Random(seed + _digest(group.why))), group.why)
    try:
        if not group.pair:
            play.open()
        group.play(play)
    except Mismatch as mismatch:
        why = mismatch.why or group.why
        return why, str(mismatch) if why == group.why else f"{group.why}: {mismatch}"
    return None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _fault(fault: CandidateFault) -> str:
    if isinstance(fault, CandidateTimeout):
        return "timeout"
    return "crashed" if isinstance(fault, CandidateDied) else "bad_reply"


def _failed(why: str, details: str) -> Score:
    return Score(value=0.0, why=why, details=details[:200])
