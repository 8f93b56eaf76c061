"""Chat Completions at any address: llama.cpp, vLLM, OpenRouter and whatever else speaks OpenAI's older protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Reader, Reply, exchange, finish_of, require_key, sdk_error

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["NO_KEY", "ask", "build", "connect", "normalise"]

# The SDK insists on a key; servers that need none ignore it.
NO_KEY = "none"

_FINISH: Mapping[str, Finish] = {"length": "truncated", "content_filter": "filtered"}


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to `tier.base_url` (which includes `/v1`), with the key in `tier.key_env` if that is set."""
    from openai import AsyncOpenAI

    if not tier.base_url:
        raise BadInput(tier.name, "no address: set base_url in the ladder, or pass --base-url")
    key = require_key(tier.provider, tier.key_env) if tier.key_env else NO_KEY
    async with AsyncOpenAI(api_key=key, base_url=tier.base_url, max_retries=0) as client:

        async def complete(request: Request) -> Response:
            return await ask(client, f"{request.provider}/{request.model}", build(request))

        yield Connection(complete=complete)


def build(request: Request) -> dict[str, Any]:
    """The arguments of `chat.completions.create`."""
    system = [{"role": "system", "content": request.system}] if request.system else []
    sent: dict[str, Any] = {
        "model": request.model,
        "messages": [*system, {"role": "user", "content": request.prompt}],
        "max_tokens": request.max_output_tokens,
    }
    if request.temperature is not None:
        sent["temperature"] = float(request.temperature)
    if request.seed is not None:
        sent["seed"] = request.seed
    if request.effort is not None:
        sent["reasoning_effort"] = request.effort
    if request.schema is not None:
        form = {"name": "answer", "schema": json.loads(request.schema), "strict": True}
        sent["response_format"] = {"type": "json_schema", "json_schema": form}
    return sent


async def ask(client: AsyncOpenAI, place: str, sent: Mapping[str, Any]) -> Response:
    """One call of Chat Completions."""
    import openai
    from openai.types.chat import ChatCompletion

    reader = Reader(
        kind=ChatCompletion,
        normalise=lambda raw: normalise(raw.model_dump(mode="json", exclude_unset=True)),
        explain=lambda place, error: sdk_error(place, error, openai),
        secret="" if client.api_key == NO_KEY else client.api_key,
    )
    return await exchange(place, lambda: client.chat.completions.create(**sent), reader)


def normalise(body: Mapping[str, Any]) -> Reply:
    """What a ChatCompletion body says. Both token totals include their parts."""
    choice = body["choices"][0]
    message = choice["message"]
    usage = body["usage"]
    read = usage.get("prompt_tokens_details") or {}
    written = usage.get("completion_tokens_details") or {}
    text = message.get("content") or ""
    refusal = message.get("refusal")
    return Reply(
        text=refusal or text,
        finish="refusal" if refusal else finish_of(choice["finish_reason"], text, _FINISH),
        usage=Usage(
            input=usage["prompt_tokens"],
            output=usage["completion_tokens"],
            cached=read.get("cached_tokens") or 0,
            reasoning=written.get("reasoning_tokens") or 0,
        ),
        model=body["model"],
        raw=body,
    )
