"""Tables and routes at the prices of a day: costs are as if asked anew, what was spent stays what was paid."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from worlds import response, write_suite

from harness import job, ledger, plan, suites, tiers
from harness.answers import write_answers
from harness.cli import main
from harness.values import Plan, Request, Response, Usage

LADDER = """
title = "By date"
unit = "USD"
[[tier]]
name = "argon"
provider = "google"
model = "gemini-4-argon"
[[tier]]
name = "sonnet"
provider = "anthropic"
model = "claude-sonnet-5-5"
[[tier]]
name = "opus"
provider = "anthropic"
model = "claude-opus-5-5"
"""

Run = Callable[..., tuple[int, str, str]]
Stored = dict[str, tuple[Request, Response]]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A user's repository with one suite and a ladder by date."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(LADDER)
    return plan.plan(tiers.load("mine.toml"), [suites.load(write_suite(tmp_path))])


def replies(made: Plan, **more: Any) -> Stored:
    """Right answers of every tier, those of argon a little shorter."""
    lengths = {"argon": Usage(input=90, output=5)}
    return {
        ask.requests[0].key: (
            ask.requests[0],
            response(ask.sample.target, usage=lengths.get(ask.tier.name, Usage(input=100, output=5)), **more),
        )
        for ask in made.asks
    }


@pytest.fixture
def recorded(made: Plan) -> Stored:
    """The results folder that answers of 2026-11-22 came into."""
    found = replies(made)
    write_answers(Path("results/mine/answers/sums.jsonl"), found.values())
    Path("results/mine/outcomes").mkdir()
    Path("results/mine/outcomes/sums.jsonl").touch()
    return found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--ladder", "mine.toml"])
        out, err = capsys.readouterr()
        return code, out, err

    return command


def published() -> tuple[str, str, str]:
    """The overall floor, and the day of its prices by both files that tell it."""
    table = json.loads(Path("results/mine/routing.json").read_text())
    manifest = json.loads(Path("results/mine/manifest.json").read_text())
    return table["routes"][0]["floor"], table["priced_on"], manifest["prices"]["on"]


@pytest.mark.slow
def test_a_floor_flips_by_date_and_the_check_keeps_to_the_day_that_was_published(recorded: Stored, run: Run) -> None:
    # Argon costs 2 and 10 dollars until the end of November, then 4 and 20; sonnet 2 and 10 throughout.
    assert run("route", "--as-of", "2026-11-30")[0] == 0
    assert published() == ("argon", "2026-11-30", "2026-11-30")

    assert run("route", "--as-of", "2026-12-01")[0] == 0
    assert published() == ("sonnet", "2026-12-01", "2026-12-01")
    assert run("route", "--check")[0] == 0
    code, _, err = run("route", "--check", "--as-of", "2026-11-30")
    assert (code, "stale: " in err) == (1, True)

    assert run("plot")[0] == 0
    assert run("route", "--check")[0] == 0
    # Without a day it is that of the latest answer.
    assert run("route")[0] == 0
    assert published() == ("argon", "2026-11-22", "2026-11-22")


@pytest.mark.parametrize(
    ("day", "costs"),
    [
        ("2026-11-30", ["0.00023", "0.00025", "0.0005"]),
        ("2026-12-01", ["0.00046", "0.00025", "0.0005"]),
    ],
)
def test_the_table_is_priced_as_of_a_day(recorded: Stored, run: Run, day: str, costs: list[str]) -> None:
    code, out, _ = run("table", "--as-of", day, "--format", "json")

    overall = [row for row in map(json.loads, out.splitlines()) if row["level"] == "all"]
    assert code == 0
    assert [(row["tier"], str(row["cost"])) for row in overall] == list(
        zip(("argon", "sonnet", "opus"), costs, strict=True)
    )
    assert f"costs in USD, priced on {day}" in run("table", "--as-of", day)[2]


def test_costs_are_of_the_tables_day_and_live_whatever_was_paid(made: Plan) -> None:
    ours = replace(made, asks=made.asks[:2])
    day = date(2026, 12, 1)
    stored = replies(ours)
    (live, first), (batch, second) = stored.values()
    stored[live.key] = live, replace(first, on="2026-11-30", usage=Usage(input=10_000, output=1_000))
    stored[batch.key] = (
        batch,
        replace(second, on="2026-12-01", usage=Usage(input=10_000, output=1_000), processing="batch", latency_ms=None),
    )

    measured = job.measure(ours, stored, on=day)

    # Both would cost 0.06 dollars anew; paid were 0.03 live in November and half of 0.06 in a batch in December.
    assert [outcome.cost for outcome in measured.outcomes] == [Decimal("0.06")] * 2
    assert measured.evidence.spent == Decimal("0.06")
    assert job.measure(ours, stored, on=date(2026, 11, 22)).evidence.spent == Decimal("0.06")
    manifest = json.loads(job.files(measured)["manifest.json"])
    assert manifest["spent"] == {"amount": "0.06", "unit": "USD", "unpriced_tries": 0}
    assert manifest["answers"]["batched"] == 1


def test_a_stored_answer_costs_what_a_new_one_costs(made: Plan) -> None:
    stored = replies(made)

    first, again = (
        job.measure(made, stored, known=known).outcomes for known in ((), job.measure(made, stored).outcomes)
    )

    assert first == again


def test_a_price_that_has_changed_since_is_told(made: Plan, run: Run) -> None:
    # An entry whose price the book changed on 2026-11-03 and 2026-11-09.
    tier = 'name = "argon"\nprovider = "openai-compatible"\nmodel = "x"\nbase_url = "http://localhost/v1"\n'
    Path("mine.toml").write_text(
        LADDER.replace('name = "argon"\nprovider = "google"\nmodel = "gemini-4-argon"\n', tier + ENTRY)
    )
    moved = plan.plan(tiers.load("mine.toml"), made.suites)
    write_answers(Path("results/mine/answers/sums.jsonl"), replies(moved, on="2026-10-20").values())
    today = date.today()

    code, _, err = run("table", "sums")

    assert code == 0
    told = f"prices of argon have changed since 2026-10-20: see tierfloor prices, or take --as-of {today}\n"
    assert err.endswith(told)
    assert "have changed" not in run("table", "sums", "--as-of", today.isoformat())[2]


ENTRY = 'priced_as = "openrouter/deepseek/deepseek-v4-flash"\n'


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"prices": {}}', '{"prices": {"on": "soon"}}', '{"prices": {"on": 5}}']
)
def test_a_manifest_that_is_not_ours_names_no_day(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)

    assert ledger.priced_on(tmp_path) is None
    assert ledger.priced_on(tmp_path / "absent") is None


def changed_rule(old: str, new: str) -> None:
    path = Path("suites/sums/suite.toml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.slow
def test_a_margin_changed_after_data_stays_marked_until_it_is_changed_back(recorded: Stored, run: Run) -> None:
    def post_hoc() -> list[str | None]:
        return [route["post_hoc"] for route in json.loads(Path("results/mine/routing.json").read_text())["routes"]]

    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in Path("results/mine").rglob("*.*")}

    run("route")
    original = everything()
    changed_rule('margin = "0.10"', 'margin = "0.15"')
    assert run("route", "--check")[0] == 1
    code, out, _ = run("route")
    changed = everything()

    assert code == 0
    assert set(post_hoc()) == {"margin 0.10 became 0.15"}
    assert "(post-hoc)" in out
    assert "margin 0.10 became 0.15" in Path("results/mine/table.csv").read_text()
    assert run("route", "--check")[0] == 0
    run("route")
    assert everything() == changed

    changed_rule('margin = "0.15"', 'margin = "0.10"')
    run("route")
    assert set(post_hoc()) == {None}
    assert everything() == original


@pytest.mark.slow
def test_what_to_look_at_is_told_beside_the_floors(recorded: Stored, run: Run) -> None:
    code, _, err = run("route", "--as-of", "2026-12-01")

    assert code == 0
    assert "sums, all levels: every tier is within the margin of perfect: too easy to tell tiers apart\n" in err
    assert "argon costs more than sonnet, which the ladder calls dearer" in err
    assert "more such notes" not in err


@pytest.mark.slow
def test_a_mix_must_name_what_there_is(recorded: Stored, run: Run) -> None:
    Path("mine.toml").write_text(LADDER.replace("[[tier]]", '[mix]\nsum = "1"\n[[tier]]', 1))

    code, _, err = run("route")

    assert (code, err.splitlines()[-1].removeprefix("tierfloor: ")) == (
        2,
        "ladder mine: mix.sum: no kind of work 'sum'; did you mean 'sums'?",
    )


def test_answers_of_a_model_that_was_replaced_are_no_evidence(made: Plan) -> None:
    stored = replies(made)
    first = job.measure(made, stored)
    last = {ask.requests[0].key for ask in made.asks if ask.tier.name == "argon"} - {
        ask.requests[0].key for ask in made.asks[:30]
    }
    mixed = {
        key: (request, replace(reply, model="argon-2") if key in last else reply)
        for key, (request, reply) in stored.items()
    }

    again = job.measure(replace(made, registered=first.registered), mixed)
    once_more = job.measure(replace(made, registered=again.registered), mixed)

    assert [(row.tier, row.n, row.read, row.holes) for row in again.rows[:3]] == [
        ("argon", 10, 10, 0.0),
        ("sonnet", 40, 40, 0.0),
        ("opus", 40, 40, 0.0),
    ]
    assert again.registered["sums"].retired == {"argon": ("toy-1",)}
    assert (once_more.rows, once_more.registered) == (again.rows, again.registered)
    assert len(again.outcomes) == 120
