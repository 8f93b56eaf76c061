"""Claude through Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ..errors import BadInput
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Reader, Reply, exchange, finish_of, require_key, sdk_error

__all__ = ["build", "connect", "normalise"]

_ADDRESS = "https://api.anthropic.com"
# Given explicitly, since the SDK refuses long replies at its default timeout.
_TIMEOUT = 600.0
_FINISH: Mapping[str, Finish] = {
    "refusal": "refusal",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "pause_turn": "truncated",
}


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to Anthropic, or to `tier.base_url`, with the key in `tier.key_env` or ANTHROPIC_API_KEY."""
    import anthropic

    if tier.seed is not None:
        raise BadInput(tier.name, "Anthropic's API has no seed; remove it from the tier")
    key = require_key("anthropic", tier.key_env or "ANTHROPIC_API_KEY")
    reader = Reader(
        kind=anthropic.types.Message,
        normalise=lambda raw: normalise(raw.model_dump(mode="json", exclude_unset=True)),
        explain=lambda place, error: sdk_error(place, error, anthropic),
        secret=key,
    )
    async with anthropic.AsyncAnthropic(
        api_key=key, base_url=tier.base_url or _ADDRESS, max_retries=0, timeout=_TIMEOUT
    ) as client:

        async def complete(request: Request) -> Response:
            sent = build(request)
            return await exchange(f"anthropic/{request.model}", lambda: client.messages.create(**sent), reader)

        yield Connection(complete=complete)


def build(request: Request) -> dict[str, Any]:
    """The arguments of `messages.create`."""
    sent: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": [{"role": "user", "content": request.prompt}],
    }
    if request.system:
        sent["system"] = request.system
    output: dict[str, Any] = {}
    if request.effort is not None:
        output["effort"] = request.effort
    if request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": json.loads(request.schema)}
    if output:
        sent["output_config"] = output
    if request.temperature is not None:
        # The SDK no longer has the parameter; models before 4.7 still take it.
        sent["extra_body"] = {"temperature": float(request.temperature)}
    return sent


def normalise(body: Mapping[str, Any]) -> Reply:
    """What a Message body says. Its input count leaves out what was read from or written to the cache."""
    text = "".join(block["text"] for block in body["content"] if block["type"] == "text")
    usage = body["usage"]
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    return Reply(
        text=text,
        finish=finish_of(body["stop_reason"], text, _FINISH),
        usage=Usage(
            input=usage["input_tokens"] + cached + written,
            output=usage["output_tokens"],
            cached=cached,
            cache_write=written,
            reasoning=(usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
        ),
        model=body["model"],
        raw=body,
    )
