"""A floor is a proved claim, or says why there is none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from harness.floors import floors
from harness.values import Row, Verdict

Kind = Literal["sufficient", "insufficient", "inconclusive"]


def row(tier: str, kind: Kind, cost: str | None, *, reference: bool = False) -> Row:
    return Row(
        category="sums",
        level=None,
        tier=tier,
        reference=reference,
        planned=100,
        n=100,
        units=100,
        errors=0,
        passes=90,
        quality=(0.9, 0.84, 0.94),
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


def only(*rows: Row) -> tuple[str, str | None, str]:
    (floor,) = floors(rows)
    return floor.status, floor.tier, floor.use


def test_the_cheapest_proved_tier_is_the_floor() -> None:
    rows = (row("a", "sufficient", "1"), row("b", "sufficient", "2"), row("top", "sufficient", "9", reference=True))

    assert only(*rows) == ("proved", "a", "a")


def test_cheapest_means_by_measured_cost_not_by_place() -> None:
    rows = (row("a", "sufficient", "5"), row("b", "sufficient", "2"), row("top", "sufficient", "9", reference=True))

    assert only(*rows) == ("proved", "b", "b")


def test_nothing_below_the_first_unproved_tier_is_claimed() -> None:
    rows = (row("a", "sufficient", "1"), row("b", "inconclusive", "2"), row("top", "sufficient", "9", reference=True))

    (floor,) = floors(rows)

    assert (floor.tier, floor.why) == ("top", "b: inconclusive because")


def test_a_reference_below_the_bar_means_that_no_tier_qualifies() -> None:
    rows = (row("a", "inconclusive", "1"), row("top", "insufficient", "9", reference=True))

    assert only(*rows) == ("no tier qualifies", None, "top")


def test_an_unproved_reference_leaves_the_floor_undecided() -> None:
    rows = (row("a", "inconclusive", "1"), row("top", "inconclusive", "9", reference=True))

    assert only(*rows) == ("undecided", None, "top")


def test_a_tier_may_be_proved_while_the_reference_still_is_not() -> None:
    rows = (row("a", "sufficient", "1"), row("top", "inconclusive", "9", reference=True))

    assert only(*rows) == ("proved", "a", "a")


def test_levels_are_apart() -> None:
    one = (row("a", "sufficient", "1"), row("top", "sufficient", "9", reference=True))
    two = tuple(replace(each, level=2) for each in (row("a", "insufficient", "1"), one[1]))

    assert [(floor.level, floor.tier) for floor in floors((*one, *two))] == [(None, "a"), (2, "top")]
