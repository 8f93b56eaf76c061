"""The proof of the checker: right answers, wrong ones and cheats for every family of specs, a family being a level in a form."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from harness.values import Control, Sample

from .proof.cheats import cheats
from .proof.columns import columns
from .proof.documents import documents
from .proof.endpoints import endpoints
from .proof.events import events
from .proof.faults import COMMON, Fault, broken
from .proof.faults_class import CLASS
from .proof.faults_http import HTTP
from .proof.layered import layered
from .proof.models import models
from .proof.template import answer, features

__all__ = ["FAULTS", "WRITERS", "controls", "family", "reference", "slug"]

# The first writer of each form is its reference.
WRITERS: Final = {
    "class": {"columns": columns, "documents": documents, "events": events},
    "http": {"endpoints": endpoints, "models": models, "layered": layered},
}
FAULTS: Final = {"class": (*COMMON, *CLASS), "http": (*COMMON, *HTTP)}
WRONG: Final = {"class": 12, "http": 10}

Spec = dict[str, Any]


def controls(samples: Sequence[Sample]) -> Iterator[Control]:
    """Every family's right answers, at least so many wrong ones, and a form's cheats with its first family."""
    for form in WRITERS:
        families = [family(samples, form, level) for level in (1, 2, 3, 4, 5)]
        sample, spec = families[0][0]
        for name, why, code in cheats(spec):
            yield _control(form, "cheat", name, sample, code, why)
        for members in families:
            yield from _right(form, members)
        yield from _wrong(form, families)


def family(samples: Sequence[Sample], form: str, level: int) -> list[tuple[Sample, Spec]]:
    """The samples of a level in a form, each with its spec."""
    pairs = [(sample, json.loads(sample.target)) for sample in samples if sample.level == level]
    return [(sample, spec) for sample, spec in pairs if spec["form"] == form]


def reference(spec: Spec) -> str:
    """The code of the reference answer to a spec."""
    return next(iter(WRITERS[spec["form"]].values()))(spec)


def slug(name: str) -> str:
    """A name as part of an id."""
    return "".join(letter if letter.isalnum() else "-" for letter in name).replace("--", "-")


def _right(form: str, members: Sequence[tuple[Sample, Spec]]) -> Iterator[Control]:
    """Answers of every writer to the sample with most features, and the reference to more until every feature is had."""
    seen: set[str] = set()
    everything = set().union(*(features(spec) for _, spec in members))
    while seen != everything:
        sample, spec = max(members, key=lambda pair: len(features(pair[1]) - seen))
        for name, write in list(WRITERS[form].items())[: 1 if seen else None]:
            yield _control(form, "right", name, sample, answer(write(spec)), "")
        seen |= features(spec)


def _wrong(form: str, families: Sequence[Sequence[tuple[Sample, Spec]]]) -> Iterator[Control]:
    """Faults over the families: the rarest first where many are possible, each at least once."""
    possible = []
    for members in families:
        rights = [(sample, spec, reference(spec)) for sample, spec in members]
        possible.append({fault.name: pair for fault in FAULTS[form] if (pair := _simplest(rights, fault))})
    homes = Counter(name for names in possible for name in names)
    used: Counter[str] = Counter()
    chosen: list[list[str]] = []
    for names in possible:
        ranked = sorted(names, key=lambda name: (used[name], homes[name]))
        chosen.append(ranked[: WRONG[form]])
        used.update(chosen[-1])
    for level, all_names in enumerate(possible):
        chosen[level] += [name for name in all_names if not used[name]]
        used.update(chosen[level])
    by_name = {fault.name: fault for fault in FAULTS[form]}
    for level, some in enumerate(chosen):
        for name in some:
            sample, code = possible[level][name]
            yield _control(form, "wrong", name, sample, answer(code), by_name[name].why)


def _simplest(rights: Sequence[tuple[Sample, Spec, str]], fault: Fault) -> tuple[Sample, str] | None:
    """The sample with the fewest features that can have the fault, and its wrong answer."""
    for sample, spec, right in sorted(rights, key=lambda one: len(features(one[1]))):
        code = broken(right, spec, fault)
        if code is not None:
            return sample, code
    return None


def _control(form: str, kind: str, name: str, sample: Sample, text: str, why: str) -> Control:
    number = sample.id.removeprefix("crud.").replace(".", "-")
    return Control(
        id=f"{form}-{number}-{kind}-{slug(name)}",
        sample=sample.id,
        answer=text,
        expect="pass" if kind == "right" else "fail",
        why=why or f"right: built as {name}",
    )
