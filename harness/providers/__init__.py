"""How a request becomes a response: one module per SDK, each with `connect(tier)`.

`connect` is an async context manager: it opens one connection to what serves the tier (reads the key, builds the SDK's
client, starts servers) and yields a `Connection`; leaving it closes everything. SDKs are imported inside `connect`. An
adapter is three parts: `build(request)`, pure, what is sent; the call, with the SDK's own retries and redirects off;
`normalise(body)`, pure, what came back. `wire` has what they share. Nothing is sent that the request does not ask for,
and no variable of an SDK changes where it goes or adds a credential.

Promises of every `complete`: it may be called concurrently; a reply of the model, even a refusal or an empty one, is a
`Response`; everything else raises `ProviderError`, whose `fault` says what happened; no message contains a key.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from ..errors import ProviderError
from ..values import Finish, Request, Response, Tier, Usage

__all__ = [
    "Allowance",
    "BatchState",
    "Batches",
    "Complete",
    "Connect",
    "Connection",
    "Listed",
    "Reply",
]

Complete = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a provider's headers say may still be sent before its limits are reset, `reset` seconds from now."""

    requests: int | None = None
    tokens: int | None = None
    reset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model that the provider lists. `retires` is the announced day of its end, if there is one."""

    id: str
    retires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far a batch is: requests that have ended, however, of those it holds (0 where the provider does not say).

    `failed` says why the provider turned the whole batch down; nothing of it was answered then.
    """

    ended: bool
    done: int
    total: int
    failed: str = ""


class Batches(Protocol):
    """What a provider offers to have many requests answered later, at a lower price.

    A batch holds at most `most` requests, whose `size`s add up to at most `most_bytes`; after `kept` its results are gone.
    `tag` is ours and finds a batch again whose id was lost. Faults raise `ProviderError`, `expired` where results are gone.
    """

    most: int
    most_bytes: int
    kept: timedelta

    def size(self, request: Request) -> int:
        """The most bytes that a request takes in a batch."""
        ...

    async def submit(self, requests: Sequence[Request], tag: str) -> str:
        """Hand in requests as one batch; returns the provider's id of it."""
        ...

    async def find(self, tag: str, count: int, since: datetime, taken: Collection[str]) -> str | None:
        """The id of the batch with this tag (or, where tags are not kept, one of this size since then), if not `taken`."""
        ...

    async def state(self, batch: str) -> BatchState:
        """How far it is."""
        ...

    def results(self, batch: str) -> AsyncGenerator[tuple[str, Response | ProviderError], None]:
        """Replies and faults by request key, in any order; requests without either have expired."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What one connection can do: `complete` answers a request; what else is None, the provider does not offer.

    `allowance` gives the latest word of the provider's rate-limit headers; `count` the input tokens of a request, free
    of charge; `models` what the key may use.
    """

    complete: Complete
    allowance: Callable[[], Allowance | None] = lambda: None
    count: Callable[[Request], Awaitable[int]] | None = None
    models: Callable[[], Awaitable[tuple[Listed, ...]]] | None = None
    batches: Batches | None = None


Connect = Callable[[Tier], AbstractAsyncContextManager[Connection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a provider's body says, in our words. `model` is empty where a server does not say which one served."""

    text: str
    finish: Finish
    usage: Usage
    model: str
    raw: Mapping[str, Any]
