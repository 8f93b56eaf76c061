"""Rows say what was measured, with its interval, its holes and its cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from worlds import ladder, write_suite

from harness import stats, suites, table
from harness.values import Outcome, Row, Suite

LADDER = ladder()


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def outcomes(suite: Suite, tier: str, failing: int = 0, cost: str = "1", epochs: int = 1) -> list[Outcome]:
    """One outcome per sample and epoch; the first `failing` samples of the fixed order fail."""
    return [
        Outcome(
            suite=suite.id,
            sample=sample.id,
            level=sample.level,
            template=sample.template,
            tier=tier,
            epoch=epoch,
            verdict="fail" if number < failing else "pass",
            score=0.0 if number < failing else 1.0,
            why="unparsable" if number < failing else "",
            details="",
            finish="ok",
            cost=Decimal(cost),
            input_tokens=10,
            output_tokens=5,
            latency_ms=100 * (number + 1),
            keys=("k",),
            graded="g",
        )
        for number, sample in enumerate(suites.ordered(suite))
        for epoch in range(epochs)
    ]


def rows(suite: Suite, *given: list[Outcome]) -> dict[tuple[int | None, str], Row]:
    made = table.table([each for some in given for each in some], [suite], LADDER)
    return {(row.level, row.tier): row for row in made}


def test_a_row_counts_costs_and_times(suite: Suite) -> None:
    row = rows(suite, outcomes(suite, "cheap", failing=10, cost="2"), outcomes(suite, "dear"))[None, "cheap"]

    assert (row.planned, row.n, row.units, row.errors, row.passes) == (40, 40, 40, 0, 30)
    assert (row.cost, row.cost_per_success) == (Decimal(2), Decimal(80) / 30)
    assert (row.latency_p50_ms, row.latency_p95_ms) == (2000, 3800)
    assert (row.input_tokens, row.output_tokens) == (400, 200)
    assert row.unparsable == 0.25


def test_quality_and_gap_carry_their_intervals(suite: Suite) -> None:
    row = rows(suite, outcomes(suite, "cheap", failing=10), outcomes(suite, "dear", failing=4))[None, "cheap"]

    assert row.quality == (0.75, *stats.wilson(30, 40, 0.9))
    assert row.gap == (-6 / 40, *stats.tango(0, 6, 40, 0.9))


def test_levels_have_rows_of_their_own(suite: Suite) -> None:
    made = rows(suite, outcomes(suite, "cheap"), outcomes(suite, "dear"))

    assert {level: row.n for (level, tier), row in made.items() if tier == "cheap"} == {None: 40, 1: 20, 2: 10, 3: 10}


def test_errors_are_holes_and_not_wrong_answers(suite: Suite) -> None:
    some = [
        replace(each, verdict="error", why="429") if number < 8 else each
        for number, each in enumerate(outcomes(suite, "cheap"))
    ]
    row = rows(suite, some, outcomes(suite, "dear"))[None, "cheap"]

    assert (row.n, row.errors, row.passes) == (32, 8, 32)
    assert row.quality is not None
    assert row.quality[0] == 1.0


def test_epochs_are_averaged_within_a_sample(suite: Suite) -> None:
    one, two = outcomes(suite, "cheap"), [replace(each, epoch=1) for each in outcomes(suite, "cheap", failing=40)]
    row = rows(suite, one, two, outcomes(suite, "dear"))[None, "cheap"]

    assert (row.n, row.units) == (40, 40)
    assert row.quality is not None
    assert row.quality[0] == 0.5


def test_samples_of_one_template_are_one_unit(suite: Suite) -> None:
    def twins(tier: str) -> list[Outcome]:
        return [replace(each, template=f"t{number // 4}") for number, each in enumerate(outcomes(suite, tier))]

    row = rows(suite, twins("cheap"), twins("dear"))[None, "cheap"]

    assert (row.n, row.units, row.verdict.kind) == (40, 10, "inconclusive")


def test_a_tier_as_good_as_the_reference_is_proved_and_a_bad_one_refuted(suite: Suite) -> None:
    good = rows(suite, outcomes(suite, "cheap"), outcomes(suite, "dear"))
    bad = rows(suite, outcomes(suite, "cheap", failing=36), outcomes(suite, "dear"))

    assert (good[None, "cheap"].verdict.kind, good[None, "dear"].verdict.kind) == ("sufficient", "sufficient")
    assert bad[None, "cheap"].verdict.kind == "insufficient"
    assert good[2, "cheap"].verdict.kind == "inconclusive"


def test_an_unanswered_tier_has_an_empty_row(suite: Suite) -> None:
    row = rows(suite, outcomes(suite, "dear"))[None, "cheap"]

    assert (row.n, row.quality, row.gap, row.cost, row.latency_p50_ms) == (0, None, None, None, None)
    assert (row.verdict.kind, row.verdict.why) == ("inconclusive", "no data")


def test_the_frame_has_one_line_a_row_and_plain_digits(suite: Suite) -> None:
    made = table.table([*outcomes(suite, "cheap", failing=1), *outcomes(suite, "dear")], [suite], LADDER)

    frame = table.frame(made)

    assert len(frame) == len(made) == 8
    assert frame.iloc[0][["category", "level", "tier", "n", "quality", "cost"]].tolist() == [
        "sums",
        "all",
        "cheap",
        40,
        "0.9750",
        "1",
    ]
