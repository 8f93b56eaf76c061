"""An adaptive run: only what the floors need is asked, in the fixed order, and the floors are those of all answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from adaptive import LADDER, Adaptive, Shuffled, floor, luck, passing, prompts, run_all
from worlds import FakeProvider, ladder, right, tier, write_suite

from harness import asking, job, plan, rounds, suites
from harness.errors import ProviderError
from harness.values import Plan, Request, Suite

PER_LEVEL = (40, 40, 40, 40, 40)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Two hundred sums."""
    made = suites.load(write_suite(tmp_path, per_level=PER_LEVEL))
    return replace(made, rule=replace(made.rule, horizon=200))


def like(suite: Suite, name: str) -> Suite:
    """Another suite with the same samples, asked in other words."""
    return replace(suite, id=name, category=name, system=f"{name}. {suite.system}")


@pytest.mark.parametrize(
    ("shares", "found", "most"),
    [
        ({"cheap": 0.99, "mid": 0.99, "dear": 0.99}, "cheap", 0.45),
        ({"cheap": 0.50, "mid": 0.75, "dear": 0.92}, "dear", 0.50),
        ({"cheap": 0.60, "mid": 0.96, "dear": 0.98}, "mid", 0.45),
        ({"cheap": 0.30, "mid": 0.35, "dear": 0.40}, None, 0.15),
    ],
)
def test_the_floor_is_that_of_all_samples_for_a_part_of_them(
    suite: Suite, shares: Mapping[str, float], found: str | None, most: float
) -> None:
    run = Adaptive(provider=FakeProvider(passing(**shares)))

    measured = run.run(suite)

    assert floor(measured).tier == floor(run_all(suite, passing(**shares))).tier == found
    assert len(run.provider.asked) <= most * 600
    assert len({request.key for request in run.provider.asked}) == len(run.provider.asked)


def test_a_tier_below_one_that_failed_is_never_asked(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=1.0, mid=0.6, dear=1.0)))

    run.run(suite)

    assert run.asked("cheap") == []
    assert set(run.asked("mid")) == set(run.asked("dear"))


def test_the_reference_is_not_asked_again_for_the_next_tier(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=0.99, mid=0.99, dear=0.99)))

    run.run(suite)

    assert [question.tier for each in run.rounds for question in each] == sorted(
        (question.tier for each in run.rounds for question in each), reverse=True
    )
    assert len(run.asked("dear")) == max(len(run.asked("cheap")), len(run.asked("mid")))


def test_cheap_first_leaves_the_middle_alone_where_the_cheapest_is_proved(suite: Suite) -> None:
    run = Adaptive(
        provider=FakeProvider(passing(cheap=0.99, mid=0.99, dear=0.99)), ladder=replace(LADDER, floors="cheap-first")
    )

    measured = run.run(suite)

    assert floor(measured).tier == "cheap"
    assert run.asked("mid") == []


def test_cheap_first_goes_up_where_the_cheapest_fails(suite: Suite) -> None:
    run = Adaptive(
        provider=FakeProvider(passing(cheap=0.4, mid=0.99, dear=0.99)), ladder=replace(LADDER, floors="cheap-first")
    )

    measured = run.run(suite)

    assert floor(measured).tier == "mid"
    assert len(run.asked("cheap")) < len(run.asked("mid")) < 200


def test_the_reference_goes_on_alone_until_it_is_known_to_reach_the_bar(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=0.1, mid=0.1, dear=0.9)))

    measured = run.run(suite)

    assert floor(measured).tier == "dear"
    assert len(run.asked("mid")) < len(run.asked("dear")) < 200


def test_a_reference_near_its_bar_is_let_be_where_a_tier_is_proved(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=1.0, mid=1.0, dear=0.84)))

    measured = run.run(suite)

    assert floor(measured).tier == "cheap"
    assert floor(measured).rows[-1].verdict.kind == "inconclusive"
    assert len(run.asked("dear")) == len(run.asked("mid")) < 100


def test_samples_are_asked_in_the_fixed_order(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=0.7, mid=0.99, dear=0.99)))

    run.run(suite)

    for name in ("cheap", "mid", "dear"):
        assert set(run.asked(name)) == prompts(suite, len(run.asked(name)))


def test_rounds_end_where_they_always_do(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=0.99, mid=0.99, dear=0.99)))

    run.run(suite)

    seen = [question.seen for (question,) in run.rounds if question.tier == "mid"]
    assert seen == [0, 8, 16, 24, 32, 40]


def test_what_arrives_late_changes_nothing(suite: Suite) -> None:
    shares = {"cheap": 0.6, "mid": 0.99, "dear": 0.99}
    straight = Adaptive(provider=FakeProvider(passing(**shares)))
    mixed = Adaptive(provider=Shuffled(passing(**shares)))

    first, second = straight.run(suite), mixed.run(suite)

    assert {r.key for r in straight.provider.asked} == {r.key for r in mixed.provider.asked}
    assert first.rows == second.rows
    assert first.floors == second.floors


@pytest.mark.parametrize("rounds_at_most", [1, 3])
def test_a_run_that_was_stopped_goes_on_as_it_would_have(suite: Suite, rounds_at_most: int) -> None:
    shares = {"cheap": 0.6, "mid": 0.99, "dear": 0.99}
    straight, stopped = (Adaptive(provider=FakeProvider(passing(**shares))) for _ in range(2))
    whole = straight.run(suite)

    stopped.run(suite, rounds_at_most=rounds_at_most)
    # A kill in the middle of a round leaves a part of it.
    part = sorted(stopped.stored)[:-5]
    stopped.stored = {key: stopped.stored[key] for key in part}
    del stopped.provider.asked[:]
    again = stopped.run(suite)

    assert again.rows == whole.rows
    asked = {request.key for request in stopped.provider.asked}
    assert asked.isdisjoint(part)
    assert asked | set(part) == set(straight.stored)


def test_stored_answers_beyond_the_decision_count(suite: Suite) -> None:
    shares = {"cheap": 0.6, "mid": 0.99, "dear": 0.99}
    full = Adaptive(provider=FakeProvider(passing(**shares)))
    full.ask(plan.plan(LADDER, [suite]), asking.Asked(answers={}, failures={}))
    del full.provider.asked[:]

    measured = full.run(suite)

    assert full.provider.asked == []
    assert measured.rows == run_all(suite, passing(**shares)).rows


def test_the_budget_ends_the_rounds(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=0.99, mid=0.99, dear=0.99)))
    run.world.spending.budget = Decimal(50)

    measured = run.run(suite)

    assert run.world.spending.refused
    assert 48 <= run.world.spending.spent <= 50
    assert [row.tier for row in rounds.undecided(measured.plan, measured.rows)] == ["mid", "dear"]


def test_a_tier_that_stops_does_not_stop_the_others(suite: Suite) -> None:
    other = like(suite, "more")

    def reply(request: Request) -> str:
        if request.model == "cheap":
            raise ProviderError("fake", "no such model", fault="no such model")
        share = 0.3 if (request.model, request.system) == ("mid", suite.system) else 0.99
        return right(request) if luck(request) < share else "0"

    run = Adaptive(provider=FakeProvider(reply))
    measured = run.run(other, suite)

    assert floor(measured, "sums").tier == "dear"
    assert floor(measured, "more").tier == "mid"
    assert measured.errors
    assert len(run.asked("cheap")) <= 16
    assert [row.tier for row in rounds.undecided(measured.plan, measured.rows)] == ["cheap"]


def test_nothing_is_asked_beyond_the_horizon(suite: Suite) -> None:
    short = replace(suite, rule=replace(suite.rule, horizon=40, margin=Decimal("0.05")))
    run = Adaptive(provider=FakeProvider(passing(cheap=0.9, mid=0.9, dear=0.9)))

    measured = run.run(short)

    assert len(run.asked("mid")) == 40
    assert set(run.asked("dear")) >= prompts(short, 40)
    assert floor(measured).tier != "mid"


def test_a_fixed_test_is_read_once_so_its_units_are_asked_at_once(suite: Suite) -> None:
    fixed = replace(suite, rule=replace(suite.rule, horizon=100, method="fixed"))
    run = Adaptive(provider=FakeProvider(passing(cheap=0.5, mid=0.99, dear=0.99)))

    measured = run.run(fixed)

    assert [(question.tier, question.units) for (question,) in run.rounds] == [("mid", 100), ("cheap", 100)]
    assert floor(measured).tier == "mid"


def test_the_samples_of_a_unit_are_asked_together(suite: Suite) -> None:
    pairs = [
        replace(sample, metadata={**sample.metadata, "template": f"t{number // 2}"})
        for number, sample in enumerate(suite.samples)
    ]
    run = Adaptive(provider=FakeProvider(passing(cheap=0.99, mid=0.99, dear=0.99)))

    run.run(replace(suite, samples=tuple(pairs)), rounds_at_most=1)

    ((question,),) = run.rounds
    assert (question.units, len(question.asks)) == (8, 32)
    assert len({ask.sample.template for ask in question.asks}) == 8


@pytest.mark.parametrize(("needed", "is_open"), [(8, True), (9, False), (None, False)])
def test_what_is_futile_is_left_unless_its_refutation_is_near(suite: Suite, needed: int | None, is_open: bool) -> None:
    made = plan.plan(LADDER, [suite])
    *rows, reference = (row for row in job.measure(made, {}).rows if row.level is None)
    futile = replace(rows[-1].verdict, why="futile", needed=needed)
    shown = replace(reference, verdict=replace(reference.verdict, kind="sufficient"))
    seen = (*rows[:-1], replace(rows[-1], verdict=futile), shown)

    open_ = rounds.questions(made, seen, rounds.Known(answered=set()))

    assert [question.tier for question in open_] == (["mid"] if is_open else [])
    assert rounds.undecided(made, seen) == ()


def test_the_verdicts_of_tiers_without_hope_are_called_futile(suite: Suite) -> None:
    """The word comes from the statistics; here it decides what is paid for."""
    shares = {"cheap": 0.9, "mid": 0.86, "dear": 0.99}
    run = Adaptive(provider=FakeProvider(passing(**shares)))

    measured = run.run(suite)

    assert floor(measured).tier == floor(run_all(suite, passing(**shares))).tier == "dear"
    assert next(row for row in floor(measured).rows if row.tier == "mid").verdict.why == rounds.FUTILE
    assert len(run.asked("mid")) < 200


def test_what_cannot_be_had_is_passed_over(suite: Suite) -> None:
    made = plan.plan(LADDER, [suite])
    gone = {ask.requests[0].key for ask in made.asks if ask.tier.name == "dear" and luck(ask.requests[0]) < 0.5}
    rows = job.measure(made, {}).rows

    (question,) = rounds.questions(made, rows, rounds.Known(answered=set(), lost=gone))

    first = [sample for sample in suites.ordered(suite) if luck_of(made, sample.id) >= 0.5][:8]
    assert [ask.sample.id for ask in question.asks if ask.tier.name == "dear"] == [sample.id for sample in first]
    assert question.left == 200 - len(gone)


def luck_of(made: Plan, sample: str) -> float:
    return next(luck(ask.requests[0]) for ask in made.asks if ask.sample.id == sample)


def test_the_bound_holds_whatever_the_open_questions_lead_to(suite: Suite) -> None:
    made = plan.plan(LADDER, [suite, like(suite, "more")])
    rows = job.measure(made, {}).rows
    open_ = rounds.questions(made, rows, rounds.Known(answered=set()))

    assert rounds.reach(made, open_).asks == made.asks
    assert {ask.suite for ask in rounds.reach(made, open_[:1]).asks} == {"sums"}
    alone = replace(open_[0], tier="dear")
    assert {ask.tier.name for ask in rounds.reach(made, [alone]).asks} == {"dear"}


def test_money_goes_to_the_cheapest_decisions_first(suite: Suite) -> None:
    made = plan.plan(LADDER, [suite, like(suite, "more")])
    one, two = rounds.questions(made, job.measure(made, {}).rows, rounds.Known(answered=set()))
    prices = {(name, each): Decimal(1) for name in ("sums", "more") for each in ("cheap", "mid", "dear")}
    near, far = replace(one, needed=20), replace(two, needed=100)

    assert rounds.cost(near, prices) == 40
    assert rounds.cheapest([far, near], prices, Decimal(240)) == (near, far)
    assert rounds.cheapest([far, near], prices, Decimal(239)) == (near,)
    assert rounds.cheapest([far, near], prices, Decimal(0)) == (near,)
    assert rounds.cheapest([], prices, Decimal(0)) == ()


def test_levels_without_a_share_of_the_mix_are_not_asked(suite: Suite) -> None:
    mixed = replace(LADDER, mix={"sums.1": Decimal("0.5"), "sums.2": Decimal("0.5"), "sums.3": Decimal(0)})
    run = Adaptive(provider=FakeProvider(passing(cheap=0.99, mid=0.99, dear=0.99)), ladder=mixed)

    run.run(suite)

    assert {ask.sample.level for each in run.rounds for question in each for ask in question.asks} == {1, 2}


def test_one_tier_alone_is_asked_until_it_reaches_the_bar_or_not(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(only=0.97)), ladder=ladder(tier("only")))

    measured = run.run(suite)

    assert floor(measured).tier == "only"
    assert len(run.asked("only")) < 60
