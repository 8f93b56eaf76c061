"""What a server or the network did, as a `ProviderError` with the right fault. Pure functions, and no SDK is imported."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ..errors import Fault, ProviderError

__all__ = ["network_error", "reply_error", "retry_hint", "status_error"]

_STATUS: Final[Mapping[int, Fault]] = {
    401: "key refused",
    402: "limit reached",
    403: "not allowed",
    404: "no such model",
    408: "timeout",
    409: "overloaded",
    425: "overloaded",
    429: "rate limit",
    503: "overloaded",
    # Gateways that gave up on a server, which may still have answered.
    504: "timeout",
    524: "timeout",
    529: "overloaded",
}

# Words by which an error names itself and that say more than its status.
_NAMED: Final[Mapping[str, Fault]] = {
    "API_KEY_INVALID": "key refused",
    "billing_error": "limit reached",
    "billing_hard_limit_reached": "limit reached",
    "billing_not_active": "limit reached",
    "insufficient_quota": "limit reached",
    "model_not_found": "no such model",
    # Google, of countries and of projects without billing.
    "FAILED_PRECONDITION": "not allowed",
}
# Words that must do where an error comes without a status: in a body with status 200, or in a batch.
_UNNUMBERED: Final[Mapping[str, Fault]] = {
    "api_error": "server fault",
    "authentication_error": "key refused",
    "not_found_error": "no such model",
    "overloaded_error": "overloaded",
    "permission_error": "not allowed",
    "rate_limit_error": "rate limit",
    "rate_limit_exceeded": "rate limit",
    "server_error": "server fault",
    "timeout_error": "timeout",
}
_SPENT: Final = re.compile(r"_spend_limit_reached$|PerDay")
# Two limits that only the message tells: Anthropic's balance, and OpenAI's 429 for what exceeds a minute's tokens.
_NO_CREDIT: Final = "credit balance is too low"
_TOO_LARGE: Final = "Request too large"

_REMEDY: Final[Mapping[Fault, str]] = {
    "bad request": "this request cannot work",
    "limit reached": "raise the limit or wait until it is reset",
    "not allowed": "check what the key may use",
    "no such model": "check the model and {}",
}

# Classes of aiohttp, httpx2 and Python, by name and in the order in which they decide: SDKs wrap one in another, and
# OpenAI's maps a connection that was closed while it waited to a timeout of connecting.
_NETWORK: Final[tuple[tuple[Fault, frozenset[str]], ...]] = (
    ("no connection", frozenset({
        "ClientConnectorError", "ConnectionTimeoutError", "ClientHttpProxyError", "InvalidURL", "NonHttpUrlClientError",
        "ServerFingerprintMismatch", "ConnectionRefusedError", "gaierror",
    })),
    ("connection lost", frozenset({
        "ServerDisconnectedError", "ClientOSError", "ClientPayloadError", "ClientConnectionResetError",
        "ConnectionResetError", "BrokenPipeError", "ReadError", "WriteError", "CloseError", "RemoteProtocolError",
    })),
    ("no connection", frozenset({"ConnectTimeout", "ConnectError", "PoolTimeout", "ProxyError", "UnsupportedProtocol"})),
    ("timeout", frozenset({"TimeoutError", "TimeoutException", "APITimeoutError"})),
    ("unreadable reply", frozenset({
        "ClientResponseError", "DecodingError", "JSONDecodeError", "UnicodeDecodeError", "UnknownApiResponseError",
    })),
    # Before anything was sent, except for lists, which the SDK reads itself.
    ("bad request", frozenset({"AttributeError", "KeyError", "TypeError", "ValueError"})),
)  # fmt: skip
_WORDS: Final[Mapping[Fault, str]] = {
    "no connection": "no connection ({}); check network and address",
    "connection lost": "the connection broke before the reply was complete ({}); try again later",
    "timeout": "no reply in time ({}); try again later",
    "unreadable reply": "the reply is not what was expected ({}); try again later",
    "bad request": "the call failed inside the SDK ({}); this request cannot work",
}


def status_error(
    place: str,
    status: int,
    body: object,
    *,
    retry_after: float | None = None,
    retry: bool = True,
    address: str = "the address",
) -> ProviderError:
    """An error that a server told: with an HTTP status, or (below 400) in a body that only names it.

    A hint in `body`, which may also be a text, goes before `retry_after`; neither counts where waiting is of no use.
    `retry` is False where the server says that another attempt is useless: a fault that usually passes is then a
    "bad request", which fails alone.
    """
    error = _inner(body)
    details = list(_details(error))
    marks = [mark for each in (error, *details) for mark in _marks(each)]
    message = _message(error)
    fault = _fault(status, message, marks)
    if not retry and ProviderError(place, message, fault=fault).kind == "transient":
        fault = "bad request"
    if fault == "key refused":
        # A provider's own text repeats parts of the key: it is left out.
        return ProviderError(place, f"the key was refused ({status}); check it", fault=fault)
    remedy = _REMEDY.get(fault, "try again later").format(address)
    label = status if status >= 300 else next(iter(marks), "failed")
    found = ProviderError(place, f"{label}: {message}; {remedy}", fault=fault)
    if found.kind == "transient":
        hints = [_duration(str(detail["retryDelay"])) for detail in details if "retryDelay" in detail]
        found.retry_after = next(iter(hints), None) or retry_after
    return found


def network_error(place: str, error: BaseException) -> ProviderError:
    """An error that came from no server: the network's, a cut body's, or the SDK's own."""
    chain = list(_causes(error))
    names = {cls.__name__ for link in chain for cls in type(link).__mro__}
    # Whatever is unknown may have reached the provider.
    fault: Fault = next((fault for fault, known in _NETWORK if names & known), "connection lost")
    text = f"{type(chain[-1]).__name__}: {chain[-1]}"[:300]
    return ProviderError(place, _WORDS[fault].format(text), fault=fault)


def reply_error(place: str, problem: str) -> ProviderError:
    """A reply that cannot be read; a gateway's page or a cut body usually is gone at the next attempt."""
    return ProviderError(place, f"{problem}; try again later", fault="unreadable reply")


def retry_hint(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the headers `retry-after-ms` or `retry-after` (seconds or a date)."""
    try:
        if "retry-after-ms" in headers:
            return _bounded(float(headers["retry-after-ms"]) / 1000)
        after = headers.get("retry-after", "").strip()
        if not after or after[0].isdigit():
            return _bounded(float(after)) if after else None
        return _bounded((parsedate_to_datetime(after) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _bounded(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _duration(text: str) -> float | None:
    """A protobuf duration such as `45.837s`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", text)
    return float(match[1]) if match else None


def _fault(status: int, message: str, marks: Sequence[str]) -> Fault:
    if _NO_CREDIT in message or any(_SPENT.search(mark) for mark in marks):
        return "limit reached"
    if _TOO_LARGE in message:
        return "bad request"
    if 300 <= status < 400:
        # Redirects are not followed: they would carry the key to an address that nobody named.
        return "no such model"
    known = _NAMED if status >= 400 else {**_NAMED, **_UNNUMBERED}
    named = next((known[mark] for mark in marks if mark in known), None)
    return named or _STATUS.get(status, "server fault" if status >= 500 else "bad request")


def _inner(body: object) -> Mapping[str, Any] | str:
    """The error inside a body; SDKs hand over the whole of it, its `error`, or the text that was no JSON."""
    if isinstance(body, Mapping):
        error = body.get("error", body)
        return error if isinstance(error, Mapping) else str(error)
    return str(body or "")


def _message(error: Mapping[str, Any] | str) -> str:
    text = str(error.get("message") or json.dumps(error, default=str)) if isinstance(error, Mapping) else error
    return " ".join(text.split())[:300] or "no explanation"


def _details(error: Mapping[str, Any] | str) -> Iterator[Mapping[str, Any]]:
    """Anthropic's `details` is one object, Google's a list of them, whose quotas have a list again."""
    found = error.get("details") if isinstance(error, Mapping) else None
    for detail in found if isinstance(found, list) else [found]:
        if isinstance(detail, Mapping):
            yield detail
            violations = detail.get("violations")
            yield from (each for each in violations or () if isinstance(each, Mapping))


def _marks(error: Mapping[str, Any] | str) -> Iterator[str]:
    if isinstance(error, Mapping):
        names = ("code", "type", "status", "error_code", "reason", "quotaId")
        yield from (str(error[name]) for name in names if error.get(name))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
