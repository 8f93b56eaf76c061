"""Curves are drawn the same from the same numbers, and say what they were drawn from."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_table import LADDER, outcomes
from worlds import write_suite

from harness import floors, plots, suites, table
from harness.values import Floor, Suite


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


def made(suite: Suite, failing: int) -> tuple[Floor, ...]:
    some = [*outcomes(suite, "cheap", failing=failing), *outcomes(suite, "dear", cost="9")]
    return floors.floors(table.table(some, [suite], LADDER))


@pytest.mark.slow
def test_the_same_numbers_give_the_same_bytes(suite: Suite) -> None:
    one, two = (plots.draw(made(suite, 3), suite, LADDER) for _ in range(2))

    assert one == two
    assert plots.fingerprint(made(suite, 3), suite, LADDER).encode() in one


@pytest.mark.slow
def test_a_figure_without_answers_is_drawn_too(suite: Suite) -> None:
    empty = floors.floors(table.table([], [suite], LADDER))

    assert plots.draw(empty, suite, LADDER).startswith(b"<?xml")
    assert plots.draw(empty, suite, LADDER, kind="png").startswith(b"\x89PNG")


def test_other_numbers_have_another_fingerprint(suite: Suite) -> None:
    assert plots.fingerprint(made(suite, 3), suite, LADDER) != plots.fingerprint(made(suite, 4), suite, LADDER)
