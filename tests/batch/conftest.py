"""A batch server and a world for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_server import BatchServer
from batch_world import KEY, World


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("SOME_KEY", KEY)
    world = World(tmp_path / "cache")
    server.now = world.clock.now
    return world
