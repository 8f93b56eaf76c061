"""Answers that forge a verdict: each fools a grader with the weakness it is made for, and not a checker over a session."""

from __future__ import annotations

import pytest
from sandbox.graders import NAIVE, honest
from sandbox.spoofed import SPOOFED, SPOOFS, source

REFERENCE = "def add_all(numbers):\n    return sum(numbers)\n"
WRONG = "def add_all(numbers):\n    return -1\n"


def test_every_spoof_is_in_the_table() -> None:
    assert sorted(SPOOFED) == sorted(path.stem for path in SPOOFS.glob("*.py"))


@pytest.mark.parametrize("grader", NAIVE)
def test_a_naive_grader_tells_right_from_wrong_as_long_as_nobody_cheats(grader: str) -> None:
    assert (NAIVE[grader](REFERENCE), NAIVE[grader](WRONG)) == ("pass", "fail")


def test_the_honest_checker_tells_right_from_wrong() -> None:
    assert (honest(REFERENCE, "1"), honest(WRONG, "1"), honest("1 / 0", "1")) == (
        "right",
        "wrong value",
        "not loaded: ZeroDivisionError",
    )


@pytest.mark.parametrize("name", SPOOFED)
def test_a_spoof_fools_the_grader_that_it_is_made_for(name: str) -> None:
    fooled = SPOOFED[name]

    assert NAIVE[fooled.grader](source(name)) == fooled.verdict


@pytest.mark.parametrize("name", SPOOFED)
def test_no_spoof_gets_through_a_session(name: str) -> None:
    seconds = 0.5 if SPOOFED[name].ends == "CandidateTimeout" else 60.0

    assert honest(source(name), name, seconds) == SPOOFED[name].ends
