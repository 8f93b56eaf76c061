"""How a request becomes a response: one module per SDK, each with `connect(tier)`.

`connect` is an async context manager: it opens one connection to what serves the tier (reads the key, builds the SDK's
client, starts servers) and yields a `Connection`; leaving it closes everything. SDKs are imported inside `connect`. An
adapter is three parts: `build(request)`, pure, the arguments of the call; the call, with the SDK's own retries off;
`normalise(body)`, pure, what came back. Nothing is sent that the request does not ask for.

Promises of every `complete`: it may be called concurrently; a reply of the model, even a refusal or an empty one, is a
`Response`; everything else raises `ProviderError`, whose `fault` says what happened; no message contains a key.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any, Protocol

from ..errors import BadInput, Fault, ProviderError
from ..values import Finish, Request, Response, Tier, Usage

__all__ = [
    "Allowance",
    "BatchState",
    "Batches",
    "Complete",
    "Connect",
    "Connection",
    "Listed",
    "Reader",
    "Reply",
    "exchange",
    "finish_of",
    "reply_error",
    "require_key",
    "retry_hint",
    "sdk_error",
    "status_error",
    "transport_error",
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
    """How far a batch is: requests that have ended, however, of those it holds."""

    ended: bool
    done: int
    total: int


class Batches(Protocol):
    """What a provider offers to have many requests answered later, at a lower price.

    `tag` is ours and finds a batch again whose id was lost. Faults raise `ProviderError`.
    """

    most: int

    async def submit(self, requests: Sequence[Request], tag: str) -> str:
        """Hand in requests as one batch; returns the provider's id of it."""
        ...

    async def find(self, tag: str, count: int, since: datetime) -> str | None:
        """The id of the batch with this tag (or, where tags are not kept, the one of this size since then)."""
        ...

    async def state(self, batch: str) -> BatchState:
        """How far it is."""
        ...

    def results(self, batch: str) -> AsyncIterator[tuple[str, Response | ProviderError]]:
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

_STATUS: Mapping[int, Fault] = {
    402: "limit reached",
    403: "not allowed",
    404: "no such model",
    408: "timeout",
    409: "overloaded",
    425: "overloaded",
    429: "rate limit",
    503: "overloaded",
    529: "overloaded",
}
_LIMITS = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a provider's body says, in our words; `exchange` adds when it came and how long it took."""

    text: str
    finish: Finish
    usage: Usage
    model: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one SDK's replies and errors read.

    `kind` is the type a reply must have, since SDKs hand a page that is not JSON through as a plain `str`; `explain`
    knows the SDK's error tree and gives None for what lies outside it; `secret` is kept out of every message.
    """

    kind: type
    normalise: Callable[[Any], Reply]
    explain: Callable[[str, Exception], ProviderError | None]
    secret: str = ""


async def exchange(place: str, call: Callable[[], Awaitable[Any]], reader: Reader) -> Response:
    """One call as a response, or a `ProviderError`."""
    try:
        return await _exchange(place, call, reader)
    except ProviderError as error:
        if not reader.secret or reader.secret not in str(error):
            raise
        hidden = error.problem.replace(reader.secret, "[key]")
        raise ProviderError(place, hidden, fault=error.fault, retry_after=error.retry_after) from None


async def _exchange(place: str, call: Callable[[], Awaitable[Any]], reader: Reader) -> Response:
    started = time.monotonic()
    try:
        raw = await call()
    except Exception as error:
        raise reader.explain(place, error) or transport_error(place, error) from error
    took = time.monotonic() - started
    if not isinstance(raw, reader.kind):
        wanted, found = reader.kind.__name__, type(raw).__name__
        raise reply_error(place, f"the reply is no {wanted} but {found}: {str(raw)[:80]!r}")
    try:
        reply = reader.normalise(raw)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise reply_error(place, f"the reply lacks what was expected ({type(error).__name__}: {error})") from error
    return Response(
        text=reply.text,
        finish=reply.finish,
        usage=reply.usage,
        model=reply.model,
        latency_ms=round(took * 1000),
        on=datetime.now(UTC).date().isoformat(),
        raw=reply.raw,
    )


def require_key(provider: str, key_env: str) -> str:
    """The key from the environment variable `key_env`."""
    key = os.environ.get(key_env, "").strip()
    if not key:
        raise BadInput(provider, f"no key: set {key_env}, or use --offline to work from stored answers only")
    return key


def reply_error(place: str, problem: str) -> ProviderError:
    """A reply that cannot be read; a gateway's page or a cut body usually is gone at the next attempt."""
    return ProviderError(place, f"{problem}; try again later", fault="unreadable reply")


def status_error(
    place: str, status: int, message: str, *, retry_after: float | None = None, hopeless: bool = False
) -> ProviderError:
    """An HTTP status as an error. `hopeless`: a limit that waiting does not lift (spending limit, daily quota)."""
    if status == 401:
        # A provider's own text repeats parts of the key: it is left out.
        return ProviderError(place, "the key was refused (401); check it", fault="key refused")
    text = message[:300] or "no explanation"
    if hopeless:
        return ProviderError(
            place, f"{status}: {text}; raise the limit or wait until it is reset", fault="limit reached"
        )
    fault = _STATUS.get(status, "server fault" if status >= 500 else "bad request")
    error = ProviderError(place, text, fault=fault, retry_after=retry_after)
    remedy = {
        "transient": "try again later",
        "fatal": "check model, key and address",
        "request": "this request cannot work",
    }[error.kind]
    return ProviderError(place, f"{status}: {text}; {remedy}", fault=fault, retry_after=retry_after)


def sdk_error(place: str, error: Exception, sdk: ModuleType) -> ProviderError | None:
    """An error of the SDKs `anthropic` and `openai`, whose trees have the same names; None for what lies outside."""
    if isinstance(error, sdk.APIStatusError):
        marks = {str(getattr(error, name, "")) for name in ("code", "type", "error_code")}
        return status_error(
            place,
            error.status_code,
            error.message,
            retry_after=retry_hint(error.response.headers, datetime.now(UTC)),
            hopeless=any(mark in _LIMITS or mark.endswith("spend_limit_reached") for mark in marks),
        )
    if isinstance(error, sdk.APIConnectionError):
        cause = error.__cause__ or error
        return ProviderError(
            place, f"no connection ({type(cause).__name__}: {cause}); check network and address", fault="no connection"
        )
    if isinstance(error, sdk.APIError):
        return reply_error(place, error.message)
    return None


def transport_error(place: str, error: Exception) -> ProviderError:
    """A fault outside an SDK's own tree: cut JSON, raw transport errors, or arguments the SDK refuses."""
    text = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return reply_error(place, f"the reply is not JSON ({text})")
    if isinstance(error, TypeError | ValueError | AttributeError):
        return ProviderError(place, f"the call was refused before it was sent ({text})", fault="bad request")
    return ProviderError(place, f"no connection ({text}); check network and address", fault="no connection")


def retry_hint(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the headers `retry-after-ms` or `retry-after` (seconds or a date)."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        after = headers.get("retry-after", "")
        if not after:
            return None
        if after.replace(".", "", 1).isdigit():
            return float(after)
        return max(0.0, (parsedate_to_datetime(after) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def finish_of(reason: str, text: str, table: Mapping[str, Finish]) -> Finish:
    """The finish class of a provider's stop reason; a regular end without text is `empty`."""
    finish = table.get(reason, "ok")
    return "empty" if finish == "ok" and not text.strip() else finish
