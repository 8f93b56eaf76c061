from __future__ import annotations

import pytest

from harness.stats import cheap_first, top_down
from harness.stats.walk import Kind

YES: Kind = "sufficient"
NO: Kind = "insufficient"
OPEN: Kind = "inconclusive"


@pytest.mark.parametrize(
    ("kinds", "status", "floor", "stopped", "untested"),
    [
        ([YES, YES, YES], "proved", 0, None, ()),
        ([OPEN, YES, YES], "proved", 1, 0, ()),
        ([YES, OPEN, YES], "proved", 2, 1, (0,)),
        ([YES, NO, YES], "proved", 2, 1, (0,)),
        ([YES, YES, OPEN], "proved", 0, None, ()),
        ([NO, NO, NO], "no tier qualifies", None, 1, (0,)),
        ([OPEN, OPEN, OPEN], "undecided", None, 1, (0,)),
        ([OPEN, OPEN, YES], "proved", 2, 1, (0,)),
        ([YES], "proved", 0, None, ()),
        ([NO], "no tier qualifies", None, None, ()),
    ],
)
def test_top_down_stops_at_the_first_unproved(
    kinds: list[Kind], status: str, floor: int | None, stopped: int | None, untested: tuple[int, ...]
) -> None:
    walk = top_down(kinds)

    assert (walk.status, walk.floor, walk.stopped, walk.untested) == (status, floor, stopped, untested)


def test_of_the_proved_the_cheapest_by_measured_cost_is_the_floor() -> None:
    assert top_down([YES, YES, YES], [3.0, 2.0, 5.0]).floor == 1
    assert top_down([YES, OPEN, YES], [1.0, 2.0, 5.0]).floor == 2
    assert top_down([OPEN, YES, YES], [1.0, 9.0, 5.0]).floor == 2


@pytest.mark.parametrize(
    ("kinds", "status", "floor", "stopped", "untested"),
    [
        ([YES, YES, YES], "proved", 0, None, (1,)),
        ([YES, NO, YES], "proved", 0, None, (1,)),
        ([OPEN, YES, YES], "proved", 1, 0, ()),
        ([NO, NO, YES], "proved", 2, 0, ()),
        ([NO, NO, NO], "no tier qualifies", None, 0, ()),
        ([OPEN, OPEN, OPEN], "undecided", None, 0, ()),
        ([YES], "proved", 0, None, ()),
    ],
)
def test_cheap_first_takes_the_first_proved(
    kinds: list[Kind], status: str, floor: int | None, stopped: int | None, untested: tuple[int, ...]
) -> None:
    walk = cheap_first(kinds)

    assert (walk.status, walk.floor, walk.stopped, walk.untested) == (status, floor, stopped, untested)
