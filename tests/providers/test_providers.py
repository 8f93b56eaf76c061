"""What holds for every adapter: faults of servers and networks become one named error, and no key is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from llmock.testing import LLMockServer
from providers.edge import CONNECT, KEY, PROVIDERS, Ask, Edge, Page, request_of, tier_of

from harness.errors import BadInput, ProviderError
from harness.providers import retry_hint
from harness.values import Response, Tier

HTML = "<html><body>Bad gateway</body></html>"
LIMIT = {"error": {"type": "rate_limit_error", "message": "slow down", "code": 429, "status": "RESOURCE_EXHAUSTED"}}


def body(message: str) -> dict[str, object]:
    return {"error": {"type": "x", "message": message, "status": "X"}}


FAULTS = {
    "429 with a hint": (Page(status=429, body=LIMIT, headers={"retry-after": "7"}), "transient", "429", 7.0),
    "429": (Page(status=429, body=LIMIT), "transient", "429", None),
    "500": (Page(status=500, body=body("broken")), "transient", "500", None),
    "529": (Page(status=529, body=body("overloaded")), "transient", "529", None),
    "400": (Page(status=400, body=body("no such parameter")), "request", "400", None),
    "401": (Page(status=401, body=body(f"wrong key {KEY}")), "fatal", "the key was refused", None),
    "404": (Page(status=404, body=body("no such model")), "fatal", "404", None),
    "a page": (Page(body=HTML, type="text/html"), "transient", "the reply is no", None),
    "cut JSON": (Page(body='{"id": "m", "mod'), "transient", "the reply is not JSON", None),
    "a body cut short": (Page(body='{"id"', length=999), "transient", "no connection", None),
    "another body": (Page(body={"hello": "world"}), "transient", "lacks what was expected", None),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_named_error_after_one_attempt(ask: Ask, edge: Edge, provider: str, fault: str) -> None:
    page, kind, words, hint = FAULTS[fault]
    if provider == "google" and fault == "a page":
        words = "the reply is not JSON"

    with pytest.raises(ProviderError) as caught:
        ask(provider, page)

    assert words in str(caught.value)
    assert (caught.value.kind, caught.value.retry_after) == (kind, hint)
    assert str(caught.value).startswith(f"{provider}/")
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(edge.paths) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_key_that_a_server_repeats_is_not_told(ask: Ask, provider: str, status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(provider, Page(status=status, body=body(f"what is {KEY}?")))

    assert KEY not in str(caught.value)
    assert "[key]" in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "error"),
    [
        ("anthropic", {"type": "rate_limit_error", "message": "x",
                       "details": {"error_code": "workspace_spend_limit_reached"}}),
        ("anthropic", {"type": "billing_error", "message": "x"}),
        ("openai", {"type": "insufficient_quota", "message": "x", "code": "insufficient_quota"}),
        ("openai-compatible", {"type": "insufficient_quota", "message": "x", "code": "insufficient_quota"}),
    ],
)  # fmt: skip
def test_a_limit_that_waiting_does_not_lift_is_fatal(ask: Ask, provider: str, error: dict[str, object]) -> None:
    with pytest.raises(ProviderError, match="raise the limit") as caught:
        ask(provider, Page(status=429, body={"type": "error", "error": error}, headers={"retry-after": "3600"}))

    assert caught.value.kind == "fatal"


@pytest.mark.parametrize(
    ("provider", "path"), [("anthropic", "/anthropic"), ("openai", "/v1"), ("openai-compatible", "/v1")]
)
def test_a_server_that_others_wrote_is_understood(edge: Edge, provider: str, path: str) -> None:
    async def go(tier: Tier) -> Response:
        async with CONNECT[provider](tier) as connection:
            return await connection.complete(request_of(provider))

    with LLMockServer() as server:
        tier = replace(tier_of(provider, edge), base_url=server.url + path)
        response = asyncio.run(go(tier))
        limited = {"behaviors": [{"type": "fail", "status": 429, "retry_after": 3, "times": None}]}
        httpx2.post(f"{server.url}/_llmock/scenario", json=limited, trust_env=False)
        with pytest.raises(ProviderError) as caught:
            asyncio.run(go(tier))

    assert response.finish == "ok"
    assert response.usage.input > 0
    assert response.usage.output > 0
    assert (caught.value.kind, caught.value.retry_after) == ("transient", 3.0)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_server_is_a_transient_error(edge: Edge, provider: str) -> None:
    closed = Edge("http://127.0.0.1:9")

    async def go() -> None:
        async with CONNECT[provider](tier_of(provider, closed)) as connection:
            await connection.complete(request_of(provider))

    with pytest.raises(ProviderError, match="no connection") as caught:
        asyncio.run(go())

    assert caught.value.kind == "transient"


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("google", "GEMINI_API_KEY"),
        ("openai-compatible", "SOME_KEY"),
    ],
)
@pytest.mark.parametrize("value", ["", None])
def test_a_missing_key_is_named(
    edge: Edge, provider: str, name: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    async def go() -> None:
        async with CONNECT[provider](tier_of(provider, edge)):
            pass

    with pytest.raises(BadInput) as caught:
        asyncio.run(go())

    wanted = f"{provider}: no key: set {name}, or use --offline to work from stored answers only"
    assert str(caught.value) == wanted


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2020 00:00:30 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
    ],
)
def test_the_hint_of_a_header(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_hint(headers, datetime(2026, 11, 22, tzinfo=UTC)) == seconds
