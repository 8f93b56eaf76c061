"""Rows say what was measured, with its interval, its holes and its cost."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from worlds import ladder, tier, write_suite

from harness import floors, registry, stats, suites, table
from harness.values import Outcome, Registered, Row, Suite, Verdict

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
    alike = replace(
        suite,
        samples=tuple(
            replace(sample, metadata={**sample.metadata, "template": f"t{number // 4}"})
            for number, sample in enumerate(suite.samples)
        ),
    )

    row = rows(alike, outcomes(alike, "cheap"), outcomes(alike, "dear"))[None, "cheap"]

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


def asked(suite: Suite, tier: str, start: int, stop: int) -> list[Outcome]:
    """Passes on some of the samples, in the suite's fixed order."""
    return outcomes(suite, tier)[start:stop]


def test_samples_that_nobody_asked_yet_are_no_holes(suite: Suite) -> None:
    row = rows(suite, asked(suite, "cheap", 0, 20), asked(suite, "dear", 0, 30))[None, "cheap"]

    assert (row.n, row.read, row.holes) == (20, 20, 0.0)
    assert row.verdict.why == "too few samples"


def test_a_sample_that_only_one_tier_answered_is_a_hole(suite: Suite) -> None:
    given = outcomes(suite, "cheap")

    row = rows(suite, [*given[:10], *given[14:]], outcomes(suite, "dear"))[None, "cheap"]

    assert (row.n, row.read, row.holes) == (36, 36, 0.1)
    # Had the four passed, the tier would be proved; had they failed, it would not.
    assert (row.verdict.kind, row.verdict.why, row.verdict.needed) == ("inconclusive", "missing data", 4)


def test_holes_that_cannot_turn_the_verdict_are_flagged_only(suite: Suite) -> None:
    bad = outcomes(suite, "cheap", failing=38)

    row = rows(suite, bad[2:], outcomes(suite, "dear"))[None, "cheap"]

    assert (row.verdict.kind, row.holes) == ("insufficient", 0.05)


def test_an_error_is_read_and_is_a_hole(suite: Suite) -> None:
    given = asked(suite, "cheap", 0, 20)

    row = rows(suite, [*given[:19], replace(given[19], verdict="error")], outcomes(suite, "dear"))[None, "cheap"]

    assert (row.read, row.holes) == (19, 0.05)


def more_samples(suite: Suite, count: int) -> Suite:
    """The suite with so many samples more, of level 1."""
    assert suite.generate is not None
    new = [suite.generate("more", 1, index) for index in range(20, 20 + count)]
    return replace(suite, samples=(*suite.samples, *new))


def registered(suite: Suite) -> Registered:
    return registry.stand(suite, LADDER, {}, [sample.template for sample in suite.samples]).registered


def test_samples_added_later_are_read_after_those_that_were_there(suite: Suite) -> None:
    before = registered(suite)
    grown = more_samples(suite, 40)

    placed = registry.placed(grown, before)
    standing = registry.stand(placed, LADDER, {}, (), before)

    old = suites.ordered(suite)
    assert suites.ordered(placed)[: len(old)] == old
    assert suites.ordered(grown)[: len(old)] != old
    # Nobody asked the new ones yet: the verdict stands as it was, and so does the horizon of a level.
    given = [*outcomes(suite, "cheap", failing=3), *outcomes(suite, "dear")]
    one, two = table.table(given, [suite], LADDER), table.table(given, [placed], LADDER, {"sums": standing})
    assert [(row.verdict, row.gap) for row in one] == [(row.verdict, row.gap) for row in two]


def test_a_registered_unit_that_is_gone_is_a_hole(suite: Suite) -> None:
    before = registered(suite)
    last = suites.ordered(suite)[-1].template
    less = replace(suite, samples=tuple(sample for sample in suite.samples if sample.template != before.order[0]))

    standing = registry.stand(less, LADDER, {}, [last], before)
    row = table.table([*outcomes(less, "cheap"), *outcomes(less, "dear")], [less], LADDER, {"sums": standing})[0]

    assert (row.n, row.planned, row.holes) == (39, 39, 1 / 40)


def test_a_mix_weighs_levels_and_not_samples(suite: Suite) -> None:
    # Level 1 (20 samples) fails at the cheap tier, levels 2 and 3 pass.
    given = [
        replace(each, verdict="fail", score=0.0, cost=Decimal(5)) if each.level == 1 else each
        for each in outcomes(suite, "cheap")
    ]
    mixed = replace(LADDER, mix={"sums.1": Decimal("0.1"), "sums.2": Decimal("0.9")})

    (row, *_) = table.table([*given, *outcomes(suite, "dear")], [suite], mixed)

    # Weights .1/20 on 20 units and .9/10 on 10: as much as 1 / (.01/20 + .81/10) = 12 units of equal weight.
    assert row.quality == pytest.approx((0.9, *stats.wilson(0.9 * 12, 12, 0.9)))
    assert row.gap == pytest.approx((-0.1, *stats.tango(0, 0.1 * 12, 12, 0.9)))
    assert (row.planned, row.n, row.units) == (30, 30, 30)
    assert row.cost == Decimal("0.1") * 5 + Decimal("0.9")
    assert row.cost_per_success is not None
    assert row.cost_per_success.quantize(Decimal("0.0001")) == Decimal("1.5556")


def test_a_mix_decides_by_its_own_shares(suite: Suite) -> None:
    good = outcomes(suite, "dear")
    half = [replace(each, verdict="fail", score=0.0) if each.level == 1 else each for each in outcomes(suite, "cheap")]

    def kinds(**mix: str) -> dict[int | None, str]:
        ladder = replace(LADDER, mix={f"sums.{level[1:]}": Decimal(share) for level, share in mix.items()})
        made = table.table([*half, *good], [suite], ladder)
        return {row.level: row.verdict.kind for row in made if row.tier == "cheap"}

    assert kinds()[None] == "insufficient"
    assert kinds(_1="0.5", _2="0.5")[None] == "insufficient"
    assert kinds(_1="0", _2="0.5", _3="0.5")[None] == "inconclusive"


def test_alpha_is_shared_between_tiers_and_rows_where_the_ladder_says_so(suite: Suite) -> None:
    def verdicts(**how: Any) -> list[Verdict]:
        made = table.table([*outcomes(suite, "cheap"), *outcomes(suite, "dear")], [suite], replace(tall, **how))
        return [row.verdict for row in made if row.level is None]

    def flawless(**shared: int) -> float | None:
        rule = stats.share_alpha(suite.rule, **shared)
        return stats.judge([1.0] * 40, [1.0] * 40, rule).statistic

    tall = ladder(tier("cheap"), tier("mid"), tier("dear"))
    plain, cheap_first, whole = verdicts(), verdicts(floors="cheap-first"), verdicts(table_alpha=True)

    # The table has four rows: three levels and all together. The reference is not one of the tiers to choose between.
    assert [plain[0].statistic, cheap_first[0].statistic] == [flawless(), flawless(candidates=2)]
    assert whole[0].statistic == flawless(rows=4)
    assert [plain[0].kind, cheap_first[0].kind] == ["sufficient", "inconclusive"]
    assert plain[2] == cheap_first[2] != whole[2]


def test_parts_of_a_score_count_where_a_suite_is_graded(suite: Suite) -> None:
    partly = [replace(each, verdict="fail", score=0.5) for each in outcomes(suite, "cheap")]

    def quality(some: Suite) -> float:
        found = rows(some, partly, outcomes(some, "dear"))[None, "cheap"].quality
        assert found is not None
        return found[0]

    assert (quality(suite), quality(replace(suite, graded=True))) == (0.0, 0.5)


def test_wins_and_losses_are_units(suite: Suite) -> None:
    row = rows(suite, outcomes(suite, "cheap", failing=3), outcomes(suite, "dear", failing=1))[None, "cheap"]

    assert (row.wins, row.losses) == (0, 2)


@pytest.mark.slow
def test_a_hundred_thousand_outcomes_take_seconds(suite: Suite) -> None:
    assert suite.generate is not None
    samples = tuple(suite.generate("many", level, index) for level in range(1, 6) for index in range(5000))
    many = replace(suite, samples=samples)
    tall = ladder(*map(tier, ("a", "b", "c", "d")))
    chance = random.Random(4)
    given = [
        replace(each, verdict="pass" if chance.random() < share else "fail")
        for name, share in (("a", 0.8), ("b", 0.93), ("c", 0.96), ("d", 0.97))
        for each in outcomes(many, name)
    ]

    start = time.process_time()
    made = table.table(given, [many], tall)
    found = floors.floors(made, [many], tall)
    took = time.process_time() - start

    assert (len(given), found[0].tier) == (100_000, "b")
    assert took < 5
