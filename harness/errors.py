"""Everything tierfloor raises, as one tree.

TierfloorError                 one line: place, what is wrong, what to do
├── BadInput                   exit 2   a file, option or environment the user can mend
│   ├── MissingExtra           an optional package is not installed
│   └── WeightsError           local weights are absent or have the wrong hash
├── CheckFailed                exit 1   a check or gate says no
├── Incomplete                 exit 3   answers are missing, or outcomes are errors
├── BudgetReached              exit 4   nothing more is asked; what was paid for is kept
├── ProviderError              a request got no answer; becomes an `error` outcome
└── CheckerError               a checker could not judge; becomes an `error` outcome
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar, Final, Literal

__all__ = [
    "BadInput",
    "BudgetReached",
    "CheckFailed",
    "CheckerError",
    "Fault",
    "Incomplete",
    "MissingExtra",
    "ProviderError",
    "TierfloorError",
    "WeightsError",
    "did_you_mean",
    "maybe_billed",
]


Fault = Literal[
    # Another attempt can help.
    "rate limit",
    "overloaded",
    "server fault",
    "timeout",
    "no connection",
    "connection lost",
    "unreadable reply",
    # This request never works, others may.
    "bad request",
    "expired",
    # No request to this tier works.
    "key refused",
    "limit reached",
    "not allowed",
    "no such model",
]

_REQUEST: Final[frozenset[Fault]] = frozenset({"bad request", "expired"})
_FATAL: Final[frozenset[Fault]] = frozenset({"key refused", "limit reached", "not allowed", "no such model"})
_UNSEEN: Final[frozenset[Fault]] = frozenset({"timeout", "connection lost", "unreadable reply"})


class TierfloorError(Exception):
    """Base of all our errors; `str()` is the one line that a user reads."""

    exit_code: ClassVar[int] = 2

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(" ".join(f"{place}: {problem}".split()))
        self.place = place
        self.problem = problem


class BadInput(TierfloorError):
    """Something the user wrote, set or passed is wrong."""


class MissingExtra(BadInput):
    """An optional package is needed and not installed."""


class WeightsError(BadInput):
    """Weights of a local tier are absent, incomplete or not the pinned ones."""


class CheckFailed(TierfloorError):
    """A check or a gate ran and says no."""

    exit_code = 1


class Incomplete(TierfloorError):
    """Something that was asked for could not be finished."""

    exit_code = 3


class BudgetReached(TierfloorError):
    """The spending limit stops further requests; every paid answer is kept."""

    exit_code = 4


class ProviderError(TierfloorError):
    """A request got no usable answer; `fault` names the reason. `retry_after` is the server's hint in seconds."""

    exit_code = 3

    def __init__(self, place: str, problem: str, *, fault: Fault, retry_after: float | None = None) -> None:
        super().__init__(place, problem)
        self.fault: Fault = fault
        self.retry_after = retry_after

    @property
    def kind(self) -> Literal["transient", "request", "fatal"]:
        """Whether another attempt can help, this request never works, or no request to the tier does."""
        if self.fault in _FATAL:
            return "fatal"
        return "request" if self.fault in _REQUEST else "transient"


class CheckerError(TierfloorError):
    """A checker or its sandbox failed; says nothing about the answer."""

    exit_code = 3


def maybe_billed(fault: Fault) -> bool:
    """Whether the provider may have written, and billed, an answer that never reached us."""
    return fault in _UNSEEN


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown `word`: the nearest known name, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"
