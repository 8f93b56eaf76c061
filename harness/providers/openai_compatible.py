"""Chat Completions at any address: llama.cpp, vLLM, OpenRouter and whatever else speaks OpenAI's older protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Listed, Reply
from .faults import reply_error, status_error
from .wire import TIMEOUT, Wire, finish_of, key_of, tokens

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

__all__ = ["ask", "build", "client_of", "connect", "listed", "normalise"]

_FINISH: Mapping[str, Finish] = {"length": "truncated", "model_length": "truncated", "content_filter": "filtered"}


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to `tier.base_url` (which includes `/v1`), with the key in `tier.key_env` if that is set."""
    import openai

    if not tier.base_url:
        raise BadInput(tier.name, "no address: set base_url in the ladder, or pass --base-url")
    key = key_of(tier)
    wire = Wire(tier.base_url, key, openai.APIStatusError)
    async with client_of(tier.base_url, key) as client:

        async def complete(request: Request) -> Response:
            return await ask(wire, client, request, build(request))

        models = partial(wire.attempt, tier.provider, partial(listed, client))
        yield Connection(complete=complete, allowance=wire.allowance, models=models)


def client_of(address: str, key: str, http: httpx2.AsyncClient | None = None, *, own: bool = False) -> AsyncOpenAI:
    """The SDK's client, by default over aiohttp, which takes half the time.

    Only at OpenAI's `own` address do OPENAI_ORG_ID and OPENAI_PROJECT_ID mean anything.
    """
    import openai

    http = http or openai.DefaultAioHttpClient(follow_redirects=False, timeout=TIMEOUT)
    client = openai.AsyncOpenAI(api_key=key, base_url=address, max_retries=0, timeout=http.timeout, http_client=http)
    # OPENAI_CUSTOM_HEADERS could bring another key; no argument keeps it out.
    client._custom_headers = {}  # noqa: SLF001
    if not own:
        client.organization = client.project = None
    return client


def build(request: Request) -> dict[str, Any]:
    """The body of a Chat Completions request."""
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


async def ask(wire: Wire, client: AsyncOpenAI, request: Request, body: Mapping[str, Any]) -> Response:
    """One call of Chat Completions."""
    from httpx2 import Response as Raw

    # `post`, since `chat.completions.create` spends as much again on types that we do not use.
    return await wire.answer(request, partial(client.post, "/chat/completions", cast_to=Raw, body=body), normalise)


async def listed(client: AsyncOpenAI) -> tuple[Listed, ...]:
    """The models that the server lists."""
    return tuple([Listed(id=model.id, retires=_day(model.shutdown_date)) async for model in client.models.list()])


def normalise(body: Mapping[str, Any]) -> Reply:
    """What a ChatCompletion body says. Both token totals include their parts.

    Routers such as OpenRouter answer 200 and put the fault of the server behind them into the body or the choice.
    """
    place = f"openai-compatible/{body.get('model')}"
    if body.get("error") and not body.get("choices"):
        code = body["error"].get("code") if isinstance(body["error"], Mapping) else None
        raise status_error(place, code if isinstance(code, int) else 200, body)
    choice = body["choices"][0]
    reason, message = choice.get("finish_reason"), choice["message"]
    if reason == "error" or choice.get("error"):
        raise reply_error(place, f"the server behind it failed ({choice.get('error') or 'no reason given'})")
    usage = body["usage"]
    text = _text(message.get("content"))
    refusal = message.get("refusal")
    return Reply(
        text=refusal or text,
        finish="refusal" if refusal else finish_of(reason, text, _FINISH),
        usage=Usage(
            input=tokens(usage, "prompt_tokens"),
            output=tokens(usage, "completion_tokens"),
            cached=tokens(usage.get("prompt_tokens_details"), "cached_tokens"),
            reasoning=tokens(usage.get("completion_tokens_details"), "reasoning_tokens"),
        ),
        model=str(body.get("model") or ""),
        raw=body,
    )


def _text(content: str | list[Mapping[str, Any]] | None) -> str:
    """Servers of models that think may send parts, the thoughts among them."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part["type"] == "text")
    return content or ""


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
