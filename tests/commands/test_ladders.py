"""The listing of prices: what a ladder costs on a day, and what is announced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import genai_prices
import pytest

from harness.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return command


FLASH_RISES = (
    "floor inputs change on 2027-01-01: flash (google/gemini-3.8-flash) "
    "0.75/3.75 -> 1.5/7.5 USD, in batches 0.375/1.875 -> 0.75/3.75"
)


def test_the_listing_shows_prices_cliffs_batches_and_what_is_announced(run: Run) -> None:
    code, out, err = run("prices", "--ladder", "google", "--as-of", "2026-11-22")

    lines = [" ".join(line.split()) for line in out.splitlines()]
    version = genai_prices.__version__
    assert code == 0
    assert err == "USD per million tokens, at the prices of 2026-11-22\n"
    assert lines[1:] == [
        f"flash-lite gemini-3.5-flash-lite 0.3 2.5 0.03 0.3 0.15 1.25 genai-prices {version}",
        f"flash gemini-3.8-flash 0.75 3.75 0.075 0.75 0.375 1.875 2027-01-01: 1.5 / 7.5 genai-prices {version}",
        f"argon gemini-4-argon 2 10 0.1 2 1 5 2026-12-01: 4 / 20 genai-prices {version}",
        "floor inputs change on 2026-12-01: argon (google/gemini-4-argon) 2/10 -> 4/20 USD, in batches 1/5 -> 2/10",
        FLASH_RISES,
    ]
    assert "above 100,000 tokens: 0.5 / 2.5" in run("prices", "--ladder", "anthropic")[1]


def test_the_listing_is_of_a_day(run: Run) -> None:
    later = run("prices", "--ladder", "google", "--as-of", "2026-12-01", "--format", "json")

    argon = json.loads(later[1].splitlines()[2])
    assert (argon["tier"], argon["on"], argon["entry"]) == ("argon", "2026-12-01", "google/gemini-4-argon")
    assert (argon["standard"][0]["input"], argon["batch"][0]["output"], argon["changes"]) == ("4", "10", [])


def test_local_tiers_have_a_declared_price_and_none_for_batches(run: Run) -> None:
    out = run("prices", "--ladder", "local")[1]

    assert "smol   smollm2-135m-instruct        5960   21100   5960    5960         -            -  " in out
    assert out.count("declared on 2026-11-22: measured") == 3


UNKNOWN = """
title = "Mine"
unit = "USD"
[[tier]]
name = "new"
provider = "openai"
model = "gpt-6.2-sol"
[[tier]]
name = "server"
provider = "openai-compatible"
model = "gpt-6-luna"
base_url = "http://localhost/v1"
[[tier]]
name = "known"
provider = "anthropic"
model = "claude-opus-5-5"
"""


def test_unknown_prices_are_told_after_the_known_ones(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(UNKNOWN)

    code, out, err = run("prices", "--ladder", str(tmp_path / "mine.toml"))

    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 2
    assert lines[1] == "new gpt-6.2-sol ? ? ? ? ? ? no price"
    assert lines[3].startswith("known claude-opus-5-5 4 20 0.2 5 2 10 ")
    assert [line.split(": genai-prices ")[0] for line in err.splitlines()[1:]] == ["tier new", "tier server"]
