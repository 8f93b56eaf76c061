"""How a request becomes a response: one module per SDK, each with `connect(tier)`.

`connect` is an async context manager: it opens one connection to what serves the tier (reads the key, builds the SDK's
client, starts servers) and yields `complete(request) -> response`; leaving it closes everything. SDKs are imported
inside `connect`. An adapter is three parts: `build(request)`, pure, the arguments of the call; the call, with the SDK's
own retries off; `normalise(body)`, pure, what came back. Nothing is sent that the request does not ask for.

Promises of every `complete`: it may be called concurrently; a reply of the model, even a refusal or an empty one, is a
`Response`; everything else raises `ProviderError`, whose `kind` says whether another attempt can help; no message
contains a key.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from ..errors import BadInput, ProviderError
from ..values import Finish, Request, Response, Tier, Usage

__all__ = [
    "Complete",
    "Connect",
    "Reply",
    "exchange",
    "finish_of",
    "reply_error",
    "require_key",
    "retry_hint",
    "status_error",
    "transport_error",
]

Raw = TypeVar("Raw")

Complete = Callable[[Request], Awaitable[Response]]
Connect = Callable[[Tier], AbstractAsyncContextManager[Complete]]

_FATAL = frozenset({401, 402, 403, 404})
_TRANSIENT = frozenset({408, 409, 425, 429})
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a provider's body says, in our words; `exchange` adds when it came and how long it took."""

    text: str
    finish: Finish
    usage: Usage
    model: str
    raw: Mapping[str, Any]


async def exchange(
    place: str,
    call: Callable[[], Awaitable[Raw]],
    kind: type[Raw],
    normalise: Callable[[Raw], Reply],
    explain: Callable[[Exception], ProviderError | None],
) -> Response:
    """One call as a response, or a `ProviderError`.

    `kind` is the type a reply must have (SDKs hand a page that is not JSON through as a plain `str`); `explain` knows
    the SDK's error tree and returns None for what lies outside it.
    """
    started = time.monotonic()
    try:
        raw = await call()
    except ProviderError:
        raise
    except Exception as error:
        raise explain(error) or transport_error(place, error) from error
    took = time.monotonic() - started
    if not isinstance(raw, kind):
        raise reply_error(place, f"the reply is no {kind.__name__} but {type(raw).__name__}: {str(raw)[:80]!r}")
    try:
        reply = normalise(raw)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise reply_error(place, f"the reply lacks what was expected ({type(error).__name__}: {error})") from error
    return Response(
        text=reply.text,
        finish=reply.finish,
        usage=reply.usage,
        model=reply.model,
        latency_ms=round(took * 1000),
        on=datetime.now(UTC).date().isoformat(),
        attempts=1,
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
    return ProviderError(place, f"{problem}; try again later", kind="transient")


def status_error(
    place: str, status: int, message: str, *, retry_after: float | None = None, hopeless: bool = False
) -> ProviderError:
    """An HTTP status as an error. `hopeless`: a limit that waiting does not lift (spending limit, daily quota)."""
    if status == 401:
        # A provider's own text repeats parts of the key: it is left out.
        return ProviderError(place, "the key was refused (401); check it", kind="fatal")
    text = message[:300] or "no explanation"
    if hopeless:
        return ProviderError(place, f"{status}: {text}; raise the limit or wait until it is reset", kind="fatal")
    if status in _TRANSIENT or status >= _SERVER_FAULT:
        return ProviderError(place, f"{status}: {text}; try again later", kind="transient", retry_after=retry_after)
    if status in _FATAL:
        return ProviderError(place, f"{status}: {text}; check model, key and address", kind="fatal")
    return ProviderError(place, f"{status}: {text}; this request cannot work", kind="request")


def transport_error(place: str, error: Exception) -> ProviderError:
    """A fault outside an SDK's own tree: cut JSON, raw transport errors, or arguments the SDK refuses."""
    text = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, json.JSONDecodeError):
        return reply_error(place, f"the reply is not JSON ({text})")
    if isinstance(error, TypeError | ValueError | AttributeError):
        return ProviderError(place, f"the call was refused before it was sent ({text})", kind="request")
    return ProviderError(place, f"no connection ({text}); check network and address", kind="transient")


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
