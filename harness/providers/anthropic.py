"""Claude through Anthropic's Messages API, and whatever else speaks it.

llama.cpp's server counts as Anthropic does, but ignores the schema: a tier with one belongs on its Chat Completions.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from ..errors import BadInput
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Listed, Reply
from .batches import Adapter
from .batches.anthropic import AnthropicBatches
from .wire import TIMEOUT, Wire, finish_of, key_of, tokens

__all__ = ["build", "connect", "normalise"]

_ADDRESS = "https://api.anthropic.com"
_FINISH: Mapping[str, Finish] = {
    "refusal": "refusal",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "pause_turn": "truncated",
}


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to Anthropic with the key in `tier.key_env` or ANTHROPIC_API_KEY, or to `tier.base_url`."""
    import anthropic
    from httpx2 import Response as Raw

    if tier.seed is not None:
        raise BadInput(tier.name, "Anthropic's API has no seed; remove it from the tier")
    key, address = key_of(tier, "ANTHROPIC_API_KEY"), tier.base_url or _ADDRESS
    wire = Wire(address, key, anthropic.APIStatusError)
    async with anthropic.AsyncAnthropic(
        api_key=key,
        base_url=address,
        max_retries=0,
        timeout=TIMEOUT,
        open_telemetry=False,
        http_client=anthropic.DefaultAioHttpClient(follow_redirects=False),
    ) as client:
        # ANTHROPIC_CUSTOM_HEADERS could bring another key; no argument keeps it out.
        client._custom_headers = {}  # noqa: SLF001

        async def complete(request: Request) -> Response:
            # `post`, since `messages.create` spends as much again on types that we do not use.
            sent = partial(client.post, "/v1/messages", cast_to=Raw, body=build(request))
            return await wire.answer(request, sent, normalise)

        async def count(request: Request) -> int:
            whole = build(request)
            body = {name: whole[name] for name in ("model", "messages", "system", "output_config") if name in whole}
            place = f"anthropic/{request.model}"
            sent = partial(client.post, "/v1/messages/count_tokens", cast_to=Raw, body=body)
            return wire.read(place, await wire.attempt(place, sent), lambda body: int(body["input_tokens"]))

        async def models() -> tuple[Listed, ...]:
            async def listed() -> tuple[Listed, ...]:
                found = [model async for model in client.models.list(limit=1000) if model.lifecycle != "retired"]
                return tuple(Listed(id=each.id, retires=each.retires_at and each.retires_at.date()) for each in found)

            return await wire.attempt("anthropic", listed)

        batches = AnthropicBatches(
            client, Adapter(place=f"anthropic/{tier.model}", wire=wire, build=build, normalise=normalise)
        )
        yield Connection(complete=complete, allowance=wire.allowance, count=count, models=models, batches=batches)


def build(request: Request) -> dict[str, Any]:
    """The body of a Messages request."""
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
        # Models before 4.7 still take it.
        sent["temperature"] = float(request.temperature)
    return sent


def normalise(body: Mapping[str, Any]) -> Reply:
    """What a Message body says. Its input count leaves out what was read from or written to the cache."""
    text = "".join(block["text"] for block in body["content"] if block["type"] == "text")
    usage = body["usage"]
    cached, written = tokens(usage, "cache_read_input_tokens"), tokens(usage, "cache_creation_input_tokens")
    return Reply(
        text=text,
        finish=finish_of(body["stop_reason"], text, _FINISH),
        usage=Usage(
            input=tokens(usage, "input_tokens") + cached + written,
            output=tokens(usage, "output_tokens"),
            cached=cached,
            cache_write=written,
            reasoning=tokens(usage.get("output_tokens_details"), "thinking_tokens"),
        ),
        model=str(body.get("model") or ""),
        raw=body,
    )
