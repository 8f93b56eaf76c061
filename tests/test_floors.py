"""A floor is a proved claim, or says why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import pytest
from worlds import ladder, write_suite

from harness import floors as floors_
from harness import suites
from harness.values import Floor, Row, Suite, Verdict

LADDER = ladder()
Kind = Literal["sufficient", "insufficient", "inconclusive"]
Floors = Callable[..., tuple[Floor, ...]]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return suites.load(write_suite(tmp_path_factory.mktemp("suite")))


@pytest.fixture
def floors(suite: Suite) -> Floors:
    def made(*rows: Row, **how: Any) -> tuple[Floor, ...]:
        return floors_.floors(rows, [suite], replace(LADDER, **how))

    return made


def row(tier: str, kind: Kind, cost: str | None, *, reference: bool = False, **more: Any) -> Row:
    made = Row(
        category="sums",
        level=None,
        tier=tier,
        reference=reference,
        planned=100,
        n=100,
        units=100,
        errors=0,
        passes=90,
        quality=(0.85, 0.8, 0.9),
        gap=None if reference else (0.0, -0.03, 0.03),
        verdict=Verdict(kind=kind, why=f"{kind} because", method="betting e-process"),
        cost=None if cost is None else Decimal(cost),
        cost_per_success=None,
        latency_p50_ms=1,
        latency_p95_ms=2,
        input_tokens=1,
        output_tokens=1,
        unparsable=0.0,
        refused=0.0,
        truncated=0.0,
    )
    return replace(made, **more)


def only(floors: Floors, *rows: Row) -> tuple[str, str | None, str]:
    (floor,) = floors(*rows)
    return floor.status, floor.tier, floor.use


def test_the_cheapest_proved_tier_is_the_floor(floors: Floors) -> None:
    rows = (row("a", "sufficient", "1"), row("b", "sufficient", "2"), row("top", "sufficient", "9", reference=True))

    assert only(floors, *rows) == ("proved", "a", "a")


def test_cheapest_means_by_measured_cost_not_by_place(floors: Floors) -> None:
    rows = (row("a", "sufficient", "5"), row("b", "sufficient", "2"), row("top", "sufficient", "9", reference=True))

    assert only(floors, *rows) == ("proved", "b", "b")


def test_nothing_below_the_first_unproved_tier_is_claimed(floors: Floors) -> None:
    rows = (row("a", "sufficient", "1"), row("b", "inconclusive", "2"), row("top", "sufficient", "9", reference=True))

    (floor,) = floors(*rows)

    assert (floor.tier, floor.why) == ("top", "b: inconclusive because")


def test_a_reference_below_the_bar_means_that_no_tier_qualifies(floors: Floors) -> None:
    rows = (row("a", "inconclusive", "1"), row("top", "insufficient", "9", reference=True))

    assert only(floors, *rows) == ("no tier qualifies", None, "top")


def test_an_unproved_reference_leaves_the_floor_undecided(floors: Floors) -> None:
    rows = (row("a", "inconclusive", "1"), row("top", "inconclusive", "9", reference=True))

    assert only(floors, *rows) == ("undecided", None, "top")


def test_a_tier_may_be_proved_while_the_reference_still_is_not(floors: Floors) -> None:
    rows = (row("a", "sufficient", "1"), row("top", "inconclusive", "9", reference=True))

    assert only(floors, *rows) == ("proved", "a", "a")


def test_levels_are_apart(floors: Floors) -> None:
    one = (row("a", "sufficient", "1"), row("top", "sufficient", "9", reference=True))
    two = tuple(replace(each, level=2) for each in (row("a", "insufficient", "1"), one[1]))

    assert [(floor.level, floor.tier) for floor in floors(*one, *two)] == [(None, "a"), (2, "top")]


REFERENCE = row("top", "sufficient", "9", reference=True)


def test_the_walk_names_where_it_stopped_and_whom_it_did_not_test(floors: Floors) -> None:
    rows = (
        row("a", "sufficient", "1", quality=(0.95, 0.9, 0.98)),
        row("b", "sufficient", "2", quality=(0.7, 0.6, 0.8)),
        row("c", "inconclusive", "3"),
        REFERENCE,
    )

    (floor,) = floors(*rows)

    assert (floor.tier, floor.stopped, floor.untested) == ("top", "c", ("a", "b"))
    assert floor.alarms == ("a looks better than c, untested",)


def test_cheap_first_takes_the_first_proved_tier_past_one_that_is_not(floors: Floors) -> None:
    rows = (row("a", "inconclusive", "1"), row("b", "sufficient", "2"), row("c", "inconclusive", "3"), REFERENCE)

    (floor,) = floors(*rows, floors="cheap-first")
    (other,) = floors(*rows)

    assert (floor.tier, floor.stopped, floor.untested) == ("b", "a", ("c",))
    assert floor.why == "a: inconclusive because"
    assert (other.tier, other.stopped) == ("top", "c")


def test_a_floor_of_verdicts_made_after_the_fact_says_so(floors: Floors) -> None:
    changed = Verdict(kind="sufficient", why="x", method="y", post_hoc="margin 0.05 became 0.10")

    (floor,) = floors(row("a", "sufficient", "1", verdict=changed), REFERENCE)

    assert floor.post_hoc == "margin 0.05 became 0.10"


@pytest.mark.parametrize(
    ("more", "alarm"),
    [
        ({"wins": 20, "losses": 2}, "top is worse than a: 2 units won, 20 lost (p 6.1e-05)"),
        ({"cost": Decimal(10)}, "a costs more than top, which the ladder calls dearer"),
        ({"unparsable": 0.06}, "6% of the answers of a cannot be read, look at its prompt and schema"),
        ({"holes": 0.03}, "3% of the samples lack an answer of a or of the reference"),
    ],
)
def test_what_may_lie_behind_a_floor_is_said_once_for_all_levels(floors: Floors, more: Any, alarm: str) -> None:
    rows = (replace(row("a", "sufficient", "1"), **more), REFERENCE)

    overall, level = floors(*rows, *(replace(each, level=2) for each in rows))

    assert overall.alarms == (alarm,)
    assert level.alarms == ()


def test_all_perfect_or_all_hopeless_tiers_alarm(floors: Floors) -> None:
    def alarms(quality: float) -> tuple[str, ...]:
        rows = (row("a", "inconclusive", "1"), REFERENCE)
        (floor,) = floors(*(replace(each, quality=(quality, 0.0, 1.0)) for each in rows))
        return floor.alarms

    assert alarms(0.95) == ("every tier is within the margin of perfect: too easy to tell tiers apart",)
    assert alarms(0.1) == ("no tier reaches half the bar: too hard, or the prompt or the checker is at fault",)
    assert alarms(0.85) == ()
