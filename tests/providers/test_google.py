"""The Google adapter, over real HTTP through the real SDK."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from google.genai.types import GenerateContentResponse
from providers.edge import KEY, Ask, Edge, Page, inside, request_of, tier_of

from harness import prices
from harness.errors import ProviderError
from harness.providers import Listed
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
    ("model", "on", "cost"),
    [
        # 80 at 0.75, 20 cached at 0.075 and 50 at 3.75 dollars a million; twice that from 2027 on.
        ("gemini-3.8-flash", date(2026, 11, 22), "0.000249"),
        ("gemini-3.8-flash", date(2027, 1, 2), "0.000498"),
        # At 0.30, 0.03 and 2.50 dollars.
        ("gemini-3.5-flash-lite", date(2026, 11, 22), "0.0001496"),
    ],
)
def test_an_answer_carries_its_text_model_and_exact_usage(
    ask: Ask, edge: Edge, model: str, on: date, cost: str
) -> None:
    response = ask("google", reply(modelVersion=f"{model}-002"), model=model)

    assert (response.text, response.finish, response.model) == ("Paris", "ok", f"{model}-002")
    assert response.usage == Usage(input=100, output=50, cached=20, reasoning=40)
    tier = replace(tier_of("google", edge), model=model, base_url=None)
    assert prices.cost(response.usage, tier, "USD", on) == Decimal(cost)
    assert response.raw == reply(modelVersion=f"{model}-002").body


def test_counts_that_are_absent_are_zero(ask: Ask) -> None:
    assert ask("google", reply(usageMetadata={})).usage == Usage(input=0, output=0)
    usage = {"promptTokenCount": 9, "toolUsePromptTokenCount": 2, "thoughtsTokenCount": 40}
    eaten = ask("google", reply(candidates=candidate("MAX_TOKENS"), usageMetadata=usage))
    assert (eaten.usage, eaten.finish) == (Usage(input=11, output=40, reasoning=40), "truncated")


def test_without_any_usage_only_a_blocked_prompt_is_an_answer(ask: Ask) -> None:
    blocked = reply(candidates=None, usageMetadata=None, promptFeedback={"blockReason": "OTHER"})
    assert ask("google", blocked).usage == Usage(input=0, output=0)

    for page in (reply(usageMetadata=None), reply(candidates=None), reply(candidates=[])):
        with pytest.raises(ProviderError) as caught:
            ask("google", page)
        assert caught.value.fault == "unreadable reply"


@pytest.mark.parametrize(
    ("change", "finish"),
    [
        ({"candidates": None, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "filtered"),
        ({"candidates": candidate("SAFETY")}, "filtered"),
        ({"candidates": candidate("RECITATION", PARTS)}, "filtered"),
        ({"candidates": candidate("MODEL_ARMOR")}, "filtered"),
        ({"candidates": candidate("MAX_TOKENS")}, "truncated"),
        ({"candidates": candidate("CONTINUATION", PARTS)}, "truncated"),
        ({"candidates": candidate("MALFORMED_RESPONSE", PARTS)}, "truncated"),
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
    ("quota", "fault", "hint"),
    [("GenerateRequestsPerMinute", "rate limit", 45.837), ("GenerateRequestsPerDayPerProject", "limit reached", None)],
)
def test_waiting_time_and_hopeless_quotas_are_read_from_the_body(
    ask: Ask, quota: str, fault: str, hint: float | None
) -> None:
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.837s"},
    ]

    with pytest.raises(ProviderError) as caught:
        ask("google", error(429, details=details))

    assert (caught.value.fault, caught.value.retry_after) == (fault, hint)


def test_a_wrong_key_is_named_though_google_calls_it_a_bad_request(ask: Ask) -> None:
    with pytest.raises(ProviderError, match="the key was refused") as caught:
        ask("google", error(400, details=[{"reason": "API_KEY_INVALID"}]))

    assert caught.value.fault == "key refused"


def test_input_tokens_are_counted_without_asking_the_model(edge: Edge) -> None:
    edge.page = Page(body={"totalTokens": 17})
    request = replace(request_of("google"), schema='{"type":"object"}')

    assert inside("google", edge, lambda it: it.count(request)) == 17
    assert edge.paths == ["/v1/models/gemini-3.8-flash:countTokens"]
    parts = [{"text": text} for text in ("Be brief.", '{"type":"object"}', "What is the capital of France?")]
    assert edge.sent == [{"contents": [{"role": "user", "parts": parts}]}]


def test_models_are_listed_page_by_page_by_the_names_that_requests_use(edge: Edge) -> None:
    edge.page = lambda path: Page(
        body={"models": [{"name": "models/gemini-b"}]}
        if "pageToken=more" in path
        else {"models": [{"name": "models/gemini-a"}], "nextPageToken": "more"}
    )

    assert inside("google", edge, lambda it: it.models()) == (Listed(id="gemini-a"), Listed(id="gemini-b"))


def test_an_address_may_name_the_version(edge: Edge) -> None:
    edge.page = reply()

    for suffix in ("", "/v1beta", "/gateway/v1beta/", "/v2alpha1"):
        inside("google", edge, lambda it: it.complete(request_of("google")), base_url=edge.url + suffix)

    call = "models/gemini-3.8-flash:generateContent"
    assert edge.paths == [f"/v1/{call}", f"/v1beta/{call}", f"/gateway/v1beta/{call}", f"/v2alpha1/{call}"]
