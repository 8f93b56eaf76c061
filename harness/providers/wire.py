"""One exchange over the wire, the same for every SDK: a reply is read and timed, whatever else happens is named."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from ..errors import BadInput, ProviderError
from ..secrets import hide, hide_in
from ..values import Finish, Request, Response, Tier
from . import Allowance, Reply
from .faults import network_error, reply_error, retry_hint, status_error

__all__ = ["NO_KEY", "TIMEOUT", "Received", "Wire", "allowance_of", "finish_of", "key_of", "tokens"]

# SDKs insist on a key; servers that need none ignore it.
NO_KEY: Final = "none"
# Seconds; replies of slow models take minutes, and whoever asks sets a limit of its own.
TIMEOUT: Final = 600.0

T = TypeVar("T")

# JSON knows no NaN; some servers send it, and it could not be stored.
_JSON: Final = json.JSONDecoder(parse_constant=str)
# Half a character, written as an escape: a reply that was cut inside one. UTF-8 has no place for it.
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")

_BUCKETS: Final = (
    ("anthropic-ratelimit-{0}-{1}", ("requests", "tokens", "input-tokens", "output-tokens")),
    ("x-ratelimit-{1}-{0}", ("requests", "tokens")),
)
_SECONDS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PERIOD: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")


class Received(Protocol):
    """What a call brings: httpx2's `Response` is one."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def content(self) -> bytes: ...


class Wire:
    """The exchanges of one connection with `address`.

    It keeps `key` out of every text and remembers the latest headers. `refused` is the SDK's class of errors that a
    server told.
    """

    def __init__(self, address: str, key: str, refused: type[Exception]) -> None:
        self._address = address
        self._key = "" if key == NO_KEY else key
        self._refused = refused
        self._heard: tuple[Mapping[str, str], datetime] | None = None
        self._allowance: Allowance | None = None

    async def answer(
        self, request: Request, call: Callable[[], Awaitable[Received]], normalise: Callable[[Mapping[str, Any]], Reply]
    ) -> Response:
        """One call as a response, or a `ProviderError`."""
        place = f"{request.provider}/{request.model}"
        started = time.monotonic()
        received = await self.attempt(place, call)
        took = time.monotonic() - started
        reply = self.read(place, received, normalise)
        return Response(
            text=reply.text,
            finish=reply.finish,
            usage=reply.usage,
            model=reply.model or request.model,
            latency_ms=round(took * 1000),
            on=datetime.now(UTC).date().isoformat(),
            raw=reply.raw,
        )

    async def attempt(self, place: str, call: Callable[[], Awaitable[T]]) -> T:
        """Any call of the SDK; its errors end as a `ProviderError`."""
        try:
            result = await call()
        except ProviderError:
            raise
        except Exception as error:  # noqa: BLE001 - SDKs let errors of several libraries through
            raise self._hidden(place, self.explain(place, error) or network_error(place, error)) from None
        headers = getattr(result, "headers", None)
        if headers is not None:
            self._heard = (headers, datetime.now(UTC))
        return result

    def read(self, place: str, received: Received, reader: Callable[[Mapping[str, Any]], T]) -> T:
        """What `reader` makes of the body; what it cannot read is a `ProviderError`."""
        try:
            return reader(self._body(place, received.content))
        except ProviderError as error:
            raise self._hidden(place, error) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            problem = f"the reply lacks what was expected ({type(error).__name__}: {error})"
            raise self._hidden(place, reply_error(place, problem)) from None

    def explain(self, place: str, error: Exception) -> ProviderError | None:
        """An error that the server told; None for any other. Anthropic and OpenAI share names here, Google has others."""
        if not isinstance(error, self._refused):
            return None
        told: Any = error
        headers = getattr(told.response, "headers", None) or {}
        now = datetime.now(UTC)
        self._heard = (headers, now)
        return status_error(
            place,
            told.status_code if hasattr(told, "status_code") else told.code,
            told.body if hasattr(told, "body") else told.details,
            retry_after=retry_hint(headers, now),
            retry=headers.get("x-should-retry") != "false",
            address=self._address,
        )

    def allowance(self) -> Allowance | None:
        """What the latest headers leave, None where they say nothing; the same object until others come."""
        if self._heard is not None:
            self._allowance, self._heard = allowance_of(*self._heard), None
        return self._allowance

    def _body(self, place: str, content: bytes) -> Mapping[str, Any]:
        try:
            body = _JSON.decode(content.decode())
            if self._key:
                body = hide_in(body, self._key)
            if _HALF.search(content):
                body = _whole(body)
        except (RecursionError, ValueError) as error:
            start = " ".join(content[:80].decode(errors="replace").split())
            raise reply_error(place, f"the reply is not JSON ({error}): {start!r}") from None
        if not isinstance(body, dict):
            raise reply_error(place, f"the reply is no JSON object but {str(body)[:80]!r}")
        return body

    def _hidden(self, place: str, error: ProviderError) -> ProviderError:
        problem = hide(error.problem, self._key)
        return ProviderError(place, problem, fault=error.fault, retry_after=error.retry_after)


def key_of(tier: Tier, *own: str) -> str:
    """The key for a tier: what `key_env` names, else the first of the provider's `own` variables that is set.

    A provider's own key never goes to an address that the tier names: there it is `NO_KEY`, unless `key_env` is set.
    """
    if tier.key_env is None and (tier.base_url or not own):
        return NO_KEY
    names = (tier.key_env,) if tier.key_env else own
    for name in names:
        key = os.environ.get(name, "").strip()
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise BadInput(tier.provider, f"no key: {name} holds characters that no key has; copy it again")
        if key:
            return key
    wanted = " or ".join(names)
    raise BadInput(tier.provider, f"no key: set {wanted}, or use --offline to work from stored answers only")


def finish_of(reason: str | None, text: str, table: Mapping[str, Finish]) -> Finish:
    """The finish class of a provider's stop reason; a regular end without text is `empty`."""
    finish = table.get(reason or "", "ok")
    return "empty" if finish == "ok" and not text.strip() else finish


def tokens(counts: Mapping[str, Any] | None, name: str) -> int:
    """The count of this name; absent and null are 0. Raises `ValueError` for what is no count."""
    found = (counts or {}).get(name) or 0
    if isinstance(found, bool) or found != int(found) or found < 0:
        raise ValueError(f"{name} is {found!r}")
    return int(found)


def allowance_of(headers: Mapping[str, str], now: datetime) -> Allowance | None:
    """What Anthropic's or OpenAI's headers leave; None without them.

    `tokens` is the scarcest of the kinds of tokens, `reset` the time until the scarcer of requests and tokens, by the
    share that is left, is refilled. What cannot be read is left out.
    """
    limits = {name.lower(): value for name, value in headers.items() if "ratelimit" in name.lower()}
    found: list[tuple[float, str, int, float]] = []
    for form, kinds in _BUCKETS if limits else ():
        for kind in kinds:
            left = _count(limits.get(form.format(kind, "remaining"), ""))
            most = _count(limits.get(form.format(kind, "limit"), ""))
            reset = _until(limits.get(form.format(kind, "reset"), ""), now)
            if left is not None:
                share = left / most if most else float(left > 0)
                found.append((share, kind.rpartition("-")[2], left, reset or 0.0))
    if not found:
        return None
    least = {kind: min(each[2] for each in found if each[1] == kind) for _, kind, _, _ in found}
    return Allowance(requests=least.get("requests"), tokens=least.get("tokens"), reset=min(found)[3])


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() else None


def _until(text: str, now: datetime) -> float | None:
    """Seconds until a moment (RFC 3339) or after a period such as `6m0s`, `12ms` or `1.5`."""
    if "T" in text:
        try:
            return max(0.0, (datetime.fromisoformat(text) - now).total_seconds())
        except (TypeError, ValueError):
            return None
    if re.fullmatch(r"\d{1,5}(\.\d+)?", text):
        return float(text)
    if not text or _PERIOD.sub("", text):
        return None
    return sum(float(amount) * _SECONDS[unit] for amount, unit in _PERIOD.findall(text))


def _whole(body: Any) -> Any:
    """The body with the sign for an unreadable character in place of every half one."""
    return json.loads(
        json.dumps(body, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
