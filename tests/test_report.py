"""What people and programs read."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_table import LADDER, outcomes
from worlds import request, response, write_suite

from harness import floors, report, suites, table
from harness.values import Attempt, Floor, Suite


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


@pytest.fixture
def made(suite: Suite) -> tuple[Floor, ...]:
    some = [*outcomes(suite, "cheap", failing=1), *outcomes(suite, "dear", cost="9")]
    return floors.floors(table.table(some, [suite], LADDER), [suite], LADDER)


def evidence(*days: str) -> report.Evidence:
    answers = [(request(epoch=number), response("1", on=day)) for number, day in enumerate(days)]
    return report.Evidence(
        answers={each.key: (each, reply) for each, reply in answers},
        priced_on="2026-11-22",
        price_source="made up",
        spent=Decimal("1.5"),
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0"), ("1234.5678", "1230"), ("0.00001234", "0.0000123"), ("1E+3", "1000"), (None, "-")],
)
def test_amounts_have_three_digits_and_no_exponent(amount: str | None, text: str) -> None:
    assert report.money(None if amount is None else Decimal(amount)) == text


def test_a_table_is_aligned_without_trailing_blanks() -> None:
    assert report.text_table(("a", "bbb"), [("1", "2"), ("333", "")]) == ["a    bbb", "1    2", "333"]


def test_the_routing_table_carries_rule_hash_and_evidence(made: tuple[Floor, ...], suite: Suite) -> None:
    text = report.routing_json(made, [suite], LADDER, evidence("2026-11-20", "2026-11-22"))

    loaded = json.loads(text)
    route = loaded["routes"][0]
    assert (loaded["answered"], loaded["priced_on"]) == (["2026-11-20", "2026-11-22"], "2026-11-22")
    assert (route["suite_hash"], route["rule"]["alpha"]) == (suite.hash, "0.05")
    assert [each["tier"] for each in route["evidence"]] == ["cheap", "dear"]
    assert route["evidence"][0]["quality"][0] == 0.975


def test_markdown_says_days_prices_rules_and_hashes(made: tuple[Floor, ...], suite: Suite) -> None:
    text = report.routing_md(made, [suite], LADDER, evidence("2026-11-20", "2026-11-22"))

    assert "as if every answer were asked anew and live at the prices of 2026-11-22 (made up)" in text
    assert ". 2 answers of 2026-11-20 to 2026-11-22, for which 1.5 credits were spent." in text
    assert ". No answers yet." in report.routing_md(made, [suite], LADDER, evidence())
    assert f"| sums | sums 1-A | 40 | 0.10 | 0.05 | 0.80 | sequential | none ran | `{suite.hash[:12]}` |" in text


def test_a_manifest_without_answers_is_still_one(suite: Suite) -> None:
    loaded = json.loads(report.manifest([suite], LADDER, evidence()))

    assert loaded["answers"] == {"count": 0, "batched": 0, "days": None, "models": []}
    assert loaded["spent"] == {"amount": "1.5", "unit": "credits", "unpriced_tries": 0}
    assert loaded["suites"][0]["hash"] == suite.hash


def test_what_was_spent_names_batches_and_tries_that_nobody_can_price(made: tuple[Floor, ...], suite: Suite) -> None:
    tries = tuple(
        Attempt(fault=fault, why="no answer", took_ms=5) for fault in ("timeout", "rate limit", "connection lost")
    )
    given = [
        (request(epoch=0), response("1", failed=tries)),
        (request(epoch=1), response("1", processing="batch", latency_ms=None)),
    ]
    some = replace(evidence(), answers={each.key: (each, reply) for each, reply in given})

    text = report.routing_md(made, [suite], LADDER, some)
    loaded = json.loads(report.manifest([suite], LADDER, some))

    # A refused request is not billed; one that was perhaps answered may be.
    assert (loaded["answers"]["batched"], loaded["spent"]["unpriced_tries"]) == (1, 2)
    assert (
        ". 2 answers of 2026-11-22, 1 of them in batches, for which 1.5 credits were spent, and what 2 tries without an answer were "
        "billed." in text
    )


def test_the_walk_the_alarms_and_what_was_changed_are_shown_everywhere(made: tuple[Floor, ...], suite: Suite) -> None:
    said = "margin 0.05 became 0.10"
    cheap, dear = made[0].rows
    changed = replace(cheap, verdict=replace(cheap.verdict, post_hoc=said), holes=0.05)
    floor = replace(
        made[0],
        rows=(changed, dear),
        tier="dear",
        why="cheap: gap not shown",
        stopped="cheap",
        untested=("tiny",),
        alarms=("it costs too much",),
        post_hoc=said,
    )
    ladder = replace(LADDER, floors="cheap-first", table_alpha=True, mix={"sums.1": Decimal("0.5")})

    text = report.routing_md([floor], [suite], ladder, evidence())
    route = json.loads(report.routing_json([floor], [suite], ladder, evidence()))

    assert "| sums | all | dear (post-hoc) | dear | cheap: gap not shown; tiny untested |" in text
    assert "## Alarms\n\n- sums, all levels: it costs too much\n\n## Quality" in text
    assert "| 40, 5% missing |" in text
    assert f"; post-hoc, {said} |" in text
    assert "from the cheapest upwards, each at alpha divided by their number" in text
    assert "Alpha is shared between the 1 rows of the table. All levels together are weighted by the mix." in text
    assert (route["floors"], route["table_alpha"], route["mix"]) == ("cheap-first", True, {"sums.1": "0.5"})
    found = route["routes"][0]
    assert (found["stopped"], found["untested"], found["post_hoc"]) == ("cheap", ["tiny"], said)
    assert found["alarms"] == ["it costs too much"]
    assert (found["evidence"][0]["post_hoc"], found["evidence"][0]["holes"]) == (said, 0.05)
    assert report.alarm_lines([floor]) == ["sums, all levels: it costs too much"]


def test_without_alarms_there_is_no_word_of_them(made: tuple[Floor, ...], suite: Suite) -> None:
    text = report.routing_md([replace(floor, alarms=()) for floor in made], [suite], LADDER, evidence())

    assert "Alarms" not in text
    assert "from the reference downwards, each at alpha" in text
    assert "shared" not in text


def test_what_the_code_of_answers_ran_in_stands_beside_the_hash(made: tuple[Floor, ...], suite: Suite) -> None:
    isolated = replace(evidence("2026-11-22"), isolation={"sums": ["landlock+seccomp+limits", "unsafe: limits"]})

    text = report.routing_md(made, [suite], LADDER, isolated)
    told = json.loads(report.manifest([suite], LADDER, isolated))

    assert f"| landlock+seccomp+limits, unsafe: limits | `{suite.hash[:12]}` |" in text
    assert told["suites"][0]["isolation"] == ["landlock+seccomp+limits", "unsafe: limits"]
    assert "| none ran |" in report.routing_md(made, [suite], LADDER, evidence("2026-11-22"))
