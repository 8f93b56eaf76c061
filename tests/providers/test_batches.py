"""The three providers' batches over true HTTP with the real SDKs: what is sent, what is read, what is found again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from batch_bodies import generated, message, response
from batch_server import Batch, BatchServer
from batch_world import CONNECT, KEY, MODELS, PROVIDERS, requests_of, tier_of
from llmock.testing import LLMockServer
from providers.edge import Edge, Page
from providers.edge import tier_of as edge_tier

from harness.errors import ProviderError
from harness.providers import Batches, BatchState
from harness.providers.batches import Adapter, lines
from harness.providers.wire import Wire
from harness.values import Request, Response, Tier

T = TypeVar("T")

each_provider = pytest.mark.parametrize("provider", PROVIDERS)

NOW = datetime(2026, 11, 22, 10, 11, tzinfo=UTC)
SCHEMA = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.setenv("SOME_KEY", KEY)
    with BatchServer() as running:
        running.now = lambda: NOW
        yield running


def do(bank: BatchServer, provider: str, act: Callable[[Batches], Awaitable[T]]) -> T:
    """What `act` makes of the provider's batches."""

    async def run() -> T:
        async with CONNECT[provider](tier_of(provider, bank.url(provider))) as connection:
            assert connection.batches is not None
            return await act(connection.batches)

    return asyncio.run(run())


def asked(bank: BatchServer, provider: str, count: int = 1, **fields: Any) -> list[Request]:
    tier = tier_of(provider, bank.url(provider))
    return [replace(request, **fields) for _, request in requests_of(tier, count)]


async def collected(batches: Batches, batch: str) -> dict[str, Response | ProviderError]:
    return {key: result async for key, result in batches.results(batch)}


@pytest.mark.parametrize("fields", [{}, {"system": "", "temperature": "0.5"}, {"effort": "low", "schema": SCHEMA}])
@each_provider
def test_a_batch_sends_what_a_call_sends(bank: BatchServer, edge: Edge, provider: str, fields: dict[str, Any]) -> None:
    (request,) = asked(bank, provider, **fields)

    async def live() -> None:
        async with CONNECT[provider](edge_tier(provider, edge)) as connection:
            await connection.complete(request)

    edge.page = Page(body={})
    with pytest.raises(ProviderError):
        asyncio.run(live())
    do(bank, provider, lambda batches: batches.submit([request], "tag"))

    (batch,) = bank.batches.values()
    assert batch.items == edge.sent
    assert batch.model == MODELS[provider]
    assert (list(batch.prompts), batch.tag) == ([request.key], "" if provider == "anthropic" else "tag")


@each_provider
def test_no_request_takes_more_bytes_than_its_size_says(bank: BatchServer, provider: str) -> None:
    requests = asked(bank, provider, 3, system='"Ünïcode" \u2028 \\ 漢字 🎉' * 50, schema=SCHEMA)

    async def sizes(batches: Batches) -> list[int]:
        await batches.submit(requests, "tag")
        return [batches.size(request) for request in requests]

    bounds = do(bank, provider, sizes)
    (batch,) = bank.batches.values()
    for bound, item in zip(bounds, batch.items, strict=True):
        assert len(json.dumps(item)) <= bound < 2 * len(json.dumps(item))


@each_provider
def test_how_far_a_batch_is(bank: BatchServer, provider: str) -> None:
    bank.polls = 1
    bank.fate = lambda prompt: "bad" if prompt.startswith("0 ") else "ok"
    requests = asked(bank, provider, 4)

    async def twice(batches: Batches) -> list[BatchState]:
        batch = await batches.submit(requests, "tag")
        return [await batches.state(batch), await batches.state(batch)]

    before, after = do(bank, provider, twice)
    assert before == BatchState(ended=False, done=1 if provider == "openai" else 0, total=4)
    assert after == BatchState(ended=True, done=4, total=4)


@each_provider
def test_the_body_is_kept_as_it_came(bank: BatchServer, provider: str) -> None:
    bank.fate = lambda _: "odd"
    (request,) = asked(bank, provider)

    async def fetched(batches: Batches) -> dict[str, Response | ProviderError]:
        return await collected(batches, await batches.submit([request], "tag"))

    found = do(bank, provider, fetched)[request.key]
    given = request.prompt, "odd", MODELS[provider], bank.usage
    body = {
        "anthropic": lambda: message(*given),
        "openai": lambda: response(*given, int(NOW.timestamp())),
        "google": lambda: generated(*given),
    }[provider]()
    assert isinstance(found, Response)
    assert found.raw == body
    assert (found.text, found.model, found.processing, found.on) == ("1\u2028", MODELS[provider], "batch", "2026-11-22")


def others(bank: BatchServer, provider: str, count: int) -> list[Batch]:
    """Batches of one request each, an hour apart, the last one an hour ago."""
    made = []
    for number in range(count):
        created = NOW - timedelta(hours=count - number)
        batch = Batch(
            id=f"{'batches/' if provider == 'google' else ''}b{number}", provider=provider, model="m",
            prompts={f"{number}": "1 + 1"}, created=created, tag=f"tag{number}",
        )  # fmt: skip
        bank.batches[batch.id] = batch
        made.append(batch)
    return made


@pytest.mark.parametrize("provider", ["openai", "google"])
def test_a_batch_is_found_by_its_tag_on_a_later_page(bank: BatchServer, provider: str) -> None:
    made = others(bank, provider, 5)
    since = made[1].created

    def find(tag: str, *taken: str) -> str | None:
        return do(bank, provider, lambda batches: batches.find(tag, 1, since, taken))

    assert find("tag1") == made[1].id
    assert find("tag9") is None
    assert find("tag1", made[1].id) is None


def test_openai_is_not_asked_for_older_batches_than_ours_can_be(bank: BatchServer) -> None:
    others(bank, "openai", 100)
    assert do(bank, "openai", lambda batches: batches.find("none", 1, NOW, ())) is None
    assert bank.calls["list"] == 13


def test_anthropics_batch_is_found_by_time_and_size(bank: BatchServer) -> None:
    made = others(bank, "anthropic", 6)

    def find(count: int, since: datetime, *taken: str) -> str | None:
        return do(bank, "anthropic", lambda batches: batches.find("tag", count, since, taken))

    assert find(1, made[2].created - timedelta(minutes=1)) == made[2].id
    # The provider's clock may be behind ours, but one that came after is likelier.
    assert find(1, made[5].created + timedelta(minutes=4)) == made[5].id
    assert find(1, made[4].created + timedelta(minutes=4)) == made[5].id
    assert find(1, made[5].created + timedelta(minutes=6)) is None
    assert find(1, made[4].created, made[4].id) == made[5].id
    assert find(2, made[0].created) is None


@each_provider
def test_a_batch_that_nobody_knows(bank: BatchServer, provider: str) -> None:
    name = "batches/none" if provider == "google" else "none"
    with pytest.raises(ProviderError) as error:
        do(bank, provider, lambda batches: batches.state(name))
    assert error.value.fault == "no such model"


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_results_that_break_off_are_a_fault_even_where_the_connection_ends_well(
    bank: BatchServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = asked(bank, provider, 5)
    whole = BatchServer.answer

    def shortened(self: BatchServer, method: str, target: str, *rest: Any) -> Any:
        (status, kind, data), act = whole(self, method, target, *rest)
        if target.endswith(("/results", "/content")):
            data = b"\n".join(data.split(b"\n")[:3])
        return (status, kind, data), act

    async def fetched(batches: Batches) -> dict[str, Response | ProviderError]:
        return await collected(batches, await batches.submit(requests, "tag"))

    monkeypatch.setattr(BatchServer, "answer", shortened)
    with pytest.raises(ProviderError, match=r"only 3 of the 5 results of batch \S+ came"):
        do(bank, provider, fetched)


async def whole(
    tier: Tier, requests: list[Request]
) -> tuple[str, str | None, BatchState, dict[str, Response | ProviderError]]:
    """A batch handed in, looked for, looked at and fetched."""
    async with CONNECT[tier.provider](tier) as connection:
        assert connection.batches is not None
        batch = await connection.batches.submit(requests, "tag")
        found = await connection.batches.find("tag", len(requests), datetime.now(UTC), ())
        return batch, found, await connection.batches.state(batch), await collected(connection.batches, batch)


def test_a_server_that_we_did_not_write_answers_anthropics_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.setattr("llmock.routers.batch._BATCH_DELAY", 0.0)

    with LLMockServer() as other:
        tier = tier_of("anthropic", f"{other.url}/anthropic")
        requests = [request for _, request in requests_of(tier, 3)]
        batch, found, state, results = asyncio.run(whole(tier, requests))

    assert (found, state) == (batch, BatchState(ended=True, done=3, total=3))
    assert results.keys() == {request.key for request in requests}
    assert all(isinstance(result, Response) and result.usage.output for result in results.values())


def test_a_server_that_we_did_not_write_takes_openais_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows no `/v1/responses` in batches: every line comes back as an error."""
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.setattr("llmock.routers.batch._BATCH_DELAY", 0.0)

    with LLMockServer() as other:
        tier = tier_of("openai", f"{other.url}/v1")
        requests = [request for _, request in requests_of(tier, 3)]
        batch, found, state, results = asyncio.run(whole(tier, requests))

    assert found == batch
    assert (state.ended, state.done, state.total) == (True, 3, 3)
    assert {key: getattr(result, "fault", None) for key, result in results.items()} == {
        request.key: "bad request" for request in requests
    }


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 100])
def test_lines_are_whole_however_the_file_is_cut_up(cut: int) -> None:
    text = '{"a": "\u2028\x85"}\n\n[1]\r\n{"b": "ü"}'.encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(text), cut):
            yield text[start : start + cut]

    async def read() -> list[object]:
        adapter = Adapter(
            place="x", wire=Wire("http://x", "", OSError), build=Request.as_dict, normalise=lambda _: nothing
        )
        return [json.loads(line.content) async for line in lines(adapter, chunks())]

    nothing: Any = None
    assert asyncio.run(read()) == [{"a": "\u2028\x85"}, [1], {"b": "ü"}]
