"""What holds for every adapter, over real sockets: each fault has its name after one request, and no key is told."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import replace

import pytest
from providers.edge import CONNECT, GOOD, KEY, PROVIDERS, Ask, Edge, Page, inside, request_of, tier_of

from harness.errors import BadInput, ProviderError
from harness.providers import Connection
from harness.values import Response, Usage

HTML = "<html><body>Bad gateway</body></html>"


def told(message: str = "a reason", **error: object) -> dict[str, object]:
    """An error as all of them send it, with each one's names for things."""
    return {"type": "error", "error": {"type": "x", "message": message, "status": "X", **error}}


def fails(status: int, body: object = None, **headers: str) -> Page:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Page(status=status, body=told() if body is None else body, headers=named)


FAULTS: dict[str, tuple[Page, str, str, float | None]] = {
    "429": (fails(429), "rate limit", "429: a reason", None),
    "429 with a hint": (fails(429, retry_after="7"), "rate limit", "429", 7.0),
    "429 with a finer hint": (fails(429, retry_after="7", retry_after_ms="250"), "rate limit", "429", 0.25),
    "429 with an hour's hint": (fails(429, retry_after="3600"), "rate limit", "429", 3600.0),
    "429 that is final": (fails(429, x_should_retry="false"), "bad request", "429", None),
    "429 of a request that is too large": (
        fails(429, told("Request too large for x on tokens per min (TPM)", code="rate_limit_exceeded")),
        "bad request", "too large", None),
    "500": (fails(500), "server fault", "500: a reason; try again later", None),
    "500 with a page": (Page(status=500, body=HTML, type="text/html"), "server fault", "500", None),
    "502": (Page(status=502, body="", type="text/html"), "server fault", "502", None),
    "503": (fails(503, retry_after="2"), "overloaded", "503", 2.0),
    "504": (fails(504), "timeout", "504", None),
    "529": (fails(529), "overloaded", "529", None),
    "529 that is final": (fails(529, x_should_retry="false"), "bad request", "529", None),
    "408": (fails(408), "timeout", "408", None),
    "409": (fails(409), "overloaded", "409", None),
    "400": (fails(400), "bad request", "400: a reason; this request cannot work", None),
    "413": (fails(413), "bad request", "413", None),
    "422": (fails(422), "bad request", "422", None),
    "400 of an empty balance": (
        fails(400, told("Your credit balance is too low to access the API")), "limit reached", "raise the limit", None),
    "400 of a country": (fails(400, told(status="FAILED_PRECONDITION")), "not allowed", "what the key may use", None),
    "401": (fails(401, told(f"wrong key {KEY}")), "key refused", "the key was refused (401)", None),
    "402": (fails(402), "limit reached", "402: a reason; raise the limit", None),
    "403": (fails(403), "not allowed", "403: a reason; check what the key may use", None),
    "404": (fails(404), "no such model", "404: a reason; check the model and http://127.0.0.1", None),
    "a model's name in a 400": (fails(400, told(code="model_not_found")), "no such model", "400", None),
    "a redirect": (fails(307, location="http://127.0.0.1:9/"), "no such model", "307: a reason; check", None),
    "no money left": (
        fails(429, told(code="insufficient_quota"), retry_after="9"), "limit reached", "raise the limit", None),
    "no money left, by type": (fails(429, told(type="billing_error")), "limit reached", "raise the limit", None),
    "a workspace's limit": (
        fails(429, told(details={"error_code": "workspace_spend_limit_reached"})), "limit reached", "raise", None),
    "a page": (Page(body=HTML, type="text/html"), "unreadable reply", "not JSON", None),
    "a page that claims to be JSON": (Page(body=HTML), "unreadable reply", "not JSON", None),
    "cut JSON": (Page(body='{"id": "m", "mod'), "unreadable reply", "not JSON", None),
    "nothing": (Page(), "unreadable reply", "not JSON", None),
    "JSON too deep to read": (Page(body='{"a":' * 99_999), "unreadable reply", "not JSON", None),
    "no object": (Page(body=[1]), "unreadable reply", "no JSON object", None),
    "another object": (Page(body={"hello": "world"}), "unreadable reply", "lacks what was expected", None),
    "no HTTP": (Page(body="hello there\r\n\r\n", act="babble"), "unreadable reply", "not what was expected", None),
    "a body cut short": (Page(body='{"id"', length=999), "connection lost", "broke before", None),
    "a closed connection": (Page(act="close"), "connection lost", "broke before", None),
    "a reset connection": (Page(act="reset"), "connection lost", "broke before", None),
}  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_fault_is_one_named_error_after_one_request(edge: Edge, provider: str) -> None:
    wanted = {name: (fault, hint, 1) for name, (_, fault, _, hint) in FAULTS.items()}
    found, texts = {}, {}

    async def go(connection: Connection) -> None:
        for name, (page, _, words, _) in FAULTS.items():
            edge.clear()
            edge.page = page
            with pytest.raises(ProviderError) as caught:
                await connection.complete(request_of(provider))
            found[name] = (caught.value.fault, caught.value.retry_after, len(edge.paths))
            texts[name] = (str(caught.value), words, "".join(traceback.format_exception(caught.value)))

    inside(provider, edge, go)

    assert found == wanted
    assert {name: text for name, (text, words, _) in texts.items() if words not in text} == {}
    assert all(text.startswith(f"{provider}/") and "\n" not in text for text, _, _ in texts.values())
    assert not any(KEY in shown for _, _, shown in texts.values())


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://nowhere.invalid"])
def test_no_server_is_no_connection(edge: Edge, provider: str, address: str) -> None:
    with pytest.raises(ProviderError, match="check network and address") as caught:
        complete(provider, Edge(address))

    assert caught.value.fault == "no connection"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_takes_too_long_is_a_timeout(edge: Edge, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("anthropic", "openai_compatible", "google"):
        monkeypatch.setattr(f"harness.providers.{module}.TIMEOUT", 0.3)
    edge.page = Page(act="hang")

    with pytest.raises(ProviderError, match="no reply in time") as caught:
        complete(provider, edge)

    assert caught.value.fault == "timeout"
    assert len(edge.paths) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_call_that_hangs_can_be_given_up_and_the_connection_goes_on(edge: Edge, provider: str) -> None:
    async def go() -> Response:
        async with CONNECT[provider](tier_of(provider, edge)) as connection:
            edge.page = Page(act="hang")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await connection.complete(request_of(provider))
            edge.page = Page(body=GOOD[provider])
            async with asyncio.timeout(5):
                return await connection.complete(request_of(provider))

    assert asyncio.run(go()).text == "Paris"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_two_hundred_calls_are_under_way_at_once(edge: Edge, provider: str) -> None:
    # The server answers nobody before all 200 have asked.
    edge.barrier.__init__(200)  # type: ignore[misc]
    edge.page = Page(body=GOOD[provider], act="meet")

    async def go() -> list[Response]:
        async with CONNECT[provider](tier_of(provider, edge)) as connection:
            return await asyncio.gather(*(connection.complete(request_of(provider)) for _ in range(200)))

    assert {response.text for response in asyncio.run(go())} == {"Paris"}
    assert len(edge.paths) == 200


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.filterwarnings("error")
def test_nothing_is_left_open(ask: Ask, provider: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert ask(provider, Page(body=GOOD[provider])).usage == Usage(input=7, output=3)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_served_model_that_is_not_named_is_the_one_asked_for(ask: Ask, provider: str) -> None:
    body = {name: value for name, value in GOOD[provider].items() if name not in {"model", "modelVersion"}}

    assert ask(provider, Page(body=GOOD[provider])).model == "served"
    assert ask(provider, Page(body=body)).model == request_of(provider).model


@pytest.mark.parametrize("provider", PROVIDERS)
def test_counts_that_are_none_are_refused(edge: Edge, provider: str) -> None:
    usage = "usageMetadata" if provider == "google" else "usage"

    async def go(connection: Connection) -> None:
        for count in (-1, "7", 1.5, True, [7]):
            edge.page = Page(body={**GOOD[provider], usage: dict.fromkeys(GOOD[provider][usage], count)})
            with pytest.raises(ProviderError, match="lacks what was expected"):
                await connection.complete(request_of(provider))

    inside(provider, edge, go)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_body_is_kept_whole_but_for_keys_and_what_nobody_can_store(ask: Ask, provider: str) -> None:
    extra = f'"key": "{KEY}", "number": NaN, "half": "\\ud83d", "whole": "\\ud83d\\ude00", '
    text = Page(body=GOOD[provider]).bytes().decode()

    response = ask(provider, Page(body="{" + extra + text[1:]))

    kept = {"key": "[key]", "number": "NaN", "half": "\ufffd", "whole": "😀"}
    assert response.raw == {**GOOD[provider], **kept}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_key_that_a_server_repeats_is_not_told(ask: Ask, provider: str, status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(provider, Page(status=status, body=f"what is {KEY}?" if status == 200 else told(f"what is {KEY}?")))

    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert "[key]" in str(caught.value)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_log_tells_a_key(ask: Ask, provider: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    ask(provider, Page(body=GOOD[provider]))
    with pytest.raises(ProviderError):
        ask(provider, Page(act="close"))

    assert KEY not in caplog.text


LEFT = {
    "anthropic": {"anthropic-ratelimit-requests-remaining": "4", "anthropic-ratelimit-output-tokens-remaining": "90"},
    "openai": {"x-ratelimit-remaining-requests": "4", "x-ratelimit-remaining-tokens": "90"},
    "openai-compatible": {"x-ratelimit-remaining-requests": "4", "x-ratelimit-remaining-tokens": "90"},
}


@pytest.mark.parametrize("provider", LEFT)
def test_what_is_left_is_known_from_answers_and_from_errors(edge: Edge, provider: str) -> None:
    async def go(connection: Connection) -> None:
        assert connection.allowance() is None
        for page in (Page(body=GOOD[provider]), Page(status=429, body=told())):
            for left in ("4", "0"):
                name = next(iter(LEFT[provider]))
                edge.page = replace(page, headers={**LEFT[provider], name: left})
                await asyncio.gather(connection.complete(request_of(provider)), return_exceptions=True)
                allowance = connection.allowance()
                assert allowance is not None
                assert (allowance.requests, allowance.tokens) == (int(left), 90)

    inside(provider, edge, go)


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("google", "GOOGLE_API_KEY or GEMINI_API_KEY"),
    ],
)
@pytest.mark.parametrize("value", ["", " ", None])
def test_a_missing_key_is_named(
    edge: Edge, provider: str, names: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in names.split(" or "):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)

    with pytest.raises(BadInput) as caught:
        inside(provider, edge, idle, base_url=None, key_env=None)

    assert str(caught.value) == f"{provider}: no key: set {names}, or use --offline to work from stored answers only"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("key", ["sk-schlüssel", "sk-one sk-two", "sk-one\nsk-two"])
def test_a_key_that_cannot_be_one_is_refused_untold(
    edge: Edge, provider: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", key)

    with pytest.raises(BadInput, match="SOME_KEY holds characters that no key has") as caught:
        inside(provider, edge, idle)

    assert "sk-" not in str(caught.value)


async def idle(_: Connection) -> None:
    """Open a connection and use it for nothing."""


def complete(provider: str, edge: Edge) -> None:
    async def use(connection: Connection) -> None:
        await connection.complete(request_of(provider))

    inside(provider, edge, use)
