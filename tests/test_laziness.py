"""A run that leaves the reference unasked where a tier passes: what it saves, what it proves, what it shows."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from adaptive import LADDER, Adaptive, floor, passing
from worlds import FakeProvider, ladder, right, tier, write_suite

from harness import asking, job, plan, rounds, suites
from harness.values import Request, Row, Suite

TWO = ladder(tier("cheap", "1"), tier("dear", "5"))


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Two hundred sums, with a narrow margin."""
    made = suites.load(write_suite(tmp_path, per_level=(200,)))
    return replace(made, rule=replace(made.rule, margin=Decimal("0.05"), bar=Decimal("0.8"), horizon=200))


def apart(salt: int, **shares: float) -> Callable[[Request], str]:
    """Tiers that pass these shares of the samples, each by a luck of its own."""

    def reply(request: Request) -> str:
        drawn = hashlib.sha256(f"{salt} {request.model} {request.prompt}".encode()).hexdigest()[:8]
        return right(request) if int(drawn, 16) / 16**8 < shares[request.model] else "0"

    return reply


def row(measured: job.Measured, name: str) -> Row:
    return next(each for each in floor(measured).rows if each.tier == name)


def filled(run: Adaptive, suite: Suite) -> job.Measured:
    """The measurement once every sample has been asked of every tier, under what was registered."""
    made = run.plan(suite)
    run.ask(made, asking.Asked(answers=dict(run.stored), failures={}))
    return job.measure(made, run.stored)


def test_where_the_tier_passes_the_reference_is_left_unasked(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=1.0, dear=1.0)), ladder=TWO, lazy=True)

    measured = run.run(suite)

    assert floor(measured).tier == "cheap"
    assert len(run.asked("dear")) == rounds.BLOCK
    cheap = row(measured, "cheap")
    assert (cheap.verdict.kind, cheap.verdict.method) == ("sufficient", "betting e-process, lazy reference")
    assert cheap.unasked == cheap.n - rounds.BLOCK
    assert (cheap.errors, cheap.holes) == (0, 0)


def test_what_was_asked_because_a_tier_failed_is_not_shown_as_the_quality_of_the_reference(suite: Suite) -> None:
    # The tier fails late; then the reference is asked there, and fails as well.
    late = [sample.input for sample in suites.ordered(suite)][34:60:6]
    reply = passing(cheap=1.0, dear=1.0)
    run = Adaptive(
        provider=FakeProvider(lambda request: "0" if any(each in request.prompt for each in late) else reply(request)),
        ladder=TWO,
        lazy=True,
    )

    measured = run.run(suite)

    cheap, dear = row(measured, "cheap"), row(measured, "dear")
    assert cheap.passes < cheap.n
    assert len(run.asked("dear")) > rounds.BLOCK
    assert (dear.n, dear.quality and dear.quality[0]) == (rounds.BLOCK, 1.0)
    assert dear.unasked == len(run.asked("cheap")) - len(run.asked("dear"))
    assert (cheap.gap and cheap.gap[0], cheap.wins, cheap.losses) == (0.0, 0, 0)


@pytest.mark.parametrize(("share", "most"), [(0.99, 0.65), (0.95, 1.05)])
def test_laziness_saves_money_and_proves_what_asking_everything_proves(
    suite: Suite, share: float, most: float, capsys: pytest.CaptureFixture[str]
) -> None:
    lazily, eagerly, asked, same = [], [], [], 0
    for salt in range(8):
        own = replace(suite, system=f"{salt}: {suite.system}")
        reply = apart(salt, cheap=share, dear=share)
        lazy = Adaptive(provider=FakeProvider(reply), ladder=TWO, lazy=True)
        eager = Adaptive(provider=FakeProvider(reply), ladder=TWO)
        found, known = lazy.run(own), eager.run(own)
        lazily.append(len(lazy.asked("cheap")) + 5 * len(lazy.asked("dear")))
        eagerly.append(len(eager.asked("cheap")) + 5 * len(eager.asked("dear")))
        asked.append(len(lazy.asked("dear")))
        before = row(found, "cheap").verdict.kind
        if before != "inconclusive":
            assert row(filled(lazy, own), "cheap").verdict.kind == before
        same += row(known, "cheap").verdict.kind == before

    with capsys.disabled():
        sys.stdout.write(
            f"\npass rate {share}: lazy {sum(lazily)}, eager {sum(eagerly)} ({sum(lazily) / sum(eagerly):.0%}), "
            f"reference asked {sum(asked) / 8:.0f} times a run; {same} of 8 verdicts alike\n"
        )
    assert sum(lazily) <= most * sum(eagerly)
    assert same >= 7


def test_an_early_failure_ends_laziness_and_what_was_left_out_is_asked(suite: Suite) -> None:
    early = suites.ordered(suite)[10].input
    reply = passing(cheap=1.0, dear=1.0)
    run = Adaptive(
        provider=FakeProvider(
            lambda request: "0" if request.model == "cheap" and early in request.prompt else reply(request)
        ),
        ladder=TWO,
        lazy=True,
    )

    measured = run.run(suite)

    assert sorted(run.asked("dear")) == sorted(run.asked("cheap"))
    assert row(measured, "cheap").unasked == 0


def test_before_anything_is_called_inconclusive_the_reference_is_asked(suite: Suite) -> None:
    # The first thirty pass; later so many fail, and the reference with them, that only the wins would show the gap.
    short = replace(suite, rule=replace(suite.rule, horizon=70, bar=Decimal("0.5")))
    place = {sample.input: number for number, sample in enumerate(suites.ordered(suite))}

    def reply(request: Request) -> str:
        number = next(n for text, n in place.items() if text in request.prompt)
        failed = number > 30 and number % 9 == 0 if request.model == "cheap" else number % 4 == 1
        return "0" if failed else right(request)

    run = Adaptive(provider=FakeProvider(reply), ladder=TWO, lazy=True)
    measured = run.run(short)

    assert row(measured, "cheap").verdict.kind == "sufficient"
    failed = sum(1 for text in run.asked("cheap") if place[text] > 30 and place[text] % 9 == 0)
    assert rounds.BLOCK + failed < len(run.asked("dear")) < len(run.asked("cheap")) <= 70


@pytest.mark.parametrize("rounds_at_most", [1, 2, 5, 7])
def test_a_lazy_run_that_was_stopped_goes_on_as_it_would_have(suite: Suite, rounds_at_most: int) -> None:
    reply = apart(5, cheap=0.98, mid=0.99, dear=0.99)
    straight, stopped = (Adaptive(provider=FakeProvider(reply), lazy=True) for _ in range(2))
    whole = straight.run(suite)

    stopped.run(suite, rounds_at_most=rounds_at_most)
    part = sorted(stopped.stored)[:-5]
    stopped.stored = {key: stopped.stored[key] for key in part}
    again = stopped.run(suite)

    assert again.rows == whole.rows
    assert set(stopped.stored) == set(straight.stored)


def test_two_tiers_share_the_answers_of_a_lazy_reference(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(apart(1, cheap=0.99, mid=1.0, dear=1.0)), ladder=LADDER, lazy=True)

    measured = run.run(suite)

    assert floor(measured).tier in {"cheap", "mid"}
    assert row(measured, "mid").verdict.kind == "sufficient"
    assert len(run.asked("dear")) == len(set(run.asked("dear")))
    assert row(filled(run, suite), "mid").verdict.kind == "sufficient"


@pytest.mark.parametrize("change", [{"floors": "cheap-first"}, {"floors": "cheap-first", "table_alpha": True}])
def test_a_lazy_reference_serves_the_cheapest_tier_first(suite: Suite, change: dict[str, Any]) -> None:
    run = Adaptive(
        provider=FakeProvider(passing(cheap=1.0, mid=1.0, dear=1.0)), ladder=replace(LADDER, **change), lazy=True
    )

    measured = run.run(suite)

    assert floor(measured).tier == "cheap"
    assert run.asked("mid") == []
    assert len(run.asked("dear")) == rounds.BLOCK
    # Alpha is shared by two tiers, and with `table_alpha` by two rows: more is asked than at full alpha.
    alone = Adaptive(provider=FakeProvider(passing(cheap=1.0, dear=1.0)), ladder=TWO, lazy=True)
    alone.run(suite)
    assert len(run.asked("cheap")) > len(alone.asked("cheap"))


def test_a_tier_that_misses_the_bar_is_refuted_though_its_reference_was_hardly_asked(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=0.3, dear=0.97)), ladder=TWO, lazy=True)

    measured = run.run(suite)

    assert row(measured, "cheap").verdict.kind == "insufficient"
    assert floor(measured).tier == "dear"


@pytest.mark.slow
def test_a_tier_at_the_margin_is_proved_no_more_often_than_alpha(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = suites.load(write_suite(tmp_path, per_level=(80,)))
    small = replace(made, rule=replace(made.rule, margin=Decimal("0.05"), bar=Decimal("0.5"), horizon=80))
    wrong, lazy, runs = 0, 0, 60
    for salt in range(runs):
        run = Adaptive(provider=FakeProvider(apart(salt, cheap=0.95, dear=1.0)), ladder=TWO, lazy=True)
        measured = run.run(replace(small, system=f"{salt}: {small.system}"))
        wrong += row(measured, "cheap").verdict.kind == "sufficient"
        lazy += row(measured, "cheap").unasked > 0

    with capsys.disabled():
        sys.stdout.write(f"\nat the margin: {wrong} of {runs} runs proved it; {lazy} left answers out\n")
    # Three standard errors above alpha.
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_a_plan_without_registration_is_asked_in_full(suite: Suite) -> None:
    run = Adaptive(provider=FakeProvider(passing(cheap=1.0, dear=1.0)), ladder=TWO)

    measured = run.run(suite)

    assert sorted(run.asked("dear")) == sorted(run.asked("cheap"))
    assert plan.plan(TWO, [suite]).registered == {}
    assert row(measured, "cheap").verdict.method == "betting e-process"
