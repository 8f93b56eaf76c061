"""What flows from one step to the next. Every value is frozen; bytes from outside are validated where they come in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from .errors import Fault

__all__ = [
    "Answer",
    "Ask",
    "Attempt",
    "Check",
    "Control",
    "Equivalent",
    "Failure",
    "File",
    "Finish",
    "Floor",
    "Generate",
    "Ladder",
    "Outcome",
    "Plan",
    "Price",
    "Procedure",
    "Processing",
    "Prove",
    "Registered",
    "Request",
    "Response",
    "Row",
    "Rule",
    "Sample",
    "Score",
    "Split",
    "Status",
    "Suite",
    "Tier",
    "Usage",
    "Verdict",
    "canonical",
    "digest",
]

Finish = Literal["ok", "refusal", "truncated", "filtered", "empty"]

Processing = Literal["standard", "batch"]

Procedure = Literal["top-down", "cheap-first"]

Status = Literal["proved", "undecided", "no tier qualifies"]

KEY_VERSION = 1

_STRICT = {"extra": "forbid", "strict": True}


def canonical(value: object) -> str:
    """JSON text that is equal for equal values: sorted keys, no spaces, Unicode kept, NaN refused."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(value: object) -> str:
    """SHA-256, in hex, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


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
    in the order in which their evidence is read; units that are new to it come after them. `draws`: the checker draws
    data, from the sample's id among others. `prove` writes the controls, where a program does; `mutated` are patterns of
    the ids of controls whose small faults must all be found, but for the `equivalents`.
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
    draws: bool = False
    prove: Prove | None = None
    mutated: tuple[str, ...] = ()
    equivalents: tuple[Equivalent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a million tokens cost, in `unit`, on a date, by a source.

    `cached` and `cache_write` price input read from and written to the provider's prompt cache (None: like other
    input); `batch` is the share of the price that batch processing costs (None: all of it).
    """

    __pydantic_config__ = _STRICT

    input: Decimal
    output: Decimal
    unit: str
    on: str
    source: str
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    batch: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A model with its parameters and the strategy that turns its replies into one answer.

    `schema` asks for schema-constrained decoding; `vote` n > 1 asks n times and takes the commonest answer.
    `weights` names pinned local weights, `engine` the release that runs them. `price` overrides the price book, and
    `priced_as` (provider/model) names the entry of the book that holds for it. `max_connections` fixes how many requests
    are under way at once (None: as many as the provider takes).
    """

    __pydantic_config__ = _STRICT

    name: str
    provider: str
    model: str
    temperature: Decimal | None = None
    seed: int | None = None
    effort: str | None = None
    schema: bool = False
    vote: int = 1
    base_url: str | None = None
    key_env: str | None = None
    weights: str | None = None
    engine: str | None = None
    price: Price | None = None
    priced_as: str | None = None
    max_connections: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Tiers in their owner's order of price, the reference last. All costs on it are in `unit`.

    `floors`: tiers are tried from the reference downwards, each at full alpha, or the cheapest first at alpha shared
    between them. `table_alpha` shares alpha between all rows of a table as well. `mix` gives the user's workload: shares
    of kinds of work ("crud") and of levels within them ("crud.2"); empty where every sample counts alike.
    """

    name: str
    title: str
    unit: str
    tiers: tuple[Tier, ...]
    floors: Procedure = "top-down"
    table_alpha: bool = False
    mix: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def reference(self) -> Tier:
        return self.tiers[-1]

    def share(self, category: str) -> Decimal | None:
        """The share of a kind of work in the mix (that of its levels together, unless it is given); None without a mix.

        Shares need not add up to 1: they say how kinds of work relate.
        """
        if not self.mix:
            return None
        return self.mix.get(category, sum(self.level_shares(category).values(), Decimal(0)))

    def level_shares(self, category: str) -> dict[int, Decimal]:
        """The shares of a category's levels; empty where the mix does not tell them apart, and each sample counts alike."""
        named = ((level, self.mix.get(f"{category}.{level}")) for level in range(1, 6))
        return {level: share for level, share in named if share is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Exactly what one call sends. `endpoint` is empty for a provider's own address; it never holds credentials.

    `key` is the cache key: everything that can change the reply, and nothing else.
    """

    __pydantic_config__ = _STRICT

    provider: str
    model: str
    endpoint: str
    system: str
    prompt: str
    max_output_tokens: int
    temperature: str | None
    seed: int | None
    effort: str | None
    schema: str | None
    weights: str | None
    engine: str | None
    epoch: int
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", digest({"version": KEY_VERSION, **self.as_dict()}))

    def as_dict(self) -> dict[str, str | int | None]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one reply. `input` includes cached ones, `output` includes reasoning."""

    __pydantic_config__ = _STRICT

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that brought no answer. `took_ms` is how long it lasted, without the wait after it."""

    __pydantic_config__ = _STRICT

    fault: Fault
    why: str
    took_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Exactly what came back. It carries no grade and no price.

    `model` is the model that served; `on` the day of the answer, whose prices were paid; `processing` how it was
    ordered; `latency_ms` is None for a batch; `failed` holds the tries before this one; `raw` the provider's own body.
    """

    __pydantic_config__ = _STRICT

    text: str
    finish: Finish
    usage: Usage
    model: str
    latency_ms: int | None
    on: str
    raw: Mapping[str, Any]
    failed: tuple[Attempt, ...] = ()
    processing: Processing = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a request has no answer: ours or the provider's doing, never the model's. `failed` holds every try."""

    why: str
    failed: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One sample at one tier in one epoch, with the request (or, for a vote, the requests) it takes."""

    suite: str
    sample: Sample
    tier: Tier
    epoch: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What was fixed about a suite and a ladder when the first answers came, as a results folder keeps it.

    `order` are the units in the order in which they are read, of which the first `seen` were looked at; `levels` gives
    the number of samples and of units by level, which weights and horizons rest on. `models` are the models that served
    each tier, `retired` those that served it before: their answers are evidence no longer.
    """

    __pydantic_config__ = _STRICT

    version: str
    rule: Rule
    graded: bool
    order: tuple[str, ...]
    seen: int
    levels: Mapping[str, tuple[int, int]]
    tiers: tuple[str, ...]
    floors: Procedure
    table_alpha: bool
    mix: Mapping[str, Decimal]
    checker: str
    models: Mapping[str, tuple[str, ...]]
    retired: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a run needs answered, in order: suites, then tiers, then samples in their fixed order.

    `registered` holds, by suite, what an earlier run fixed.
    """

    ladder: Ladder
    suites: tuple[Suite, ...]
    asks: tuple[Ask, ...]
    registered: Mapping[str, Registered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tier finally says to a sample, after its strategy has combined the replies."""

    text: str
    finish: Finish
    responses: tuple[Response, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one answer fared. `fail` is the model's doing, `error` is ours or the provider's and leaves a hole.

    `cost` is what the answer costs in the ladder's unit when asked live, stored or not. `graded` identifies answer,
    sample and checker: an outcome with the same one need not be judged again. Tokens and latency sum over the replies;
    latency is None where a reply came in a batch.
    """

    __pydantic_config__ = _STRICT

    suite: str
    sample: str
    level: int
    template: str
    tier: str
    epoch: int
    verdict: Literal["pass", "fail", "error"]
    score: float
    why: str
    details: str
    finish: Finish | None
    cost: Decimal
    input_tokens: int
    output_tokens: int
    latency_ms: int | None
    keys: tuple[str, ...]
    graded: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence says of a tier. `needed` estimates how many more units an inconclusive one wants.

    `method` names the test and `statistic` its result (an e-value, decided at 1/alpha, or a p-value, at alpha).
    `post_hoc` says what was changed after the answers were seen, None for nothing: the error rate then is not alpha.
    """

    kind: Literal["sufficient", "insufficient", "inconclusive"]
    why: str
    method: str
    statistic: float | None = None
    needed: int | None = None
    post_hoc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tier on one kind of work (`level` None: all levels together).

    `planned` samples were meant, `n` are graded, `errors` are holes; `units` are the templates behind the n. Quality
    (estimate, low, high) is the mean over units with Wilson's interval; the gap is tier minus reference on the units
    that both have, with Tango's; both at 1 - 2 alpha. Shares are of graded answers, costs in the ladder's unit. Where
    the mix tells levels apart, quality, gap and costs of all levels together are weighted by it.

    `read` are the units that the verdict stands on: those that both have, in the suite's fixed order up to the last that
    both were asked. `holes` is the share of samples until there that lack an answer. `wins` are the units on which the
    tier scores more than the reference, `losses` those on which it scores less.
    """

    category: str
    level: int | None
    tier: str
    reference: bool
    planned: int
    n: int
    units: int
    errors: int
    passes: int
    quality: tuple[float, float, float] | None
    gap: tuple[float, float, float] | None
    verdict: Verdict
    cost: Decimal | None
    cost_per_success: Decimal | None
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    input_tokens: int
    output_tokens: int
    unparsable: float
    refused: float
    truncated: float
    read: int = 0
    holes: float = 0.0
    wins: int = 0
    losses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The routing floor of one kind of work: the cheapest tier proved sufficient, if one is.

    `status`: `proved`; `undecided` (nobody is proved and nothing is excluded); `no tier qualifies` (the reference itself
    misses the bar). `use` is what a router should call meanwhile: the floor where there is one, else the reference.
    `stopped` is the first tier that the walk met without proof; of the `untested` ones, which it did not come to, nothing
    is claimed. `alarms` are sentences to read before the floor is trusted. `post_hoc` is that of its verdicts.
    """

    category: str
    level: int | None
    status: Status
    tier: str | None
    use: str
    why: str
    rows: tuple[Row, ...]
    stopped: str | None = None
    untested: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    post_hoc: str | None = None
