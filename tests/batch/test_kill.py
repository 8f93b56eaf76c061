"""kill -9 at any moment: the next run has every answer, and nothing was paid twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from batch_bodies import total
from batch_server import BatchServer
from batch_world import PROVIDERS, World, requests_of, tier_of

from harness.batch.counter import CHUNK
from harness.values import Response

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent.parent
PROGRAM = "import batch_world; batch_world.main()"


def start(world: World, server: BatchServer, provider: str, count: int, *how: str) -> subprocess.Popen[str]:
    paths = [str(TESTS), *filter(None, sys.path)]
    command = [sys.executable, "-c", PROGRAM, str(world.folder), provider, server.url(provider), str(count), *how]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": ":".join(paths)},
    )


def killer(running: list[subprocess.Popen[str]]) -> Callable[[], None]:
    """Kills the process from inside the server, while it waits for a reply."""

    def kill() -> None:
        if running:
            running[0].kill()
            running[0].wait()

    return kill


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def resume(world: World, server: BatchServer, provider: str, count: int) -> None:
    """Whatever happened, everything is answered, rightly, and paid once."""
    server.on.clear()
    server.taken = lambda: None
    todo = requests_of(tier_of(provider, server.url(provider)), count)
    results = world.ask(todo)
    answers = {key: result.text for key, result in results.items() if isinstance(result, Response)}
    assert answers == {request.key: total(request.prompt) for _, request in todo}
    assert world.stored().keys() == answers.keys() == server.paid.keys()
    assert set(server.paid.values()) == {1}
    assert world.tickets() == []


@pytest.fixture(autouse=True)
def today(server: BatchServer, world: World) -> None:
    """Processes have no clock of ours."""
    server.now = lambda: datetime.now(UTC)
    world.clock.time = datetime.now(UTC)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_killed_when_the_provider_had_taken_the_batch_but_not_said_so(
    server: BatchServer, world: World, provider: str
) -> None:
    running: list[subprocess.Popen[str]] = []
    server.taken = killer(running)
    running.append(start(world, server, provider, 5))
    assert ended(running[0]) == (-9, "")
    assert (len(server.paid), len(world.tickets())) == (5, 2)

    resume(world, server, provider, 5)
    assert server.calls["submit"] == 1


def test_killed_before_the_provider_took_the_batch(server: BatchServer, world: World) -> None:
    running: list[subprocess.Popen[str]] = []
    server.on["submit"] = killer(running)
    server.plan["submit"].append("refuse")
    running.append(start(world, server, "anthropic", 5))
    assert ended(running[0]) == (-9, "")
    assert (len(server.paid), len(world.tickets())) == (0, 2)

    resume(world, server, "anthropic", 5)
    assert server.calls["submit"] == 2


def test_killed_while_waiting(server: BatchServer, world: World) -> None:
    running: list[subprocess.Popen[str]] = []
    server.on["state"] = killer(running)
    running.append(start(world, server, "google", 5))
    assert ended(running[0]) == (-9, "")

    resume(world, server, "google", 5)


def test_killed_between_two_chunks_of_answers(server: BatchServer, world: World) -> None:
    count = CHUNK + 50
    assert ended(start(world, server, "openai", count, "die")) == (-9, "")
    assert len(world.stored()) == CHUNK

    resume(world, server, "openai", count)


def test_two_processes_at_once(server: BatchServer, world: World) -> None:
    assert world.stored() == {}
    processes = [start(world, server, "anthropic", 20) for _ in range(2)]
    assert [ended(each) for each in processes] == [(0, "")] * 2
    assert len(world.stored()) == 20
    assert set(server.paid.values()) == {1}
    assert server.calls["submit"] == 1
