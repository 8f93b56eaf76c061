"""GPT through OpenAI's Responses API, and whatever else speaks it.

llama.cpp's server calls a reply "completed" that it cut at the limit, and ignores the schema: a tier with one belongs on
its Chat Completions.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import BadInput
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Reply
from .batches import Adapter
from .batches.openai import OpenAIBatches
from .faults import reply_error, status_error
from .openai_compatible import client_of, listed
from .wire import Wire, finish_of, key_of, tokens

__all__ = ["build", "connect", "normalise"]

_ADDRESS = "https://api.openai.com/v1"
_FINISH: Mapping[str, Finish] = {"max_output_tokens": "truncated", "content_filter": "filtered"}


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to OpenAI with the key in `tier.key_env` or OPENAI_API_KEY, or to `tier.base_url` (which includes `/v1`)."""
    import openai
    from httpx2 import Response as Raw

    if tier.seed is not None:
        raise BadInput(tier.name, "OpenAI's Responses API has no seed; remove it from the tier")
    key, address = key_of(tier, "OPENAI_API_KEY"), tier.base_url or _ADDRESS
    wire = Wire(address, key, openai.APIStatusError)
    async with client_of(address, key, own=tier.base_url is None) as client:

        async def complete(request: Request) -> Response:
            # `post`, since `responses.create` spends as much again on types that we do not use.
            sent = partial(client.post, "/responses", cast_to=Raw, body=build(request))
            return _cut(await wire.answer(request, sent, normalise), request)

        async def count(request: Request) -> int:
            whole = build(request)
            body = {
                name: whole[name] for name in ("model", "input", "instructions", "reasoning", "text") if name in whole
            }
            place = f"openai/{request.model}"
            sent = partial(client.post, "/responses/input_tokens", cast_to=Raw, body=body)
            return wire.read(place, await wire.attempt(place, sent), lambda body: int(body["input_tokens"]))

        models = partial(wire.attempt, "openai", partial(listed, client))
        batches = OpenAIBatches(
            client, Adapter(place=f"openai/{tier.model}", wire=wire, build=build, normalise=normalise)
        )
        yield Connection(complete=complete, allowance=wire.allowance, count=count, models=models, batches=batches)


def build(request: Request) -> dict[str, Any]:
    """The body of a Responses request."""
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
    place, status = f"openai/{body.get('model')}", body["status"]
    if status == "failed":
        raise status_error(place, 200, body)
    if status not in {"completed", "incomplete"}:
        raise reply_error(place, f"the reply is {status!r}, neither completed nor incomplete")
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    reason = (body.get("incomplete_details") or {}).get("reason") or ""
    if status == "incomplete" and reason not in _FINISH:
        raise reply_error(place, f"the reply is incomplete ({reason or 'no reason given'})")
    usage = body["usage"]
    read = usage.get("input_tokens_details")
    return Reply(
        text=refusal or text,
        finish="refusal" if refusal else finish_of(reason, text, _FINISH),
        usage=Usage(
            input=tokens(usage, "input_tokens"),
            output=tokens(usage, "output_tokens"),
            cached=tokens(read, "cached_tokens"),
            cache_write=tokens(read, "cache_write_tokens"),
            reasoning=tokens(usage.get("output_tokens_details"), "reasoning_tokens"),
        ),
        model=str(body.get("model") or ""),
        raw=body,
    )


def _cut(response: Response, request: Request) -> Response:
    """A server that knows no `incomplete_details` cannot say that it cut the reply: reaching the limit says it."""
    silent = response.finish == "ok" and "incomplete_details" not in response.raw
    return (
        replace(response, finish="truncated")
        if silent and response.usage.output >= request.max_output_tokens
        else response
    )
