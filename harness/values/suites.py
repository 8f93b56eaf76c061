"""Kinds of work: suites, their samples, their rules and the proof of their checkers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

__all__ = ["Check", "Control", "Equivalent", "File", "Generate", "Prove", "Rule", "Sample", "Score", "Split", "Suite"]

_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that a sample hands to the model or to its checker."""

    __pydantic_config__ = _STRICT

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One item of a suite.

    `input` fills the suite's prompt; `target` is always text (canonical JSON where structured) and is seen by the
    checker only. `metadata` holds at least `level` (1-5) and `template`: samples of one template are one unit of
    evidence.
    """

    __pydantic_config__ = _STRICT

    id: str
    input: str
    target: str
    files: tuple[File, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> int:
        return int(self.metadata["level"])

    @property
    def template(self) -> str:
        return str(self.metadata["template"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a checker says of one answer: `value` 0..1 (1 passes), `why` a short code when it fails, `details` free."""

    value: float
    why: str = ""
    details: str = ""


Check = Callable[[Sample, str], Score]
Generate = Callable[[str, int, int], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """An answer whose verdict is known: the proof of a checker. `why` is the checker's code where it must fail."""

    __pydantic_config__ = _STRICT

    id: str
    sample: str
    answer: str
    expect: Literal["pass", "fail"]
    why: str


Prove = Callable[[Sequence[Sample]], Iterable[Control]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A mutant of a right answer that does what the spec says all the same, and the reason why.

    `of` is the id of the control, or a pattern for several; `where` and `change` name the mutant in it.
    """

    __pydantic_config__ = _STRICT

    of: str
    where: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a tier counts as good enough, fixed before any answer is seen.

    `margin`: tolerated loss against the reference; `alpha`: error rate; `bar`: quality that is needed anyway;
    `horizon`: planned number of units; `method`: `sequential` (betting e-process) or `fixed` (exact paired test).
    """

    __pydantic_config__ = _STRICT

    margin: Decimal
    alpha: Decimal
    bar: Decimal
    horizon: int
    method: Literal["sequential", "fixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Where a split's samples come from: our generator, a file, or a Hub dataset.

    Generated: `seed` and the number of samples `per_level` (levels 1 to 5), frozen in `data/<id>.<split>.jsonl`.
    Otherwise `file` (JSON lines, CSV or Parquet, relative to the suite) or `hub` with a pinned `revision`; `columns`
    maps our words (id, input, target, level, template) to theirs.
    """

    __pydantic_config__ = _STRICT

    seed: str | None = None
    per_level: tuple[int, ...] = ()
    file: str | None = None
    hub: str | None = None
    revision: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One kind of work: its samples, prompt, rule, checker and the proof of the checker.

    `system` is sent as it is; `user` is a template filled from the sample. `schema` is the canonical JSON Schema text
    that schema-constrained tiers send. `hash` covers samples, prompt and checker; `checker_hash` the checker alone.
    `graded`: parts of a score count; else only whole passes do. `order` are the units that a results folder registered,
    in the order in which their evidence is read; units that are new to it come after them. `runs_code`: judging an
    answer runs its code, in the sandbox. `draws`: the checker draws data, from the sample's id among others. `prove`
    writes the controls, where a program does; `mutated` are patterns of the ids of controls whose small faults must all
    be found, but for the `equivalents`.
    """

    id: str
    version: str
    category: str
    title: str
    license: str
    rows: tuple[str, ...]
    folder: Path
    system: str
    user: str
    schema: str | None
    max_output_tokens: int
    epochs: int
    rule: Rule
    split: str
    splits: Mapping[str, Split]
    samples: tuple[Sample, ...]
    controls: tuple[Control, ...]
    check: Check
    generate: Generate | None
    checker_hash: str
    hash: str
    graded: bool = False
    order: tuple[str, ...] = ()
    runs_code: bool = False
    draws: bool = False
    prove: Prove | None = None
    mutated: tuple[str, ...] = ()
    equivalents: tuple[Equivalent, ...] = ()
