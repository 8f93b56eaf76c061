"""The page about recorded outcomes: how it reads, and whether the program still needs what it says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from calibration import recorded
from calibration.recorded import LADDERS, Needed

PAGE = Path(__file__).parent.parent.parent / "docs" / "recorded.md"


def row(ladder: str, category: str, asked: tuple[int, ...], spent: str) -> Needed:
    return Needed(
        ladder=ladder,
        category=category,
        n=100,
        status="proved",
        use="some",
        asked=asked,
        spent=Decimal(spent),
        whole=Decimal(2),
    )


def test_categories_are_added_up_before_all_of_them_as_one() -> None:
    name = list(LADDERS)[-1]

    made = recorded.text(row(name, each, (50, 25), "0.5") for each in ("a", "b", recorded.ALL))

    assert made.splitlines()[-5:] == [
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| a | 100 | 50 | 25 | 38% | $0.500 of $2.000 (25%) | some (proved) |",
        "| b | 100 | 50 | 25 | 38% | $0.500 of $2.000 (25%) | some (proved) |",
        "| **every category** | 200 | 100 | 50 | 38% | $1.000 of $4.000 (25%) |  |",
        "| all as one | 100 | 50 | 25 | 38% | $0.500 of $2.000 (25%) | some (proved) |",
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not recorded.DATA.is_file(),
    reason="recorded outcomes are not at hand: set TIERFLOOR_SHARED to the folder that holds data/bfcl",
)
def test_the_verdicts_need_what_the_page_says() -> None:
    assert recorded.text(recorded.measure(recorded.read())) == PAGE.read_text(encoding="utf-8")
