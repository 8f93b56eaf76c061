"""kill -9 at any moment: what had arrived is never asked again, and the end is as if nothing had happened."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from loopback import SumServer
from worlds import write_suite

from harness.cache import Cache
from harness.cli import main

pytestmark = pytest.mark.slow

# Shells have what they start in the background ignore a Ctrl-C; a run must hear it also when tests are started so.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from harness.cli import main
sys.exit(main())
"""
KILLS = 20
REQUESTS = 500
CONNECTIONS = 16
LADDER = """\
title = "One server"
unit = "credits"

[[tier]]
name = "careful"
provider = "openai-compatible"
model = "careful"
base_url = "{url}"
max_connections = {connections}
price = {{ input = "1000", output = "1000", unit = "credits", on = "2026-11-22", source = "declared" }}
"""


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    """A run with a cache folder and a results folder of its own."""
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "run",
        "sums",
        "--ladder",
        "toy.toml",
        "--until",
        "all",
        "--cache",
        name,
        "--results",
        f"r-{name}",
    ]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(folder: Path) -> set[str]:
    """The prompts whose answers a cache folder holds."""
    if not (folder / "cache.db").exists():
        return set()
    with Cache.open(folder) as cache:
        assert cache.verify() == []
        return {request.prompt for request, _ in cache.get_all(cache.keys()).values()}


def kill_one(folder: Path, server: SumServer, moments: random.Random) -> None:
    """A run that is killed some time after it has sent something."""
    before = server.asked.total()
    process = start(folder, "killed")
    while process.poll() is None and server.asked.total() == before:
        time.sleep(0.005)
    time.sleep(moments.uniform(0.0, 0.25))
    process.kill()
    process.communicate()


def test_an_interrupted_run_keeps_what_had_arrived_and_says_what_may_have_been_billed(tmp_path: Path) -> None:
    write_suite(tmp_path)
    with SumServer(delay=0.3) as server:
        (tmp_path / "toy.toml").write_text(LADDER.format(url=server.url, connections=8))
        process = start(tmp_path, "stopped")
        while process.poll() is None and server.asked.total() < 12:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    kept = len(stored(tmp_path / "stopped"))
    told = re.search(
        r"credits more may have been billed for (\d+) tries that ended without an answer\ninterrupted; ", said
    )
    assert process.returncode == 130
    assert kept >= 8
    assert f"careful: {kept}/40 answers, " in said
    assert told is not None, said
    assert server.asked.total() - kept <= int(told[1]) <= 8


def published(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The results folder of a run, made anew from its answers without what a clock measured."""
    results = folder / f"r-{name}" / "toy"
    answers = results / "answers" / "sums.jsonl"
    answers.write_text(re.sub(r'"latency_ms":\d+', '"latency_ms":1', answers.read_text()))
    monkeypatch.chdir(folder)
    assert main(["route", "--ladder", "toy.toml", "--results", f"r-{name}"]) == 0
    return {path.relative_to(results).as_posix(): path.read_bytes() for path in results.rglob("*") if path.is_file()}


def test_a_run_killed_twenty_times_ends_as_if_it_never_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(tmp_path, per_level=[REQUESTS // 5] * 5)
    moments = random.Random(20261122)
    with SumServer(delay=0.1) as server:
        (tmp_path / "toy.toml").write_text(LADDER.format(url=server.url, connections=CONNECTIONS))
        arrived, settled, lost = set[str](), Counter[str](), 0
        for _ in range(KILLS):
            kill_one(tmp_path, server, moments)
            # Under way, or on the way from the server to the disk: each holds one of the lane's workers until it is there.
            lost += CONNECTIONS * 3 // 2
            assert all(server.asked[prompt] == settled[prompt] for prompt in arrived)
            now = stored(tmp_path / "killed")
            assert arrived <= now
            assert server.asked.total() - len(now) <= lost
            arrived, settled = now, Counter({prompt: server.asked[prompt] for prompt in now})
        assert 0 < len(arrived) < REQUESTS
        twice = server.asked.total() - len(arrived)

        resumed = start(tmp_path, "killed")
        _, said = resumed.communicate(timeout=120)
        assert (resumed.returncode, server.asked.total()) == (0, REQUESTS + twice), said
        assert all(server.asked[prompt] == settled[prompt] for prompt in arrived)
        assert 0 < twice <= lost
        server.delay = 0.0
        assert start(tmp_path, "straight").wait(timeout=120) == 0

    results = published(tmp_path, "killed", monkeypatch)
    assert len(stored(tmp_path / "killed")) == REQUESTS
    assert len(results) >= 7
    assert results == published(tmp_path, "straight", monkeypatch)
