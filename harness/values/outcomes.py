"""How answers fared, and what follows from it: rows, verdicts and floors."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from .requests import Finish, Response

__all__ = ["Answer", "Floor", "Outcome", "Row", "Status", "Verdict"]

Status = Literal["proved", "undecided", "no tier qualifies"]

_STRICT = {"extra": "forbid", "strict": True}


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
    latency is None where a reply came in a batch. `isolation` names what the answer's code ran in to be judged; empty
    where none ran.
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
    isolation: str = ""


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

    `unasked` samples have an answer of the tier but none of the reference (of the reference: of some tier), which was not
    needed for the verdict. Gap, wins and losses then, and all that is said of the reference, are those of the units
    before the first such sample: what is asked only where a tier fails is harder than the rest.
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
    unasked: int = 0


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
