"""Curves are drawn the same from the same numbers, and say what they were drawn from."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from test_table import LADDER, outcomes
from worlds import write_suite

from harness import floors, plots, registry, savings, suites, table
from harness.plots import Answered
from harness.values import Floor, Ladder, Outcome, Suite

Drawn = tuple[tuple[Floor, ...], Suite, Ladder, Answered | None]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def some(suite: Suite, failing: int, cost: str = "9") -> list[Outcome]:
    return [*outcomes(suite, "cheap", failing=failing), *outcomes(suite, "dear", cost=cost)]


def made(suite: Suite, given: list[Outcome]) -> Drawn:
    """What a figure is drawn from."""
    found = floors.floors(table.table(given, [suite], LADDER), [suite], LADDER)
    played = savings.replays(given, found, [suite], LADDER).get(suite.category)
    answered = None if played is None else Answered(tiers=played.tiers, recorded=played.recorded)
    return found, suite, LADDER, answered


def texts(figure: bytes) -> list[str]:
    """Every text of an SVG: matplotlib writes it as a comment beside its outlines."""
    found = re.findall(r"<!-- (.*?) -->", figure.decode(), re.DOTALL)
    return [text.replace("&gt;", ">") for text in found]


@pytest.mark.slow
def test_the_same_numbers_give_the_same_bytes(suite: Suite) -> None:
    one, two = (plots.draw(*made(suite, some(suite, 3))) for _ in range(2))

    assert one == two
    assert plots.fingerprint(*made(suite, some(suite, 3))).encode() in one


@pytest.mark.slow
def test_a_figure_without_answers_is_drawn_too(suite: Suite) -> None:
    empty = made(suite, [])

    assert plots.draw(*empty).startswith(b"<?xml")
    assert "no answers yet" in texts(plots.draw(*empty))
    assert plots.draw(*empty, kind="png").startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_figure_tells_of_a_rule_that_was_changed(suite: Suite) -> None:
    given = some(suite, 0)
    first = registry.stand(suite, LADDER, {}, {sample.template for sample in suite.samples}).registered
    changed = replace(suite, rule=replace(suite.rule, margin=Decimal("0.2")))
    standing = registry.stand(changed, LADDER, {}, {sample.template for sample in suite.samples}, first)
    found = floors.floors(table.table(given, [changed], LADDER, {suite.id: standing}), [changed], LADDER)

    shown = texts(plots.draw(found, changed, LADDER, None))

    assert "cheap (floor): sufficient (post-hoc)" in shown
    assert any(text.startswith("sums: floor cheap (post-hoc)") for text in shown)


@pytest.mark.slow
def test_a_figure_names_everything_that_it_shows(suite: Suite) -> None:
    found = texts(plots.draw(*made(suite, some(suite, 0))))

    legend = [
        "cheap (floor): sufficient",
        "dear (reference): sufficient",
        "oracle: cheapest right tier, by sample",
        "cascade with a perfect checker:",
        "cheap > dear",
        "hull: best random mix of tiers",
        "random mix of cheapest and reference",
        "bar 0.80",
    ]
    assert [text for text in found if text in legend] == legend
    assert "sums: floor cheap   (n=40, margin 0.10, alpha 0.05)" in found
    assert "AIQ 1.000: mean quality of the hull between the cheapest and the dearest tier's cost" in found
    assert "band, oracle and cascade: 40 answers to the same samples by cheap, dear" in found
    # No sample failed, so no replicate differs: a band without width would only look like certainty.
    assert "90 % bootstrap band of the hull" not in found
    assert "90 % bootstrap band of the hull" in texts(plots.draw(*made(suite, some(suite, 3))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cost", "label"), [("8", "cost per sample (credits)"), ("11", "cost per sample (credits, log scale)")]
)
def test_costs_over_more_than_a_decade_are_on_a_log_scale(suite: Suite, cost: str, label: str) -> None:
    # Nothing is escalated, so no mark is dearer than the reference.
    found, _, _, answered = made(suite, some(suite, 0, cost))

    assert label in texts(plots.draw(found, suite, LADDER, answered))


@pytest.mark.slow
def test_tiers_that_pass_nothing_or_cost_nothing_are_drawn_too(suite: Suite) -> None:
    failing = [replace(each, verdict="fail", score=0.0) for each in some(suite, 0)]
    free = [replace(each, cost=Decimal(0)) for each in some(suite, 3)]

    for given in (failing, free, some(suite, 3)[:1]):
        assert plots.draw(*made(suite, given)).startswith(b"<?xml")


def test_the_oracle_and_the_cascade_stand_where_the_answers_put_them(suite: Suite) -> None:
    *_, answered = made(suite, some(suite, 10))
    assert answered is not None

    (_, _, oracle), (_, _, cascade) = plots._marks(answered)

    # Ten of forty samples go to the dear tier; the cascade pays for both answers.
    assert oracle == pytest.approx(((30 * 1 + 10 * 9) / 40, 1.0))
    assert cascade == pytest.approx(((40 * 1 + 10 * 9) / 40, 1.0))


def test_other_numbers_have_another_fingerprint(suite: Suite) -> None:
    one = some(suite, 3)
    # The same means, but now tier and reference fail on other samples.
    fourth = suites.ordered(suite)[3].id
    moved = [
        replace(each, verdict="fail", score=0.0) if each.tier == "dear" and each.sample == fourth else each
        for each in one
    ]

    marks = {plots.fingerprint(*made(suite, given)) for given in (one, some(suite, 4), moved)}
    found, _, _, answered = made(suite, one)

    assert len(marks) == 3
    assert answered is not None
    swapped = replace(answered, recorded=replace(answered.recorded, scores=answered.recorded.scores[::-1].copy()))
    assert plots.fingerprint(found, suite, LADDER, swapped) not in marks
    assert plots.fingerprint(found, suite, LADDER) not in marks
