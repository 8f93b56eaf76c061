"""The Anthropic adapter, over real HTTP through the real SDK."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from anthropic.types import Message
from providers.edge import KEY, Ask, Edge, Page, tier_of

from harness import prices
from harness.errors import BadInput
from harness.providers import anthropic
from harness.values import Usage

USAGE = {
    "input_tokens": 10,
    "output_tokens": 50,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 200,
    "output_tokens_details": {"thinking_tokens": 40},
}
TEXT = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Pa"}]


def message(**change: object) -> Page:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5-20260901",
        "content": [*TEXT, {"type": "text", "text": "ris"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }
    return Page(body=body | change)


def test_our_page_is_one_of_theirs() -> None:
    Message.model_validate(message().body)


def test_an_answer_carries_its_text_model_and_exact_usage(ask: Ask, edge: Edge) -> None:
    response = ask("anthropic", message())

    assert (response.text, response.finish, response.model) == ("Paris", "ok", "claude-haiku-5-5-20260901")
    assert response.usage == Usage(input=1210, output=50, cached=1000, cache_write=200, reasoning=40)
    cost = prices.cost(response.usage, tier_of("anthropic", edge), "USD", date(2026, 11, 22))
    # 10 at 0.10, 1000 read at 0.01, 200 written at 0.125 and 50 at 0.50 dollars a million.
    assert cost == Decimal("0.000061")
    assert json.loads(json.dumps(response.raw))["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("change", "finish"),
    [
        ({"stop_reason": "refusal", "content": []}, "refusal"),
        ({"stop_reason": "max_tokens"}, "truncated"),
        ({"stop_reason": "model_context_window_exceeded"}, "truncated"),
        ({"content": []}, "empty"),
        ({"content": [{"type": "text", "text": " \n"}]}, "empty"),
    ],
)
def test_how_a_reply_ended(ask: Ask, change: dict[str, object], finish: str) -> None:
    assert ask("anthropic", message(**change)).finish == finish


def test_only_what_is_asked_for_is_sent(ask: Ask, edge: Edge) -> None:
    ask("anthropic", message())

    (sent,) = edge.sent
    assert sent == {
        "model": "claude-haiku-5-5",
        "max_tokens": 64,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
    }
    assert edge.paths == ["/v1/messages"]
    assert edge.headers[0]["authorization"] == f"Bearer {KEY}"


def test_effort_schema_and_temperature_are_sent_where_asked_for(ask: Ask, edge: Edge) -> None:
    ask("anthropic", message(), effort="low", schema='{"type":"object"}', temperature="0.5", system="")

    (sent,) = edge.sent
    assert sent["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {"type": "object"}},
    }
    assert sent["temperature"] == 0.5
    assert "system" not in sent


def test_a_seed_is_refused_beforehand(edge: Edge) -> None:
    async def go() -> None:
        async with anthropic.connect(replace(tier_of("anthropic", edge), seed=1)):
            pass

    with pytest.raises(BadInput, match="has no seed"):
        asyncio.run(go())
