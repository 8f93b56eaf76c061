"""A loopback server for the adapters, and a way to ask through it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from providers.edge import CONNECT, KEY, Ask, Edge, Page, request_of, serving, tier_of

from harness.values import Request, Response, Tier


@pytest.fixture(scope="module")
def server() -> Iterator[Edge]:
    with serving() as edge:
        yield edge


@pytest.fixture
def edge(server: Edge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edge]:
    monkeypatch.setenv("SOME_KEY", KEY)
    server.clear()
    yield server
    server.hold.set()


@pytest.fixture
def ask(edge: Edge) -> Ask:
    """`ask(provider, page, **fields)`: what a request with these fields gets where the server answers `page`."""

    def run(provider: str, page: Page, **fields: Any) -> Response:
        edge.page = page
        return asyncio.run(_ask(tier_of(provider, edge), replace(request_of(provider), **fields)))

    return run


async def _ask(tier: Tier, request: Request) -> Response:
    async with CONNECT[tier.provider](tier) as connection:
        return await connection.complete(request)
