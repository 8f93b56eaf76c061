"""Batches: the same requests, answered within a day or so at a lower price. One module per provider.

Each class implements `Batches` of the package above on its SDK's client. What is sent and how a reply reads is the
adapter's, so that an answer is the same whichever way it was ordered. A fault is `expired` only where the provider says
that results are gone; that it knows no such batch (`no such model`, the fault of any 404) can also be so for some minutes
after it took one, or with another account's key.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from ...errors import ProviderError
from ...values import Request, Response
from .. import Reply
from ..faults import reply_error
from ..wire import Wire

__all__ = ["Adapter", "Bytes", "answered", "day", "each", "json_size", "lines", "streamed", "unanswered"]

T = TypeVar("T")

_END: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """What a provider's adapter lends its batches of one model: the way of its calls and replies."""

    place: str
    wire: Wire
    build: Callable[[Request], dict[str, Any]]
    normalise: Callable[[Mapping[str, Any]], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """A part of a reply that is read like a whole one."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


async def each(adapter: Adapter, source: AsyncIterable[T]) -> AsyncIterator[T]:
    """The items of a stream, or of a list that comes page by page; what breaks it is a `ProviderError`."""
    iterator = aiter(source)
    while (item := await adapter.wire.attempt(adapter.place, lambda: anext(iterator, _END))) is not _END:
        yield item  # type: ignore[misc]


async def streamed(client: Any, path: str) -> AsyncGenerator[bytes, None]:
    """The file at `path`, chunk by chunk; `client` is one of Anthropic's or OpenAI's."""
    from httpx2 import Response as Raw

    reply = await client.get(path, cast_to=Raw, stream=True)
    try:
        async for chunk in reply.aiter_bytes():
            yield chunk
    finally:
        await reply.aclose()


async def lines(adapter: Adapter, chunks: AsyncIterable[bytes]) -> AsyncIterator[Bytes]:
    """The lines of a file as it streams in. Readers of text also break at U+2028, which JSON may hold as it is."""
    rest = b""
    async for chunk in each(adapter, chunks):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield Bytes(content=line)
    if rest.strip():
        yield Bytes(content=rest)


def answered(adapter: Adapter, body: Mapping[str, Any], on: str) -> Response | ProviderError:
    """One reply of a batch; `on` is the day it was made."""
    try:
        reply = adapter.normalise(body)
    except ProviderError as error:
        return error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        problem = f"the reply lacks what was expected ({type(error).__name__}: {error})"
        return reply_error(adapter.place, problem)
    return Response(
        text=reply.text,
        finish=reply.finish,
        usage=reply.usage,
        model=reply.model or adapter.place.partition("/")[2],
        latency_ms=None,
        on=on,
        raw=reply.raw,
        processing="batch",
    )


def unanswered(adapter: Adapter, problem: str) -> ProviderError:
    """A request that the batch ended without answering; it costs nothing."""
    return ProviderError(adapter.place, f"{problem}; run again to ask it anew", fault="expired")


def day(moment: object) -> str:
    """The day, in UTC, of a moment that a provider tells (ISO 8601 or Unix seconds); today if it tells none."""
    if isinstance(moment, str) and moment:
        told = datetime.fromisoformat(moment)
    elif isinstance(moment, int | float) and moment:
        told = datetime.fromtimestamp(moment, UTC)
    else:
        told = datetime.now(UTC)
    return told.astimezone(UTC).date().isoformat()


def json_size(value: object) -> int:
    """The most bytes that `value` and a separator take as JSON, however a client writes it."""
    return len(json.dumps(value)) + 2
