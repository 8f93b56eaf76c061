"""The Chat Completions adapter, over real HTTP through the real SDK."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from openai.types.chat import ChatCompletion
from providers.edge import KEY, Ask, Edge, Page, inside, tier_of

from harness import prices
from harness.errors import BadInput, ProviderError
from harness.providers import Listed, openai_compatible
from harness.values import Price, Usage


def completion(content: str | None = "Paris", finish: str = "stop", refusal: str | None = None) -> Page:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    return Page(
        body={
            "id": "chatcmpl_1",
            "object": "chat.completion",
            "created": 1,
            "model": "served-model",
            "choices": [{"index": 0, "finish_reason": finish, "logprobs": None, "message": message}],
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 300,
                "total_tokens": 400,
                "prompt_tokens_details": {"cached_tokens": 40},
                "completion_tokens_details": {"reasoning_tokens": 250},
            },
        }
    )


def test_our_page_is_one_of_theirs() -> None:
    ChatCompletion.model_validate(completion().body)


def test_an_answer_carries_its_text_model_and_exact_usage(ask: Ask, edge: Edge) -> None:
    response = ask("openai-compatible", completion())

    assert (response.text, response.finish, response.model) == ("Paris", "ok", "served-model")
    assert response.usage == Usage(input=100, output=300, cached=40, reasoning=250)
    declared = Price(input=Decimal("0.20"), output=Decimal("1.00"), unit="USD", on="2026-11-22", source="a page")
    tier = replace(tier_of("openai-compatible", edge), price=declared)
    assert prices.cost(response.usage, tier, "USD", date(2026, 11, 22)) == Decimal("0.00032")


@pytest.mark.parametrize(
    ("page", "finish", "text"),
    [
        (completion(None, refusal="No."), "refusal", "No."),
        (completion('{"a": ', "length"), "truncated", '{"a": '),
        (completion("Par", "model_length"), "truncated", "Par"),
        (completion("", "content_filter"), "filtered", ""),
        (completion(None), "empty", ""),
    ],
)
def test_how_a_reply_ended(ask: Ask, page: Page, finish: str, text: str) -> None:
    response = ask("openai-compatible", page)

    assert (response.finish, response.text) == (finish, text)


def test_sparse_bodies_of_small_servers_are_read(ask: Ask) -> None:
    page = completion()
    page.body["usage"] = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    del page.body["choices"][0]["message"]["refusal"], page.body["choices"][0]["logprobs"]

    assert ask("openai-compatible", page).usage == Usage(input=7, output=3)


def test_content_in_parts_is_read_without_the_thoughts(ask: Ask) -> None:
    page = completion()
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Pa"}, {"type": "text", "text": "ris"}]
    page.body["choices"][0]["message"]["content"] = parts

    assert ask("openai-compatible", page).text == "Paris"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"error": {"code": 429, "message": "upstream"}}, "rate limit"),
        ({"error": {"code": 502, "message": "upstream"}, "choices": []}, "server fault"),
        ({"error": {"code": "server_error", "message": "upstream"}}, "server fault"),
        ({"error": "upstream"}, "bad request"),
        ({"choices": [{"finish_reason": "error", "message": {"content": "Par"}}]}, "unreadable reply"),
        (
            {"choices": [{"finish_reason": None, "error": {"code": 502}, "message": {"content": ""}}]},
            "unreadable reply",
        ),
    ],
)
def test_a_routers_fault_that_comes_with_status_200_is_no_answer(ask: Ask, body: dict[str, object], fault: str) -> None:
    with pytest.raises(ProviderError) as caught:
        ask("openai-compatible", Page(body=body))

    assert caught.value.fault == fault
    assert "/some-model: " in str(caught.value)


def test_models_are_listed(edge: Edge) -> None:
    edge.page = Page(body={"data": [{"id": "a", "aliases": []}, {"id": "b"}]})

    assert inside("openai-compatible", edge, lambda it: it.models()) == (Listed(id="a"), Listed(id="b"))
    assert edge.paths == ["/v1/models"]


def test_everything_that_is_asked_for_is_sent(ask: Ask, edge: Edge) -> None:
    ask("openai-compatible", completion(), temperature="0.8", seed=5, effort="low", schema='{"type":"object"}')

    (sent,) = edge.sent
    assert sent == {
        "model": "some-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is the capital of France?"},
        ],
        "max_tokens": 64,
        "temperature": 0.8,
        "seed": 5,
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
        },
    }
    assert edge.headers[0]["authorization"] == f"Bearer {KEY}"


def test_no_sampling_parameter_is_sent_by_itself(ask: Ask, edge: Edge) -> None:
    ask("openai-compatible", completion(), system="")

    assert sorted(edge.sent[0]) == ["max_tokens", "messages", "model"]
    assert [message["role"] for message in edge.sent[0]["messages"]] == ["user"]


def test_an_address_is_needed(edge: Edge) -> None:
    async def go() -> None:
        async with openai_compatible.connect(replace(tier_of("openai-compatible", edge), base_url=None)):
            pass

    with pytest.raises(BadInput, match="no address"):
        asyncio.run(go())
