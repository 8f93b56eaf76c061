"""What a run is given, and what it says while it lasts."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ..pace import Pace
from ..providers import Connection
from ..values import Request, Response, Tier
from .keeper import Keep

__all__ = ["Patience", "Progress", "Terms"]

_LONGEST_JITTER: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a request is tried: `retries` further tries, `timeout` seconds each, no wait above `max_wait`.

    After `deadline` seconds from its first try it is given up, whatever it is doing.
    """

    retries: int = 5
    max_wait: float = 120.0
    timeout: float = 600.0
    deadline: float = 1800.0

    def wait(self, tries: int, hint: float | None, dice: random.Random) -> float:
        """Seconds before the next of so many tries: the server's hint, capped, else full jitter over a doubling range.

        (Full jitter: the AWS architecture blog, "Exponential Backoff And Jitter", 2015.)
        """
        if hint is not None:
            return min(hint, self.max_wait)
        return dice.uniform(0, min(_LONGEST_JITTER, self.max_wait, 0.5 * 2**tries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the asking of a tier stands; `spent` and `uncertain` are the whole run's, in the ladder's unit.

    `connections` are under way; `waiting` seconds are left of a pause, for the reason `why`; `stopped` says in one line
    why nothing more is asked of the tier; with `ended` no further report of it comes.
    """

    tier: str
    done: int
    total: int
    failed: int
    connections: int
    spent: Decimal
    uncertain: Decimal
    waiting: float = 0.0
    why: str = ""
    stopped: str = ""
    ended: bool = False


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The way to a provider, the store and the prices.

    `keep` stores several answers at once and returns what is kept; it is called in a thread of its own, where `release`
    is called in the end. `worst` and `cost` price a request beforehand and its answer afterwards. `connections` overrides
    what tiers say of theirs, `pace` makes the pace of a model. `log` gets a line per failed try and per change of a pace.
    """

    connect: Callable[[Tier], AbstractAsyncContextManager[Connection]]
    keep: Keep
    worst: Callable[[Tier, Request], Decimal]
    cost: Callable[[Tier, Response], Decimal]
    report: Callable[[Progress], None]
    release: Callable[[], None] = _nothing
    patience: Patience = field(default_factory=Patience)
    connections: int | None = None
    pace: Callable[..., Pace] = Pace
    dice: random.Random = field(default_factory=random.Random)
    log: Callable[[str], None] = _nothing
