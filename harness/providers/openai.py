"""GPT through OpenAI's Responses API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ..errors import BadInput, ProviderError
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Reader, Reply, exchange, finish_of, reply_error, require_key, sdk_error

__all__ = ["build", "connect", "normalise"]

_ADDRESS = "https://api.openai.com/v1"
_FINISH: Mapping[str, Finish] = {"max_output_tokens": "truncated", "content_filter": "filtered"}
_PASSING = frozenset({"server_error", "rate_limit_exceeded"})


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to OpenAI, or to `tier.base_url`, with the key in `tier.key_env` or OPENAI_API_KEY."""
    import openai
    from openai.types.responses import Response as Raw

    if tier.seed is not None:
        raise BadInput(tier.name, "OpenAI's Responses API has no seed; remove it from the tier")
    key = require_key("openai", tier.key_env or "OPENAI_API_KEY")
    reader = Reader(
        kind=Raw,
        normalise=lambda raw: normalise(raw.model_dump(mode="json", exclude_unset=True)),
        explain=lambda place, error: sdk_error(place, error, openai),
        secret=key,
    )
    async with openai.AsyncOpenAI(api_key=key, base_url=tier.base_url or _ADDRESS, max_retries=0) as client:

        async def complete(request: Request) -> Response:
            sent = build(request)
            return await exchange(f"openai/{request.model}", lambda: client.responses.create(**sent), reader)

        yield Connection(complete=complete)


def build(request: Request) -> dict[str, Any]:
    """The arguments of `responses.create`."""
    sent: dict[str, Any] = {
        "model": request.model,
        "input": request.prompt,
        "max_output_tokens": request.max_output_tokens,
        "store": False,
    }
    if request.system:
        sent["instructions"] = request.system
    if request.effort is not None:
        sent["reasoning"] = {"effort": request.effort}
    if request.temperature is not None:
        sent["temperature"] = float(request.temperature)
    if request.schema is not None:
        form = {"type": "json_schema", "name": "answer", "schema": json.loads(request.schema), "strict": True}
        sent["text"] = {"format": form}
    return sent


def normalise(body: Mapping[str, Any]) -> Reply:
    """What a Response body says. A refusal is a part of a completed reply; a failure comes with HTTP 200."""
    place = f"openai/{body['model']}"
    if body["status"] == "failed":
        error = body.get("error") or {}
        code, message = error.get("code", "failed"), error.get("message", "")
        if code in _PASSING:
            raise reply_error(place, f"{code}: {message}")
        raise ProviderError(place, f"{code}: {message}; this request cannot work", fault="bad request")
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    reason = (body.get("incomplete_details") or {}).get("reason") or ""
    if body["status"] == "incomplete" and reason not in _FINISH:
        raise reply_error(place, f"the reply is incomplete ({reason or 'no reason given'})")
    usage = body["usage"]
    read = usage.get("input_tokens_details") or {}
    return Reply(
        text=refusal or text,
        finish="refusal" if refusal else finish_of(reason, text, _FINISH),
        usage=Usage(
            input=usage["input_tokens"],
            output=usage["output_tokens"],
            cached=read.get("cached_tokens") or 0,
            cache_write=read.get("cache_write_tokens") or 0,
            reasoning=(usage.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
        ),
        model=body["model"],
        raw=body,
    )
