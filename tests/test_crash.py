"""kill -9 at any moment: what had arrived is never asked again, and the end is as if nothing had happened."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback import SumServer
from worlds import write_suite

from harness.cache import Cache, read_answers

pytestmark = pytest.mark.slow

PROGRAM = "import sys; from harness.cli import main; sys.exit(main())"
TIMED = {"latency_p50_ms", "latency_p95_ms"}


def start(folder: Path, url: str, cache: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, "run", "sums", "--base-url", url, "--cache", cache, "--format", "json"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(folder: Path) -> set[str]:
    """The prompts whose answers a cache folder holds."""
    if not (folder / "cache.db").exists():
        return set()
    with Cache.open(folder) as cache:
        cache.export(folder.with_suffix(".jsonl"))
    return {request.prompt for request, _ in read_answers(folder.with_suffix(".jsonl")).values()}


def floors(text: str) -> list[object]:
    """The printed floors without what a clock measured."""

    def timeless(value: object) -> object:
        if isinstance(value, dict):
            return {key: timeless(item) for key, item in value.items() if key not in TIMED}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    return [timeless(json.loads(line)) for line in text.splitlines()]


def test_a_run_killed_five_times_ends_as_if_it_never_was(tmp_path: Path) -> None:
    write_suite(tmp_path)
    moments = random.Random(20261122)
    killed = tmp_path / "killed"
    with SumServer(delay=0.2) as server:
        for _ in range(5):
            arrived = stored(killed)
            server.asked.clear()
            process = start(tmp_path, server.url, "killed")
            while process.poll() is None and not server.asked:
                time.sleep(0.01)
            time.sleep(moments.uniform(0.0, 0.6))
            process.kill()
            process.communicate()
            assert arrived <= stored(killed)
            assert not arrived & set(server.asked)
        arrived = stored(killed)
        server.asked.clear()
        resumed, _ = start(tmp_path, server.url, "killed").communicate(timeout=120)
        assert not arrived & set(server.asked)
        assert set(server.asked.values()) == {1}
    with SumServer() as server:
        straight, _ = start(tmp_path, server.url, "straight").communicate(timeout=120)

    assert floors(resumed) == floors(straight) != []
    assert 0 < len(arrived) < 40 == len(stored(killed))
