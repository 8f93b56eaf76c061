"""`tierfloor run --batch`: handed in now, fetched later, and asked by nobody in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_server import BatchServer
from batch_world import KEY, LADDER, MODELS
from worlds import write_suite

from harness.cache import Cache
from harness.cli import main


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path)
    with BatchServer() as running:
        urls = {"first": running.url("anthropic"), "second": running.url("openai")}
        Path("toy.toml").write_text(LADDER.format(**MODELS, **urls))
        yield running


def run(*more: str) -> int:
    return main(["run", "sums", "--ladder", "toy.toml", "--cache", "cache", *more])


def test_a_batch_run_ends_as_a_live_one(server: BatchServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--batch", "--budget", "5", "--format", "json") == 0
    out, err = capsys.readouterr()
    assert sorted(server.sizes) == [40, 40]
    assert set(server.paid.values()) == {1}
    floors = [json.loads(line) for line in out.splitlines()]
    assert {(row["tier"], row["n"], row["passes"]) for row in floors[0]["rows"]} == {
        ("small", 40, 40),
        ("full", 40, 40),
    }
    assert "small: handed in a batch of 40 requests" in err
    assert run() == 0
    assert server.calls["submit"] == 2


def test_handed_in_now_and_fetched_later(server: BatchServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.polls = 1
    assert run("--batch", "--no-wait", "--budget", "5") == 3
    assert "80 answers are under way in 2 batches, the first handed in on 20" in capsys.readouterr().err

    # A live run asks none of it, budget or not.
    assert run("--budget", "5") == 3
    err = capsys.readouterr().err
    assert "80 answers are under way in 2 batches" in err
    assert "asking" not in err
    assert server.calls["submit"] == 2

    # Nothing new to pay, so no budget is needed.
    assert run("--batch") == 0
    assert server.calls["submit"] == 2
    with Cache.open(Path("cache").absolute()) as cache:
        assert len(cache) == 80


def test_a_budget_that_is_too_small_hands_in_a_part(server: BatchServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--batch", "--budget", "0.0005") == 4
    assert 0 < sum(server.sizes) < 80
    assert "budget: " in capsys.readouterr().err.splitlines()[-1]


def test_no_wait_alone_is_a_mistake(server: BatchServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--no-wait", "--budget", "5") == 2
    assert capsys.readouterr().err.endswith("--no-wait: goes with --batch; add it, or leave --no-wait out\n")
