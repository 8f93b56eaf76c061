"""The OpenAI adapter (Responses), over real HTTP through the real SDK."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from openai.types.responses import Response
from providers.edge import KEY, Ask, Edge, Page, inside, request_of, tier_of

from harness import prices
from harness.errors import ProviderError
from harness.providers import Listed
from harness.values import Usage


def item(*parts: dict[str, object]) -> dict[str, object]:
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": list(parts)}


TEXT: dict[str, object] = {"type": "output_text", "text": "Paris", "annotations": []}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


def reply(**change: object) -> Page:
    body = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-6-luna-2026-08-01",
        "status": "completed",
        "output": [THOUGHT, item(TEXT)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 20},
            "output_tokens": 300,
            "output_tokens_details": {"reasoning_tokens": 250},
            "total_tokens": 400,
        },
    }
    return Page(body=body | change)


def test_our_page_is_one_of_theirs() -> None:
    Response.model_validate(reply().body)


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        # 40 at 0.10, 40 read at 0.01, 20 written at 0.125 and 300 at 0.50 dollars a million.
        ("gpt-6-luna", "0.0001569"),
        # At 1, 0.05, 1.25 and 5 dollars.
        ("gpt-6.1-terra", "0.001567"),
    ],
)
def test_an_answer_carries_its_text_model_and_exact_usage(ask: Ask, edge: Edge, model: str, cost: str) -> None:
    response = ask("openai", reply(model=f"{model}-2026-08-01"), model=model)

    assert (response.text, response.finish, response.model) == ("Paris", "ok", f"{model}-2026-08-01")
    assert response.usage == Usage(input=100, output=300, cached=40, cache_write=20, reasoning=250)
    tier = replace(tier_of("openai", edge), model=model, base_url=None)
    assert prices.cost(response.usage, tier, "USD", date(2026, 11, 22)) == Decimal(cost)
    assert response.raw == reply(model=f"{model}-2026-08-01").body


@pytest.mark.parametrize(
    ("change", "finish", "text"),
    [
        ({"output": [item({"type": "refusal", "refusal": "No."})]}, "refusal", "No."),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [THOUGHT]},
         "truncated", ""),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "filtered", "Paris"),
        ({"output": [THOUGHT]}, "empty", ""),
    ],
)  # fmt: skip
def test_how_a_reply_ended(ask: Ask, change: dict[str, object], finish: str, text: str) -> None:
    response = ask("openai", reply(**change))

    assert (response.finish, response.text) == (finish, text)


@pytest.mark.parametrize(
    ("code", "fault"),
    [("server_error", "server fault"), ("rate_limit_exceeded", "rate limit"), ("invalid_prompt", "bad request")],
)
def test_a_failure_that_comes_with_status_200_is_no_answer(ask: Ask, code: str, fault: str) -> None:
    page = reply(status="failed", error={"code": code, "message": "it broke"}, output=[], usage=None)

    with pytest.raises(ProviderError, match=f"^openai/gpt-6-luna: {code}: it broke") as caught:
        ask("openai", page)

    assert caught.value.fault == fault


@pytest.mark.parametrize(
    "change",
    [{"status": "queued"}, {"status": "cancelled"}, {"status": "incomplete", "incomplete_details": {"reason": "odd"}}],
)
def test_a_reply_that_is_not_finished_is_no_answer(ask: Ask, change: dict[str, object]) -> None:
    with pytest.raises(ProviderError) as caught:
        ask("openai", reply(**change))

    assert caught.value.fault == "unreadable reply"


@pytest.mark.parametrize(("limit", "finish"), [(300, "truncated"), (301, "ok")])
def test_a_server_that_cannot_say_that_it_cut_is_told_by_the_count(ask: Ask, limit: int, finish: str) -> None:
    page = reply()
    assert ask("openai", page, max_output_tokens=limit).finish == "ok"

    del page.body["incomplete_details"]
    assert ask("openai", page, max_output_tokens=limit).finish == finish


def test_input_tokens_are_counted_without_asking_the_model(edge: Edge) -> None:
    edge.page = Page(body={"object": "response.input_tokens", "input_tokens": 17})
    request = replace(request_of("openai"), schema='{"type":"object"}', effort="low")

    assert inside("openai", edge, lambda it: it.count(request)) == 17
    assert edge.paths == ["/v1/responses/input_tokens"]
    (sent,) = edge.sent
    assert sorted(sent) == ["input", "instructions", "model", "reasoning", "text"]


def test_models_are_listed_with_the_day_they_end(edge: Edge) -> None:
    days = {"gpt-a": None, "gpt-b": "2026-12-11", "gpt-c": "2026-12-11T08:00:00Z", "gpt-d": "soon"}
    models = [{"object": "model", "id": name, "shutdown_date": day} for name, day in days.items()]
    edge.page = Page(body={"object": "list", "data": [*models, {"object": "model", "id": "gpt-e"}]})

    assert inside("openai", edge, lambda it: it.models()) == (
        Listed(id="gpt-a"),
        Listed(id="gpt-b", retires=date(2026, 12, 11)),
        Listed(id="gpt-c", retires=date(2026, 12, 11)),
        Listed(id="gpt-d"),
        Listed(id="gpt-e"),
    )


def test_only_what_is_asked_for_is_sent(ask: Ask, edge: Edge) -> None:
    ask("openai", reply())

    (sent,) = edge.sent
    assert sent == {
        "model": "gpt-6-luna",
        "instructions": "Be brief.",
        "input": "What is the capital of France?",
        "max_output_tokens": 64,
        "store": False,
    }
    assert edge.paths == ["/v1/responses"]
    assert edge.headers[0]["authorization"] == f"Bearer {KEY}"


def test_effort_schema_and_temperature_are_sent_where_asked_for(ask: Ask, edge: Edge) -> None:
    ask("openai", reply(), effort="minimal", schema='{"type":"object"}', temperature="1")

    (sent,) = edge.sent
    assert sent["reasoning"] == {"effort": "minimal"}
    assert sent["temperature"] == 1.0
    assert sent["text"]["format"] == {
        "type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True,
    }  # fmt: skip
