"""The Google adapter, over real HTTP through the real SDK."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from google.genai.types import GenerateContentResponse
from providers.edge import KEY, Ask, Edge, Page, tier_of

from harness import prices
from harness.errors import ProviderError
from harness.values import Usage

PARTS: list[dict[str, object]] = [{"text": "thinking", "thought": True}, {"text": "Pa"}, {"text": "ris"}]


def candidate(reason: str = "STOP", parts: list[dict[str, object]] | None = None) -> list[dict[str, object]]:
    content = {"role": "model"} if parts is None else {"role": "model", "parts": parts}
    return [{"content": content, "finishReason": reason}]


def reply(**change: object) -> Page:
    body = {
        "candidates": candidate(parts=PARTS),
        "usageMetadata": {
            "promptTokenCount": 100,
            "candidatesTokenCount": 10,
            "thoughtsTokenCount": 40,
            "cachedContentTokenCount": 20,
            "totalTokenCount": 150,
        },
        "modelVersion": "gemini-3.8-flash-002",
    }
    return Page(body={key: value for key, value in (body | change).items() if value is not None})


def test_our_page_is_one_of_theirs() -> None:
    GenerateContentResponse.model_validate(reply().body)


@pytest.mark.parametrize(
    # 80 at 0.75, 20 cached at 0.075 and 50 at 3.75 dollars a million; twice that from 2027 on.
    ("on", "cost"), [(date(2026, 11, 22), Decimal("0.000249")), (date(2027, 1, 2), Decimal("0.000498"))]
)  # fmt: skip
def test_an_answer_carries_its_text_model_and_exact_usage(ask: Ask, edge: Edge, on: date, cost: Decimal) -> None:
    response = ask("google", reply())

    assert (response.text, response.finish, response.model) == ("Paris", "ok", "gemini-3.8-flash-002")
    assert response.usage == Usage(input=100, output=50, cached=20, reasoning=40)
    assert prices.cost(response.usage, tier_of("google", edge), "USD", on) == cost
    assert "sdkHttpResponse" not in response.raw


@pytest.mark.parametrize(
    ("change", "finish"),
    [
        ({"candidates": None, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "filtered"),
        ({"candidates": candidate("SAFETY")}, "filtered"),
        ({"candidates": candidate("RECITATION", PARTS)}, "filtered"),
        ({"candidates": candidate("MAX_TOKENS")}, "truncated"),
        ({"candidates": candidate("STOP")}, "empty"),
    ],
)
def test_how_a_reply_ended(ask: Ask, change: dict[str, object], finish: str) -> None:
    assert ask("google", reply(**change)).finish == finish


def test_only_what_is_asked_for_is_sent(ask: Ask, edge: Edge) -> None:
    ask("google", reply())

    (sent,) = edge.sent
    assert sent["contents"] == [{"parts": [{"text": "What is the capital of France?"}], "role": "user"}]
    assert sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert sent["generationConfig"] == {"maxOutputTokens": 64}
    assert edge.paths == ["/v1/models/gemini-3.8-flash:generateContent"]
    assert edge.headers[0]["x-goog-api-key"] == KEY


def test_effort_schema_and_sampling_are_sent_where_asked_for(ask: Ask, edge: Edge) -> None:
    ask("google", reply(), effort="low", schema='{"type":"object"}', temperature="0.2", seed=3)

    sent = edge.sent[0]["generationConfig"]
    # The SDK writes this key in snake case, which Google's JSON accepts as well.
    assert list(sent.pop("thinkingConfig").values()) == ["LOW"]
    assert sent == {
        "maxOutputTokens": 64,
        "temperature": 0.2,
        "seed": 3,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
    }


def test_an_unfinished_reply_is_not_continued_unseen(ask: Ask, edge: Edge) -> None:
    ask("google", reply(candidates=[{**candidate("CONTINUATION", PARTS)[0], "continuationToken": "more"}]))

    assert len(edge.sent) == 1


def error(status: int, **body: object) -> Page:
    return Page(status=status, body={"error": {"code": status, "message": "quota", "status": "X", **body}})


@pytest.mark.parametrize(
    ("quota", "kind", "hint"),
    [("GenerateRequestsPerMinute", "transient", 45.837), ("GenerateRequestsPerDayPerProject", "fatal", None)],
)
def test_waiting_time_and_hopeless_quotas_are_read_from_the_body(
    ask: Ask, quota: str, kind: str, hint: float | None
) -> None:
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.837s"},
    ]

    with pytest.raises(ProviderError) as caught:
        ask("google", error(429, details=details))

    assert (caught.value.kind, caught.value.retry_after) == (kind, hint)


def test_a_wrong_key_is_named_though_google_calls_it_a_bad_request(ask: Ask) -> None:
    with pytest.raises(ProviderError, match="the key was refused") as caught:
        ask("google", error(400, details=[{"reason": "API_KEY_INVALID"}]))

    assert caught.value.kind == "fatal"
