"""The adapters against a server of fault scenarios that others wrote, with its own idea of each provider's bodies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from llmock.ratelimit import LimitSettings
from llmock.scenarios import Delay, Fail, Reply
from llmock.testing import LLMockServer
from providers.edge import PROVIDERS, Edge, inside, request_of

from harness.errors import Fault, ProviderError
from harness.providers import Connection
from harness.values import Response

PATHS = {"anthropic": "/anthropic", "openai": "/v1", "openai-compatible": "/v1", "google": "/gemini/v1beta"}

# (status, seconds the server asks for): (fault, seconds we heed)
FAULTS: dict[tuple[int, float | None], tuple[Fault, float | None]] = {
    (429, 3.0): ("rate limit", 3.0),
    (429, 3600.0): ("rate limit", 3600.0),
    (500, None): ("server fault", None),
    (503, None): ("overloaded", None),
    (529, None): ("overloaded", None),
    (400, None): ("bad request", None),
    (401, None): ("key refused", None),
    (403, None): ("not allowed", None),
    (404, None): ("no such model", None),
}


@pytest.fixture(scope="module")
def server() -> Iterator[LLMockServer]:
    with LLMockServer() as started:
        yield started


@pytest.fixture
def mock(server: LLMockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMockServer]:
    monkeypatch.setenv("SOME_KEY", "sk-test-0123456789abcdef")
    yield server
    server.state.limiter.configure(LimitSettings())
    server.state.reset()


def use(mock: LLMockServer, provider: str, call: object) -> Response:
    found: Response = inside(provider, Edge(mock.url), call, base_url=mock.url + PATHS[provider])  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_is_understood(mock: LLMockServer, provider: str) -> None:
    mock.state.scenarios.add(Reply(text="Paris"))

    response = use(mock, provider, lambda it: it.complete(request_of(provider)))

    assert (response.text, response.finish) == ("Paris", "ok")
    assert response.model.startswith(request_of(provider).model)
    assert response.usage.input > 0
    assert response.usage.output > 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_reply_that_was_cut_is_truncated(mock: LLMockServer, provider: str) -> None:
    mock.state.scenarios.add(Reply(text="Pa", finish_reason="length"))

    assert use(mock, provider, lambda it: it.complete(request_of(provider))).finish == "truncated"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_fault_has_its_name_and_is_asked_once(mock: LLMockServer, provider: str) -> None:
    found = {}

    async def go(connection: Connection) -> None:
        for status, wait in FAULTS:
            mock.state.scenarios.add(Fail(status, retry_after=wait))
            with pytest.raises(ProviderError) as caught:
                await connection.complete(request_of(provider))
            # Where it is given no number, this server makes one up.
            found[status, wait] = (caught.value.fault, caught.value.retry_after if wait else None)

    use(mock, provider, go)

    assert found == FAULTS
    assert len(mock.state.journal.records()) == len(FAULTS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_hangs_is_left_in_time(mock: LLMockServer, provider: str) -> None:
    mock.state.scenarios.add(Delay(2))

    async def go(connection: Connection) -> Response:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await connection.complete(request_of(provider))
        assert time.monotonic() - started < 1.5
        return await connection.complete(request_of(provider))

    assert use(mock, provider, go).finish == "ok"


@pytest.mark.parametrize("provider", ["anthropic", "openai", "openai-compatible"])
def test_what_the_limits_leave_is_known(mock: LLMockServer, provider: str) -> None:
    mock.state.limiter.configure(LimitSettings(rpm=10, tpm=100_000))
    left = []

    async def go(connection: Connection) -> None:
        for _ in range(3):
            await connection.complete(replace(request_of(provider), max_output_tokens=100))
            allowance = connection.allowance()
            assert allowance is not None
            assert allowance.tokens is not None
            assert 0 < allowance.tokens < 100_000
            assert 0 < allowance.reset <= 60
            left.append(allowance.requests)

    use(mock, provider, go)

    assert left == [9, 8, 7]
