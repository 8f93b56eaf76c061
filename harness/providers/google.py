"""Gemini through Google's `generateContent`."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from ..errors import ProviderError
from ..values import Finish, Request, Response, Tier, Usage
from . import Connection, Reader, Reply, exchange, require_key, retry_hint, status_error

__all__ = ["build", "connect", "normalise"]

_ADDRESS = "https://generativelanguage.googleapis.com/"
# The SDK's default has moved before; what is sent must not move with it.
_VERSION = "v1"
_TIMEOUT_MS = 600_000


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Talk to Google, or to `tier.base_url`, with the key in `tier.key_env` or GEMINI_API_KEY."""
    from google import genai
    from google.genai import types

    key = require_key("google", tier.key_env or "GEMINI_API_KEY")
    reader = Reader(kind=types.GenerateContentResponse, normalise=_read, explain=_explain, secret=key)
    options = types.HttpOptions(base_url=tier.base_url or _ADDRESS, api_version=_VERSION, timeout=_TIMEOUT_MS)
    client = genai.Client(api_key=key, vertexai=False, http_options=options)
    try:

        async def complete(request: Request) -> Response:
            sent = build(request)
            return await exchange(f"google/{request.model}", lambda: client.aio.models.generate_content(**sent), reader)

        yield Connection(complete=complete)
    finally:
        await client.aio.aclose()


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
    """What a REST body says. Its output count leaves out thoughts, which are billed as output."""
    usage = body["usageMetadata"]
    thoughts = usage.get("thoughtsTokenCount") or 0
    candidates = body.get("candidates") or []
    content = (candidates[0].get("content") or {}) if candidates else {}
    text = "".join(part.get("text") or "" for part in content.get("parts") or [] if not part.get("thought"))
    # Without a candidate the prompt itself was blocked.
    reason = candidates[0].get("finishReason") if candidates else "BLOCKED"
    return Reply(
        text=text,
        finish=_finish(reason, text),
        usage=Usage(
            input=usage["promptTokenCount"] + (usage.get("toolUsePromptTokenCount") or 0),
            output=(usage.get("candidatesTokenCount") or 0) + thoughts,
            cached=usage.get("cachedContentTokenCount") or 0,
            reasoning=thoughts,
        ),
        model=body["modelVersion"],
        raw=body,
    )


def _finish(reason: str | None, text: str) -> Finish:
    if reason == "MAX_TOKENS":
        return "truncated"
    if reason == "STOP":
        return "ok" if text.strip() else "empty"
    # Every other reason (safety, recitation, blocklist, ...) is a filter's doing.
    return "filtered"


def _read(raw: Any) -> Reply:
    body = raw.model_dump(mode="json", by_alias=True, exclude_none=True)
    return normalise({key: value for key, value in body.items() if key != "sdkHttpResponse"})


def _explain(place: str, error: Exception) -> ProviderError | None:
    """The SDK's errors in ours. The waiting time stands in the body, and a daily quota has one too: it is no hint."""
    from google.genai import errors

    if not isinstance(error, errors.APIError):
        return None
    details = list(_details(error.details))
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        return status_error(place, 401, "")
    headers = getattr(error.response, "headers", None) or {}
    delays = [_seconds(detail["retryDelay"]) for detail in details if "retryDelay" in detail]
    quotas = [violation.get("quotaId", "") for detail in details for violation in detail.get("violations", ())]
    return status_error(
        place,
        error.code,
        error.message or "",
        retry_after=next(iter(delays), None) or retry_hint(headers, datetime.now(UTC)),
        hopeless=any("PerDay" in quota for quota in quotas),
    )


def _details(body: object) -> Iterator[Mapping[str, Any]]:
    error = body.get("error") if isinstance(body, Mapping) else None
    found = error.get("details") if isinstance(error, Mapping) else None
    yield from (detail for detail in found or () if isinstance(detail, Mapping))


def _seconds(delay: str) -> float | None:
    """A protobuf duration such as `45.837s`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", delay)
    return float(match[1]) if match else None
