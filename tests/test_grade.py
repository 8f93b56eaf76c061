"""Answers become outcomes: errors stay errors, and nothing is judged twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from worlds import ladder, response, right, tier, write_suite

from harness import grade, plan, suites
from harness.errors import CheckerError
from harness.values import Ask, Failure, Outcome, Plan, Response, Sample, Score, Suite, Tier


def cost(tier: Tier, reply: Response) -> Decimal:
    return Decimal(reply.usage.output)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def first_ask(suite: Suite, **more: Any) -> Ask:
    return plan.plan(ladder(tier("cheap", **more)), [suite]).asks[0]


def graded(made: Plan, replies: dict[str, Response | Failure], known: tuple[Outcome, ...] = ()) -> tuple[Outcome, ...]:
    return grade.grade_all(made, replies, cost, known=known)


def graded_one(ask: Ask, suite: Suite, replies: Sequence[Response | Failure]) -> Outcome:
    made = Plan(ladder=ladder(ask.tier), suites=(suite,), asks=(ask,))
    (outcome,) = graded(made, dict(zip((request.key for request in ask.requests), replies, strict=True)))
    return outcome


def test_a_right_and_a_wrong_answer(suite: Suite) -> None:
    ask = first_ask(suite)

    good = graded_one(ask, suite, [response(ask.sample.target)])
    bad = graded_one(ask, suite, [response("7")])

    assert (good.verdict, good.score, good.why, good.cost) == ("pass", 1.0, "", Decimal(5))
    assert (bad.verdict, bad.score, bad.why) == ("fail", 0.0, "wrong_sum")


@pytest.mark.parametrize("finish", ["refusal", "truncated", "filtered", "empty"])
def test_an_answer_that_did_not_finish_is_the_models_failure(suite: Suite, finish: str) -> None:
    ask = first_ask(suite)

    outcome = graded_one(ask, suite, [response(ask.sample.target, finish=finish)])

    assert (outcome.verdict, outcome.why) == ("fail", finish)


def test_a_provider_error_is_not_a_wrong_answer(suite: Suite) -> None:
    outcome = graded_one(first_ask(suite), suite, [Failure(why="toy: 529: overloaded")])

    assert (outcome.verdict, outcome.why, outcome.graded) == ("error", "toy: 529: overloaded", "")


@pytest.mark.parametrize("fault", [CheckerError("sandbox", "no fork"), ZeroDivisionError("division by zero")])
def test_a_checker_that_breaks_is_not_a_wrong_answer(suite: Suite, fault: Exception) -> None:
    def broken(sample: Sample, answer: str) -> Score:
        raise fault

    outcome = graded_one(first_ask(suite), replace(suite, check=broken), [response("7")])

    assert outcome.verdict == "error"
    assert str(fault) in outcome.why


def test_a_vote_takes_the_commonest_answer_whatever_its_form(suite: Suite) -> None:
    ask = first_ask(suite, vote=3, temperature=Decimal("0.8"), seed=1)
    replies = [response('{"label": "b"}'), response('```json\n{"label":"a"}\n```'), response('{"label": "a"}')]

    answer = grade.combine(ask, replies)

    assert answer.text == replies[1].text
    assert len({request.key for request in ask.requests}) == 3


def test_a_vote_pays_for_every_reply_and_leaves_out_unfinished_ones(suite: Suite) -> None:
    ask = first_ask(suite, vote=3, temperature=Decimal("0.8"), seed=1)
    right_one = response(ask.sample.target)

    outcome = graded_one(ask, suite, [response("7", finish="truncated"), right_one, right_one])

    assert (outcome.verdict, outcome.cost, outcome.output_tokens) == ("pass", Decimal(15), 15)


def test_nothing_is_judged_twice_for_the_same_checker(suite: Suite) -> None:
    made = plan.plan(ladder(tier("cheap")), [suite])
    replies: dict[str, Response | Failure] = {r.key: response(right(r)) for ask in made.asks for r in ask.requests}
    once = graded(made, replies)

    def forbidden(sample: Sample, answer: str) -> Score:
        raise AssertionError

    again = graded(replace(made, suites=(replace(suite, check=forbidden),)), replies, known=once)
    changed = graded(replace(made, suites=(replace(suite, check=forbidden, checker_hash="new"),)), replies, known=once)

    assert again == once
    assert {outcome.verdict for outcome in changed} == {"error"}


def test_errors_are_judged_anew(suite: Suite) -> None:
    made = plan.plan(ladder(tier("cheap")), [suite])
    replies: dict[str, Response | Failure] = {r.key: response(right(r)) for ask in made.asks for r in ask.requests}
    key = made.asks[0].requests[0].key
    with_hole = graded(made, {**replies, key: Failure(why="429")})

    healed = graded(made, replies, known=with_hole)

    assert [outcome.verdict for outcome in with_hole].count("error") == 1
    assert {outcome.verdict for outcome in healed} == {"pass"}
