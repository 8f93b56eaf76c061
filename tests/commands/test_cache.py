"""What a user does with stored answers: count them, ask why one is missing, move some out."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from worlds import json_lines, request, response, write_suite

from harness import job, tiers
from harness.answers import read_answers, write_answers
from harness.cache import Cache
from harness.cli import main
from harness.values import Attempt, Request, Response, Usage, digest

LADDER = """
title = "Two servers"
unit = "credits"

[[tier]]
name = "sloppy"
provider = "openai-compatible"
model = "sloppy-1"
base_url = "http://127.0.0.1:9/v1"
seed = 3
price = { input = "1", output = "1", unit = "credits", on = "2026-11-22", source = "declared" }

[[tier]]
name = "careful"
provider = "openai-compatible"
model = "careful-1"
base_url = "http://127.0.0.1:9/v1"
price = { input = "2", output = "2", unit = "credits", on = "2026-11-22", source = "declared" }
"""

Run = Callable[..., tuple[int, str, str]]
LIMITED = Attempt(fault="rate limit", why="429", took_ms=3)
CUT = Attempt(fault="connection lost", why="closed", took_ms=9)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """The cache that the commands use."""
    with Cache.open(tmp_path / "cache-of-test") as opened:
        yield opened


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, list[Request]]:
    """A user's repository with a suite and a ladder: what is asked of each tier."""
    write_suite(tmp_path)
    Path("toy.toml").write_text(LADDER)
    plan = job.choose(job.Selection(suites=("sums",)), tiers.load("toy.toml"))
    return {tier.name: [ask.requests[0] for ask in plan.asks if ask.tier == tier] for tier in plan.ladder.tiers}


EXPLAIN = ("cache", "explain", "sums", "--ladder", "toy.toml")
PRUNE = ("cache", "prune", "out.jsonl", "--ladder", "toy.toml")


def poison(cache: Cache, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(cache.folder / "cache.db")) as database, database:
        assert database.execute(statement, values).rowcount == 1


def answer(**more: Any) -> Response:
    return response("4", **more)


def test_stats_count_by_provider_model_and_processing(run: Run, cache: Cache) -> None:
    cache.add_all(
        [
            (request(epoch=0), answer(on="2026-11-20", usage=Usage(input=10, output=1), failed=(LIMITED, LIMITED))),
            (request(epoch=1), answer(on="2026-11-24", usage=Usage(input=20, output=2), failed=(CUT, LIMITED))),
            (request(epoch=2), answer(on="2026-11-22", usage=Usage(input=30, output=3))),
            (request(epoch=3), answer(on="2026-11-19", usage=Usage(input=40, output=4), processing="batch")),
            (request(provider="local", model="smol"), answer(on="2026-11-23", usage=Usage(input=50, output=5))),
        ]
    )

    code, out, err = run("cache", "stats")

    tries = "connection lost 1, rate limit 3"
    size = sum(path.stat().st_size for path in cache.folder.iterdir())
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{cache.folder}: 5 answers, {size / 1e6:.1f} MB on disk",
        "provider  model  processing  answers  first       last        input  output  retried  failed tries",
        "fake      toy-1  batch       1        2026-11-19  2026-11-19  40     4       0        -",
        f"fake      toy-1  standard    3        2026-11-20  2026-11-24  60     6       2        {tries}",
        "local     smol   standard    1        2026-11-23  2026-11-23  50     5       0        -",
        f"all                          5        2026-11-19  2026-11-24  150    15      2        {tries}",
    ]
    rows = json_lines(run("cache", "stats", "--format", "json")[1])
    assert rows[1] == {
        "provider": "fake",
        "model": "toy-1",
        "processing": "standard",
        "answers": 3,
        "first": "2026-11-20",
        "last": "2026-11-24",
        "input_tokens": 60,
        "output_tokens": 6,
        "retried": 2,
        "failed": {"connection lost": 1, "rate limit": 3},
        "disk": None,
    }
    assert (rows[-1]["provider"], rows[-1]["answers"]) == (None, 5)
    assert int(str(rows[-1]["disk"])) >= size


def test_stats_of_nothing_are_one_line(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("cache", "stats")
    assert (code, out.count("\n")) == (0, 1)
    assert out.startswith(f"{tmp_path / 'cache-of-test'}: 0 answers, ")
    (row,) = json_lines(run("cache", "stats", "--format", "json")[1])
    assert (row["answers"], row["first"], row["failed"]) == (0, None, {})


@pytest.mark.parametrize("how", ["mode = 4, value", "raw = 0, key"])
def test_a_tampered_row_counts_nowhere_and_is_told_by_every_command(
    run: Run, cache: Cache, asked: dict[str, list[Request]], tmp_path: Path, how: str
) -> None:
    class Payload:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return __import__("os").mkdir, (str(tmp_path / "EXECUTED"),)

    first, second = asked["sloppy"][:2]
    cache.add_all([(first, answer()), (second, answer())])
    poison(cache, f"UPDATE Cache SET {how} = ? WHERE key = ?", pickle.dumps(Payload()), first.key)
    note = f"{cache.folder}: 1 rows are damaged or not ours and do not count: tierfloor cache verify\n"

    code, out, err = run("cache", "stats", "--format", "json")
    assert (code, json_lines(out)[-1]["answers"], err) == (0, 1, note)

    code, out, err = run(*EXPLAIN, "--tier", "sloppy")
    assert (code, err) == (0, note)
    assert out.startswith("sums/sloppy: 39 of 40 requests have no stored answer: ")
    assert ("; 1 has a damaged row (see: tierfloor cache verify)" in out) == (how == "mode = 4, value")

    assert run("cache", "verify")[0] == 1
    assert run("cache", "export", "saved.jsonl")[0] == 2
    assert run(*PRUNE, "--before", "2027-01-01") == (0, f"out.jsonl: 1 answers moved, 1 left in {cache.folder}\n", note)
    assert list(read_answers(Path("out.jsonl"))) == list(read_answers(Path("saved.jsonl"))) == [second.key]
    assert run("cache", "verify")[0] == 1
    assert not (tmp_path / "EXECUTED").exists()


def test_explain_names_the_fields_that_changed(run: Run, cache: Cache, asked: dict[str, list[Request]]) -> None:
    cache.add_all([(each, answer()) for each in asked["sloppy"][:38]])
    suite = Path("suites/sums/suite.toml")
    text = suite.read_text().replace("with the number alone.", "with a number and nothing else.")
    suite.write_text(text.replace("max_output_tokens = 16", "max_output_tokens = 24"))

    code, out, err = run(*EXPLAIN)

    same = "system ('Answer with the number alone.' -> 'Answer with a number and nothing else.'), max_output_tokens (16 -> 24)"
    model = "model ('sloppy-1' -> 'careful-1')"
    stored = "40 of 40 requests have no stored answer: 38 differ from a stored one in"
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"sums/sloppy: {stored} {same}; 2 have nothing alike stored",
        f"sums/careful: {stored} {model}, {same}, seed (3 -> nothing); 2 have nothing alike stored",
    ]
    rows = json_lines(run(*EXPLAIN, "--format", "json", "--tier", "sloppy")[1])
    assert [(row["suite"], row["tier"], row["missing"], row["count"], row["reason"]) for row in rows] == [
        ("sums", "sloppy", 40, 38, "differs"),
        ("sums", "sloppy", 40, 2, "nothing alike"),
    ]


def test_explain_counts_recorded_answers_as_stored(run: Run, asked: dict[str, list[Request]]) -> None:
    everything = [(each, answer()) for requests in asked.values() for each in requests]
    write_answers(Path("results/toy/answers/sums.jsonl"), everything)
    assert run(*EXPLAIN) == (0, "all 80 requests have a stored answer\n", "")
    assert run(*EXPLAIN, "--format", "json") == (0, "", "")
    assert run(*EXPLAIN, "--results", "elsewhere")[1].startswith("sums/sloppy: 40 of 40 requests have no stored answer")


def test_explain_knows_keys_of_another_version(run: Run, cache: Cache, asked: dict[str, list[Request]]) -> None:
    cache.add_all([(each, answer()) for each in asked["sloppy"]])
    for each in asked["sloppy"][:3]:
        old = digest({"version": 0, **each.as_dict()})
        poison(cache, "UPDATE Cache SET key = ?, value = replace(value, key, ?) WHERE key = ?", old, old, each.key)

    code, out, err = run(*EXPLAIN, "--tier", "sloppy")

    assert (code, err) == (0, "")
    assert out == (
        "sums/sloppy: 3 of 40 requests have no stored answer: 3 are stored under keys of another version than today's 1\n"
    )
    code, out, _ = run("cache", "verify")
    assert (code, len(out.splitlines())) == (1, 3)
    assert "stored under a key of version 0, where this tierfloor makes version 1; use the release that wrote it" in out


def test_prune_wants_a_filter_and_a_new_file(run: Run, cache: Cache) -> None:
    cache.add(request(), answer())
    Path("mine.jsonl").write_text("keep me")

    assert run("cache", "prune", "out.jsonl") == (
        2,
        "",
        "cache prune: say which answers: --before DATE, --unused, --model NAME, or several of them\n",
    )
    assert run("cache", "prune", "mine.jsonl", "--model", "toy-1")[2] == "mine.jsonl: exists; name a new file\n"
    assert run("cache", "prune", "out.jsonl", "--model", "toy-2")[2] == (
        "--model: no stored answer of 'toy-2'; did you mean 'toy-1'?\n"
    )
    assert run("cache", "prune", "out.jsonl", "--before", "2026-11-22") == (
        0,
        f"no answer to move, 1 left in {cache.folder}\n",
        "",
    )
    assert (len(cache), Path("mine.jsonl").read_text(), Path("out.jsonl").exists()) == (1, "keep me", False)


@pytest.mark.parametrize(
    ("words", "epochs"),
    [
        (("--before", "2026-11-22"), {0, 1}),
        (("--model", "toy-1"), {0, 2, 3}),
        (("--model", "toy-1-20261101"), {3}),
        (("--model", "toy-1", "--before", "2026-11-22"), {0}),
    ],
)
def test_filters_of_prune_combine(run: Run, cache: Cache, words: tuple[str, ...], epochs: set[int]) -> None:
    cache.add_all(
        [
            (request(epoch=0), answer(on="2026-11-21")),
            (request(epoch=1, model="toy-9"), answer(on="2026-11-21", model="toy-9")),
            (request(epoch=2), answer(on="2026-11-22")),
            (request(epoch=3), answer(on="2026-11-23", model="toy-1-20261101")),
        ]
    )

    code, out, err = run("cache", "prune", "out.jsonl", *words)

    moved = {asked.epoch for asked, _ in read_answers(Path("out.jsonl")).values()}
    assert (code, err) == (0, "")
    assert out == f"out.jsonl: {len(epochs)} answers moved, {4 - len(epochs)} left in {cache.folder}\n"
    assert moved == epochs
    assert {asked.epoch for asked, _ in cache.get_all(cache.keys()).values()} == {0, 1, 2, 3} - epochs


def test_unused_answers_are_those_of_the_ladder_that_no_suite_asks_for(
    run: Run, cache: Cache, asked: dict[str, list[Request]]
) -> None:
    used, repeated, careful = asked["sloppy"][0], replace(asked["sloppy"][1], epoch=4, seed=7), asked["careful"][0]
    reworded, reseeded = replace(used, system="As it was before."), replace(used, seed=99)
    elsewhere = replace(reworded, model="another")
    cache.add_all([(each, answer()) for each in (used, repeated, careful, reworded, reseeded, elsewhere)])

    assert run(*PRUNE, "--unused") == (0, f"out.jsonl: 2 answers moved, 4 left in {cache.folder}\n", "")

    assert set(read_answers(Path("out.jsonl"))) == {reworded.key, reseeded.key}
    assert run("cache", "import", "out.jsonl")[:2] == (0, "out.jsonl: 2 answers added, 0 already there\n")
    assert json.loads(run("cache", "stats", "--format", "json")[1].splitlines()[-1])["answers"] == 6
