"""Gemini through Google's `generateContent`."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Listed, Reply
from .batches import Adapter
from .batches.google import GoogleBatches
from .wire import TIMEOUT, Wire, finish_of, key_of, tokens

if TYPE_CHECKING:
    from google.genai import Client

__all__ = ["build", "connect", "normalise"]

_ADDRESS = "https://generativelanguage.googleapis.com/"
# The SDK's default has moved before; what is sent must not move with it. An address may name another at its end.
_VERSION = "v1"
_VERSIONED = re.compile(r"/(v\d+\w*)/*$")
_FILTERED = frozenset({
    "BLOCKED", "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Page:
    """What the SDK lets through of a reply."""

    headers: Mapping[str, str]
    content: bytes


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to Google with the key in `tier.key_env`, GOOGLE_API_KEY or GEMINI_API_KEY, or to `tier.base_url`."""
    from google.genai import errors

    key, address = key_of(tier, "GOOGLE_API_KEY", "GEMINI_API_KEY"), tier.base_url or _ADDRESS
    wire = Wire(address, key, errors.APIError)
    async with AsyncExitStack() as stack:
        sdk = (await _open(stack, address, key)).aio

        async def complete(request: Request) -> Response:
            async def sent() -> _Page:
                whole = build(request)
                whole["config"]["should_return_http_response"] = True
                page = (await sdk.models.generate_content(**whole)).sdk_http_response
                return _Page((page and page.headers) or {}, ((page and page.body) or "").encode())

            return await wire.answer(request, sent, normalise)

        async def count(request: Request) -> int:
            async def counted() -> int:
                # This call takes no system instruction and no schema: their text is counted as a part of the prompt.
                texts: list[Any] = [text for text in (request.system, request.schema, request.prompt) if text]
                found = await sdk.models.count_tokens(model=request.model, contents=texts)
                return found.total_tokens or 0

            return await wire.attempt(f"google/{request.model}", counted)

        async def models() -> tuple[Listed, ...]:
            async def listed() -> tuple[Listed, ...]:
                found = [model async for model in await sdk.models.list(config={"page_size": 1000})]
                return tuple(Listed(id=(model.name or "").removeprefix("models/")) for model in found)

            return await wire.attempt("google", listed)

        batches = GoogleBatches(sdk, Adapter(place=f"google/{tier.model}", wire=wire, build=build, normalise=normalise))
        yield Connection(complete=complete, count=count, models=models, batches=batches)


async def _open(stack: AsyncExitStack, address: str, key: str) -> Client:
    """The SDK's client, on a session of ours.

    Its own would read `.netrc` for every call and send what stands there as a second credential, as does any that
    looks for a proxy; and without a policy for retries it sends a request a second time where a connection broke.
    """
    import aiohttp
    from google.genai import Client, client, types

    connector = aiohttp.TCPConnector(limit=0)
    proxied = bool(getproxies().keys() & {"http", "https"})
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, trust_env=proxied))
    version = _VERSIONED.search(address)
    options = types.HttpOptions(
        base_url=address[: version.start()] if version else address,
        api_version=version[1] if version else _VERSION,
        timeout=round(TIMEOUT * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        aiohttp_client=session,
        async_client_args={"allow_redirects": False},
    )
    # Given, so that no variable makes the client record or replay.
    debug = client.DebugConfig(client_mode=None, replays_directory=None, replay_id=None)
    made = Client(api_key=key, vertexai=False, http_options=options, debug_config=debug)
    stack.push_async_callback(made.aio.aclose)
    return made


def build(request: Request) -> dict[str, Any]:
    """The arguments of `generate_content`. The SDK's own further calls are off: they would be billed unseen."""
    config: dict[str, Any] = {
        "max_output_tokens": request.max_output_tokens,
        "automatic_function_calling": {"disable": True},
        "automatic_continuation": False,
    }
    if request.system:
        config["system_instruction"] = request.system
    if request.temperature is not None:
        config["temperature"] = float(request.temperature)
    if request.seed is not None:
        config["seed"] = request.seed
    if request.effort is not None:
        config["thinking_config"] = {"thinking_level": request.effort.upper()}
    if request.schema is not None:
        config["response_mime_type"] = "application/json"
        config["response_json_schema"] = json.loads(request.schema)
    return {"model": request.model, "contents": request.prompt, "config": config}


def normalise(body: Mapping[str, Any]) -> Reply:
    """What a REST body says. Its output count leaves out thoughts, which are billed as output; a count of 0 is absent.

    A prompt that was blocked has no candidates; then, and only then, the usage may be missing too.
    """
    blocked = not body.get("candidates") and bool(body["promptFeedback"]["blockReason"])
    candidate: Mapping[str, Any] = {"finishReason": "BLOCKED"} if blocked else body["candidates"][0]
    usage = body.get("usageMetadata", {}) if blocked else body["usageMetadata"]
    thoughts = tokens(usage, "thoughtsTokenCount")
    parts = (candidate.get("content") or {}).get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought"))
    return Reply(
        text=text,
        finish=_finish(candidate["finishReason"], text),
        usage=Usage(
            input=tokens(usage, "promptTokenCount") + tokens(usage, "toolUsePromptTokenCount"),
            output=tokens(usage, "candidatesTokenCount") + thoughts,
            cached=tokens(usage, "cachedContentTokenCount"),
            reasoning=thoughts,
        ),
        model=str(body.get("modelVersion") or ""),
        raw=body,
    )


def _finish(reason: str, text: str) -> Finish:
    if reason in _FILTERED:
        return "filtered"
    # What ended neither by itself nor at a filter is not whole.
    return finish_of(reason, text, {} if reason == "STOP" else {reason: "truncated"})
