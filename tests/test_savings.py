"""Savings are what the stored answers say when they are played again, with the rules of the game beside them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_table import outcomes
from worlds import ladder, response, tier, write_suite

from harness import plan, report, savings, suites, tiers
from harness.answers import write_answers
from harness.cli import main
from harness.savings import Saving, Terms
from harness.values import Floor, Ladder, Outcome, Row, Suite, Usage, Verdict

LADDER = ladder(tier("cheap"), tier("middle"), tier("dear"))


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def floor(suite: Suite, use: str, gap: tuple[float, float, float] = (-0.1, -0.2, 0.0)) -> Floor:
    rows = tuple(
        Row(
            category=suite.category,
            level=None,
            tier=each.name,
            reference=each == LADDER.reference,
            planned=40,
            n=40,
            units=40,
            errors=0,
            passes=40,
            quality=(1.0, 0.9, 1.0),
            gap=None if each == LADDER.reference else gap,
            verdict=Verdict(kind="sufficient", why="", method=""),
            cost=Decimal(1),
            cost_per_success=Decimal(1),
            latency_p50_ms=None,
            latency_p95_ms=None,
            input_tokens=1,
            output_tokens=1,
            unparsable=0.0,
            refused=0.0,
            truncated=0.0,
        )
        for each in LADDER.tiers
    )
    return Floor(category=suite.category, level=None, status="proved", tier=use, use=use, why="", rows=rows)


def answers(suite: Suite, *failing: int, costs: Sequence[str] = ("1", "3", "9")) -> list[Outcome]:
    """Of each tier in turn so many of the first samples fail."""
    pairs = zip(LADDER.tiers, failing, costs, strict=False)
    return [one for each, some, cost in pairs for one in outcomes(suite, each.name, some, cost)]


def saved(
    suite: Suite, some: Sequence[Outcome], use: str = "cheap", terms: Terms | None = None, on: Ladder = LADDER
) -> Saving:
    floors = [floor(suite, use)]
    return savings.savings(savings.replays(some, floors, [suite], on), floors, [suite], on, terms)[0]


def shown(made: Saving, *, full: bool = False, terms: Terms | None = None) -> list[str]:
    return report.text_table(savings.head("credits", terms), savings.cells([made], full=full))


def test_a_floor_a_cascade_and_the_reference_beside_each_other(suite: Suite) -> None:
    # Cheap passes 30 of 40, dear 36: the cascade pays 40 x 1 + 10 x 9 = 130 for 36 successes.
    made = saved(suite, answers(suite, 10, 6, 4))

    rows = [[cell.split(" [")[0] for cell in row[2:]] for row in savings.cells([made])]
    assert rows == [
        ["all dear", "9", "10", "0.90", "", "", "", ""],
        ["floor cheap", "1", "1.33", "0.75", "89%", rows[1][5], "+100", ""],
        ["cheap > dear, all failures caught", "3.25", "3.61", "0.90", "64%", "", "+0", "0.25 / 0.89"],
        # The failures of these tests are unreadable answers, so form shows them all.
        ["cheap > dear, form checked", "3.25", "3.61", "0.90", "64%", "", "+0", "0.25 / 0.89"],
    ]


WHOLE = """\
kind of work  n   policy                              cost (credits)  cost per success  with 20 a failure  quality            saved           held out                      failures more in 500  stopped / break-even
sums          40  all dear                            5 [5, 5]        5 [5, 5]          5 [5, 5]           1.00 [1.00, 1.00]
sums          40  floor cheap                         1 [1, 1]        1.05 [1, 1.11]    2.11 [1, 3.33]     0.95 [0.90, 1.00]  80% [80%, 80%]  0% [0%, 0%] (quality +0.000)  +50 [+0, +100]
sums          40  cheap > dear, all failures caught   1.25 [1, 1.5]   1.25 [1, 1.5]     1.25 [1, 1.5]      1.00 [1.00, 1.00]  75% [70%, 80%]                                +0 [+0, +0]           0.05 / 0.80
sums          40  cheap > dear, form checked          1 [1, 1]        1.05 [1, 1.11]    2.11 [1, 3.33]     0.95 [0.90, 1.00]  80% [80%, 80%]                                +25 [+0, +50]         0.00 / 0.80
sums          40  middle > dear, all failures caught  1 [1, 1]        1 [1, 1]          1 [1, 1]           1.00 [1.00, 1.00]  80% [80%, 80%]                                +0 [+0, +0]           0.00 / 0.80
sums          40  middle > dear, form checked         1 [1, 1]        1 [1, 1]          1 [1, 1]           1.00 [1.00, 1.00]  80% [80%, 80%]                                +0 [+0, +0]           0.00 / 0.80
sums: cheapest per success unchecked: floor cheap (2.11 credits, failures included); with all failures caught: cheap > dear (1.25 credits)
sums: floor cheap: what it saves pays for a loss of 0.2, the margin is 0.10
brackets: 90 % bands; saved: share of the reference's cost, on the samples that chose the floors; held out: on
half of them, by floors that the other half chose, over random halves; a > b: b too where the check stops a; all
failures caught: by the suite's own checker, which judged here; form checked: it stops what is unreadable, refused
or truncated
"""


def test_the_whole_table_and_its_sentences(suite: Suite) -> None:
    terms = Terms(failure=Decimal(20), requests=500)
    some = [replace(each, why="wrong_sum") for each in answers(suite, 2, 0, 0, costs=("1", "1", "5"))]
    made = saved(suite, some, terms=terms)

    lines = [*shown(made, full=True, terms=terms), *savings.notes([made], "credits", terms, full=True)]

    assert "\n".join([*lines, ""]) == WHOLE


def test_a_failure_has_a_price_only_where_nobody_catches_it(suite: Suite) -> None:
    some = [replace(each, why="wrong_sum") for each in answers(suite, 10, 6, 4)]
    made = saved(suite, some, terms=Terms(failure=Decimal(2)))

    reference, routed, caught, form = made.main
    assert [each.with_failures.estimate for each in made.main if each.with_failures] == pytest.approx(
        [(360 + 2 * 4) / 36, (40 + 2 * 10) / 30, 130 / 36, (40 + 2 * 10) / 30]
    )
    assert (made.cheapest("nothing"), made.cheapest("everything")) == (routed, caught)
    # Wrong answers in good form pass a check that sees form alone.
    assert (form.fails, form.quality, reference.fails) == (0.0, routed.quality, None)


@pytest.mark.parametrize(
    ("failure", "margin", "warning"),
    [
        ("20", 0.4, None),
        ("100", 0.08, "the margin is looser than the cost of failures allows: 0.08 would be even"),
        (
            "10000",
            0.0008,
            "one failure costs more than a margin of 0.0008 saves, too fine to prove: check answers and escalate",
        ),
        (None, None, None),
    ],
)
def test_a_margin_that_costs_more_than_it_saves_is_warned_of(
    suite: Suite, failure: str | None, margin: float | None, warning: str | None
) -> None:
    made = saved(suite, answers(suite, 2, 2, 2), terms=Terms(failure=None if failure is None else Decimal(failure)))

    assert (made.money_margin, made.warning) == (margin, warning)


def test_failures_of_a_floor_are_those_of_its_gap(suite: Suite) -> None:
    made = saved(suite, answers(suite, 10, 6, 4), terms=Terms(requests=200))

    band = made.main[1].failures
    assert (band.estimate, band.low, band.high) == (20.0, 0.0, 40.0)


def test_without_a_proved_floor_the_cascades_of_all_cheaper_tiers_are_shown(suite: Suite) -> None:
    made = saved(suite, answers(suite, 40, 6, 4), use="dear")

    assert [row[2] for row in savings.cells([made], full=True)] == [
        "all dear",
        "cheap > dear, all failures caught",
        "cheap > dear, form checked",
        "middle > dear, all failures caught",
        "middle > dear, form checked",
    ]
    assert [each.tiers for each in made.main] == [("dear",), ("cheap", "dear"), ("cheap", "dear")]
    # It always fails, so asking it first costs more than it can save.
    cascade = made.main[1]
    assert (cascade.fails, cascade.break_even) == (1.0, 8 / 9)
    assert cascade.saved.estimate == pytest.approx(-1 / 9)
    assert made.cheapest("everything") == made.main[0]


def test_where_nothing_succeeds_nothing_has_a_cost_per_success(suite: Suite) -> None:
    made = saved(suite, answers(suite, 40, 40, 40), use="dear")

    assert made.cheapest("nothing") is None
    assert all(math.isinf(each.per_success.estimate) for each in made.policies)
    assert savings.notes([made], "credits") == ["sums: nothing succeeds, so nothing has a cost per success"]
    (record,) = savings.as_json([made])
    assert json.loads(json.dumps(record, allow_nan=False))["policies"][0]["cost_per_success"] is None


def test_only_samples_that_all_have_answered_are_played(suite: Suite) -> None:
    full = answers(suite, 10, 6, 4)
    names = [sample.id for sample in suites.ordered(suite)]
    holes = [
        replace(each, verdict="error") if each.tier == "dear" and each.sample in names[:2] else each
        for each in full
        if each.tier != "middle" or each.sample in names[:20]
    ]

    made = saved(suite, holes)

    assert (made.samples, made.left_out) == (38, ("middle",))
    assert made.main[1].quality.estimate == 30 / 38
    assert savings.notes([made], "credits")[-1] == "sums: middle answered too few of these samples to be played"


def test_epochs_are_played_one_by_one_and_templates_drawn_whole(suite: Suite) -> None:
    some = [
        replace(each, epoch=epoch, verdict="pass" if epoch else each.verdict, score=1.0 if epoch else each.score)
        for each in answers(suite, 20, 0, 0)
        for epoch in range(2)
    ]

    made = saved(suite, some)

    assert made.samples == 40
    assert made.main[1].quality.estimate == 0.75
    assert made.main[2].cost.estimate == (80 + 20 * 9) / 80


def test_held_out_savings_are_those_of_floors_chosen_on_the_other_half(suite: Suite) -> None:
    easy, hard = saved(suite, answers(suite, 0, 0, 0)), saved(suite, answers(suite, 40, 40, 0))
    wide = replace(suite, rule=replace(suite.rule, margin=Decimal("0.4"), bar=Decimal("0.5")))

    proved = saved(wide, answers(wide, 0, 0, 0))

    # Twenty units are too few for a margin of 0.1, however good the tier is.
    assert easy.main[1].saved.estimate == pytest.approx(8 / 9)
    assert easy.held_out is not None
    assert easy.held_out.share == 0.0
    assert hard.held_out is not None
    assert hard.held_out.share == 0.0
    assert proved.held_out is not None
    assert proved.held_out.share == pytest.approx(8 / 9)


@pytest.mark.parametrize("method", ["sequential", "fixed"])
@pytest.mark.parametrize("procedure", ["top-down", "cheap-first"])
def test_held_out_floors_follow_the_ladders_procedure(suite: Suite, method: str, procedure: str) -> None:
    rule = replace(suite.rule, margin=Decimal("0.4"), bar=Decimal("0.5"), method=method)  # type: ignore[arg-type]
    own = replace(suite, rule=rule)
    bad_middle = answers(own, 0, 36, 0)

    made = saved(own, bad_middle, on=replace(LADDER, floors=procedure))  # type: ignore[arg-type]

    assert made.held_out is not None
    assert made.held_out.share == pytest.approx(8 / 9 if procedure == "cheap-first" else 0.0)


def two(suite: Suite) -> list[Suite]:
    return [suite, replace(suite, id="more", category="more")]


@pytest.mark.parametrize(
    ("mix", "shares", "name"),
    [
        ({}, [0.5, 0.5], "all, in equal shares"),
        ({"sums": Decimal(3), "more": Decimal(1)}, [0.75, 0.25], "all, by the mix"),
        ({"sums": Decimal(1)}, [1.0, 0.0], "all, by the mix"),
    ],
)
def test_all_kinds_of_work_are_weighted_as_said(
    suite: Suite, mix: dict[str, Decimal], shares: list[float], name: str
) -> None:
    both, on = two(suite), replace(LADDER, mix=mix)
    some = [*answers(suite, 10, 6, 4), *answers(both[1], 20, 6, 4, costs=("2", "3", "20"))]
    floors = [floor(both[0], "cheap"), floor(both[1], "dear")]

    *_, made = savings.savings(savings.replays(some, floors, both, on), floors, both, on)

    assert (made.category, list(made.shares.values())) == (None, shares)
    assert savings.cells([made])[0][0] == name
    a, b = shares
    reference, routed, caught, _ = made.main
    assert reference.cost.estimate == pytest.approx(a * 9 + b * 20)
    assert routed.cost.estimate == pytest.approx(a * 1 + b * 20)
    assert caught.cost.estimate == pytest.approx(a * 3.25 + b * 12)
    assert routed.per_success.estimate == pytest.approx((a * 1 + b * 20) / (a * 0.75 + b * 0.9))


def test_levels_count_as_the_mix_says(suite: Suite) -> None:
    some = [
        replace(
            each,
            cost=Decimal(each.level) * each.cost,
            verdict="pass" if each.level == 1 else "fail",
            score=each.level == 1,
        )
        for each in answers(suite, 0, 0, 0)
    ]
    mix = {"sums.1": Decimal(1), "sums.2": Decimal(3)}

    made = saved(suite, some, use="dear", on=replace(LADDER, mix=mix))

    assert made.main[0].cost.estimate == pytest.approx((9 + 3 * 18) / 4)
    assert made.main[0].quality.estimate == pytest.approx(0.25)


def test_a_graded_suite_counts_parts_of_a_score(suite: Suite) -> None:
    some = [replace(each, score=0.5) if each.verdict == "fail" else each for each in answers(suite, 10, 6, 4)]

    whole, graded = saved(suite, some), saved(replace(suite, graded=True), some)

    assert (whole.main[1].quality.estimate, graded.main[1].quality.estimate) == (0.75, 0.875)
    assert whole.main[1].per_success == graded.main[1].per_success


def test_outcomes_that_do_not_tell_how_they_ended_have_no_form_to_check(suite: Suite) -> None:
    some = [replace(each, finish=None) for each in answers(suite, 10, 6, 4)]

    assert {each.check for each in saved(suite, some).policies} == {"nothing", "everything"}


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), failing=st.tuples(*[st.integers(0, 40)] * 3))
def test_the_order_of_outcomes_changes_nothing_and_a_caught_cascade_loses_nothing(
    seed: int, failing: tuple[int, int, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    suite = suites.load(write_suite(tmp_path_factory.mktemp("sums")))
    rng = random.Random(seed)
    some = [
        replace(each, verdict="fail", score=0.0) if rng.random() < 0.2 else each for each in answers(suite, *failing)
    ]
    made = saved(suite, some)
    rng.shuffle(some)

    assert saved(suite, some) == made
    reference, _, caught, _ = made.main
    assert caught.quality.estimate >= reference.quality.estimate
    for policy in made.policies:
        assert policy.cost.low <= policy.cost.estimate + 1e-9
        assert policy.cost.estimate <= policy.cost.high + 1e-9


TOML = """
title = "By declaration"
unit = "credits"
[[tier]]
name = "cheap"
provider = "openai-compatible"
model = "cheap"
base_url = "http://localhost:1"
price = { input = "1000", output = "1000", unit = "credits", on = "2026-11-22", source = "declared" }
[[tier]]
name = "dear"
provider = "openai-compatible"
model = "dear"
base_url = "http://localhost:1"
price = { input = "9000", output = "9000", unit = "credits", on = "2026-11-22", source = "declared" }
"""

PRINTED = """\
kind of work  n   policy                             cost (credits)     cost per success   quality            saved           held out  failures more in 1,000  stopped / break-even
sums          40  all dear                           9 [9, 9]           9 [9, 9]           1.00 [1.00, 1.00]
sums          40  cheap > dear, all failures caught  3.25 [2.35, 4.38]  3.25 [2.35, 4.38]  1.00 [1.00, 1.00]  64% [51%, 74%]            +0 [+0, +0]             0.25 / 0.89
sums          40  cheap > dear, form checked         1 [1, 1]           1.33 [1.18, 1.6]   0.75 [0.62, 0.85]  89% [89%, 89%]            +250 [+150, +375]       0.00 / 0.89

sums: cheapest per success unchecked: all dear (9 credits); with all failures caught: cheap > dear (3.25 credits)
brackets: 90 % bands; saved: share of the reference's cost, on the samples that chose the floors; held out: on
half of them, by floors that the other half chose, over random halves; a > b: b too where the check stops a; all
failures caught: by the suite's own checker, which judged here; form checked: it stops what is unreadable, refused
or truncated
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in a repository where the cheap tier fails every fourth sample of the fixed order."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(TOML)
    made = plan.plan(tiers.load("mine.toml"), [suites.load(write_suite(tmp_path))])
    place = {sample.id: number for number, sample in enumerate(suites.ordered(made.suites[0]))}
    usage = Usage(input=900, output=100)
    replies = [
        (
            ask.requests[0],
            response(
                "0" if ask.tier.name == "cheap" and place[ask.sample.id] % 4 == 0 else ask.sample.target, usage=usage
            ),
        )
        for ask in made.asks
    ]
    write_answers(Path("results/mine/answers/sums.jsonl"), replies)
    Path("results/mine/outcomes").mkdir()
    Path("results/mine/outcomes/sums.jsonl").touch()

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["savings", *words, "--ladder", "mine.toml"])
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_the_command_prints_the_whole_of_it(run: Run) -> None:
    code, out, _ = run()

    assert (code, out) == (0, PRINTED)


def test_the_command_prints_records(run: Run) -> None:
    code, out, _ = run("--format", "json", "--failure-cost", "40", "--requests", "100")

    (record,) = map(json.loads, out.splitlines())
    assert code == 0
    assert (record["category"], record["failure_cost"], record["requests"], record["samples"]) == (
        "sums",
        "40",
        100,
        40,
    )
    assert [policy["cost"][0] for policy in record["policies"]] == [9.0, 3.25, 1.0]
    assert record["cheapest"]["all_failures_caught"] == {"policy": "cascade", "tiers": ["cheap", "dear"]}


@pytest.mark.parametrize(("words", "code"), [(("--failure-cost", "dear"), 2), (("--requests", "0"), 2)])
def test_the_command_takes_no_nonsense(run: Run, words: tuple[str, ...], code: int) -> None:
    assert run(*words)[0] == code
