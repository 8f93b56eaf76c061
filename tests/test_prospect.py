"""What an adaptive run is expected to ask, beside what such runs ask."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import fmean

import pytest
from adaptive import LADDER, Adaptive, run_all
from test_laziness import TWO, apart
from worlds import FakeProvider, write_suite

from harness import job, plan, prospect, suites
from harness.cli import main
from harness.prospect import Prospect
from harness.values import Ladder, Outcome, Suite

PRICES = {"cheap": Decimal(1), "mid": Decimal(3), "dear": Decimal(5)}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Ninety-six sums of one level."""
    made = suites.load(write_suite(tmp_path, per_level=(96,)))
    return replace(made, rule=replace(made.rule, horizon=96))


def expected(suite: Suite, of: Ladder, outcomes: tuple[Outcome, ...] = (), *, lazy: bool = True) -> Prospect:
    made = job.register(plan.plan(of, [suite]), {}, lazy=lazy)
    return prospect.prospect(made, suite, outcomes, PRICES, (len(made.asks), Decimal(5 * len(made.asks))))


@pytest.mark.parametrize("lazy", [False, True])
def test_runs_ask_about_what_was_expected(suite: Suite, lazy: bool) -> None:
    told = expected(suite, TWO, lazy=lazy)
    asked = []
    for salt in range(24):
        run = Adaptive(provider=FakeProvider(apart(salt, cheap=0.95, dear=0.95)), ladder=TWO, lazy=lazy)
        run.run(replace(suite, system=f"{salt}: {suite.system}"))
        asked.append(len(run.provider.asked))

    mean, low, high = told.requests
    assert fmean(asked) == pytest.approx(mean, rel=0.2)
    assert sum(low <= each <= high for each in asked) >= 18


def test_laziness_is_expected_to_save_requests_and_more_of_the_money(suite: Suite) -> None:
    lazily, eagerly = expected(suite, TWO), expected(suite, TWO, lazy=False)

    assert lazily.requests[0] < eagerly.requests[0]
    assert lazily.cost[0] / eagerly.cost[0] < Decimal(lazily.requests[0] / eagerly.requests[0])
    assert (lazily.lazy, eagerly.lazy) == (True, False)


def test_what_is_decided_takes_nothing_more(suite: Suite) -> None:
    outcomes = run_all(suite, apart(1, cheap=0.3, mid=0.4, dear=0.99)).outcomes

    told = expected(suite, LADDER, outcomes)

    assert told.requests == (0, 0, 0)
    assert set(told.cost) == {Decimal(0)}
    assert "stored outcomes: cheap 0." in told.basis
    assert "assumed" not in told.basis


def test_stored_outcomes_are_taken_as_they_are_and_others_assumed(suite: Suite) -> None:
    outcomes = [each for each in run_all(suite, apart(1, cheap=0.3, mid=0.4, dear=0.99)).outcomes if each.tier == "mid"]

    told = expected(suite, LADDER, tuple(outcomes))

    # The middle tier is refuted by what is stored, so that the reference alone is asked, until it reaches its bar.
    assert 0 < told.requests[0] < 60
    assert told.basis == f"stored outcomes: mid {told.rates[1].passes:.2f}; assumed: cheap 0.95, dear 0.95"


@pytest.mark.parametrize("change", [{"floors": "cheap-first"}, {"mix": {"sums.1": Decimal(1)}}])
def test_every_kind_of_walk_is_followed(suite: Suite, change: dict[str, object]) -> None:
    told = expected(suite, replace(LADDER, **change))  # type: ignore[arg-type]

    mean, low, high = told.requests
    assert 0 < low <= mean <= high <= told.most == 288
    assert told.cost[1] <= told.cost[0] <= told.cost[2] <= told.worst


def test_a_fixed_test_is_expected_to_be_read_at_its_horizon(suite: Suite) -> None:
    fixed = replace(suite, rule=replace(suite.rule, method="fixed", horizon=60))

    told = expected(fixed, TWO)

    assert (told.requests[0], told.lazy) == (120, False)


def test_a_run_never_asks_more_than_the_bound(suite: Suite) -> None:
    made = job.register(plan.plan(TWO, [suite]), {}, lazy=True)

    told = prospect.prospect(made, suite, (), PRICES, (10, Decimal(20)))

    assert told.requests == (10, 10, 10)
    assert set(told.cost) == {Decimal(20)}


def test_the_command_shows_it_beside_the_whole_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path)
    Path("toy.toml").write_text(
        'title = "Two"\nunit = "credits"\n'
        + "".join(
            f'[[tier]]\nname = "{name}"\nprovider = "openai-compatible"\nmodel = "{name}"\nbase_url = "http://127.0.0.1:9/v1"\n'
            f'price = {{ input = "{price}", output = "{price}", unit = "credits", on = "2026-11-22", source = "declared" }}\n'
            for name, price in (("small", 100), ("large", 1000))
        )
    )

    def lines(*words: str) -> list[str]:
        assert main(["plan", "sums", "--ladder", "toy.toml", *words]) == 0
        return capsys.readouterr().out.splitlines()

    shown, whole = lines(), lines("--until", "all")
    assert shown[: len(whole)] == whole
    assert shown[-2].split()[:4] == ["until", "decided", "requests", "at"]
    assert shown[-1].startswith("sums ")
    assert shown[-1].endswith("assumed: small 0.95, large 0.95, lazy reference")
    assert [len(lines("--format", "json", *words)) for words in ((), ("--until", "all"))] == [3, 2]
