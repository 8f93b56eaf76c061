"""The Anthropic adapter, over real HTTP through the real SDK."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from anthropic.types import Message
from providers.edge import KEY, Ask, Edge, Page, inside, request_of, tier_of

from harness import prices
from harness.errors import BadInput, ProviderError
from harness.providers import Listed, anthropic
from harness.values import Usage

USAGE = {
    "input_tokens": 10,
    "output_tokens": 50,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 200,
    "output_tokens_details": {"thinking_tokens": 40},
}
request = request_of("anthropic")
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


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        # 10 at 0.10, 1000 read at 0.01, 200 written at 0.125 and 50 at 0.50 dollars a million.
        ("claude-haiku-5-5", "0.000061"),
        # At 2, 0.10, 2.50 and 10 dollars.
        ("claude-sonnet-5-5", "0.001120"),
    ],
)
def test_an_answer_carries_its_text_model_and_exact_usage(ask: Ask, edge: Edge, model: str, cost: str) -> None:
    response = ask("anthropic", message(model=f"{model}-20260901"), model=model)

    assert (response.text, response.finish, response.model) == ("Paris", "ok", f"{model}-20260901")
    assert response.usage == Usage(input=1210, output=50, cached=1000, cache_write=200, reasoning=40)
    tier = replace(tier_of("anthropic", edge), model=model, base_url=None)
    assert prices.cost(response.usage, tier, "USD", date(2026, 11, 22)) == Decimal(cost)
    assert response.raw == message(model=f"{model}-20260901").body


@pytest.mark.parametrize(
    ("change", "finish"),
    [
        ({"stop_reason": "refusal", "content": []}, "refusal"),
        ({"stop_reason": "refusal", "stop_details": {"category": "cyber"}}, "refusal"),
        ({"stop_reason": "stop_sequence"}, "ok"),
        ({"stop_reason": "pause_turn"}, "truncated"),
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


def test_input_tokens_are_counted_without_asking_the_model(edge: Edge) -> None:
    edge.page = Page(body={"input_tokens": 17})

    count = inside("anthropic", edge, lambda it: it.count(replace(request, schema='{"type":"object"}', effort="low")))

    assert count == 17
    assert edge.paths == ["/v1/messages/count_tokens"]
    form = {"type": "json_schema", "schema": {"type": "object"}}
    assert edge.sent == [
        {
            "model": "claude-haiku-5-5",
            "system": "Be brief.",
            "messages": [{"role": "user", "content": "What is the capital of France?"}],
            "output_config": {"effort": "low", "format": form},
        }
    ]


def test_a_count_that_fails_is_named(edge: Edge) -> None:
    for page, fault in ((Page(status=404), "no such model"), (Page(body={"tokens": 1}), "unreadable reply")):
        edge.page = page
        with pytest.raises(ProviderError, match=r"^anthropic/claude-haiku-5-5: ") as caught:
            inside("anthropic", edge, lambda it: it.count(request))
        assert caught.value.fault == fault


def test_models_are_listed_page_by_page_with_the_day_they_end(edge: Edge) -> None:
    def listed(id_: str, retires: str | None = None, lifecycle: str = "active") -> dict[str, object]:
        return {"type": "model", "id": id_, "lifecycle": lifecycle, "retires_at": retires}

    first = [listed("claude-a", "2026-11-30T00:00:00Z", "deprecated"), listed("claude-gone", lifecycle="retired")]
    last = [listed("claude-b")]
    edge.page = lambda path: Page(
        body={"data": last, "has_more": False, "last_id": "claude-b"}
        if "after_id=claude-gone" in path
        else {"data": first, "has_more": True, "last_id": "claude-gone"}
    )

    assert inside("anthropic", edge, lambda it: it.models()) == (
        Listed(id="claude-a", retires=date(2026, 11, 30)),
        Listed(id="claude-b"),
    )


def test_a_seed_is_refused_beforehand(edge: Edge) -> None:
    async def go() -> None:
        async with anthropic.connect(replace(tier_of("anthropic", edge), seed=1)):
            pass

    with pytest.raises(BadInput, match="has no seed"):
        asyncio.run(go())
