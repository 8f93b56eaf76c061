"""Answers that forge a verdict: each fools a grader with the weakness it is made for, and not a checker over a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox.graders import NAIVE, honest

SPOOFS = Path(__file__).with_name("spoofs")
REFERENCE = "def add_all(numbers):\n    return sum(numbers)\n"
WRONG = "def add_all(numbers):\n    return -1\n"

# spoof: the grader that it fools, that grader's verdict, and how it ends in a session
FOOLED = {
    "exit_zero": ("exit_code", "pass", "CandidateDied"),
    "exit_at_once": ("exit_code", "pass", "CandidateDied"),
    "exit_when_called": ("exit_code", "pass", "CandidateDied"),
    "exit_at_the_end": ("exit_code", "pass", "wrong value"),
    "leave_a_child": ("exit_code", "pass", "CandidateDied"),
    "become_another": ("exit_code", "pass", "CandidateDied"),
    "close_and_leave": ("exit_code", "pass", "CandidateDied"),
    "patched_assertion": ("exit_code", "pass", "wrong value"),
    "patched_runner": ("exit_code", "pass", "wrong value"),
    "fake_module": ("exit_code", "pass", "wrong value"),
    "left_module": ("retried", "pass", "wrong value"),
    "equal_to_all": ("exit_code", "pass", "TypeError"),
    "agreeable_integer": ("exit_code", "pass", "wrong value"),
    "float_for_integer": ("loose", "pass", "wrong value"),
    "truth_for_integer": ("loose", "pass", "wrong value"),
    "fraction": ("exit_code", "pass", "TypeError"),
    "frame_walk": ("exit_code", "pass", "wrong value"),
    "garbage_scan": ("exit_code", "pass", "wrong value"),
    "read_the_tests": ("exit_code", "pass", "wrong value"),
    "changed_cases": ("exit_code", "pass", "wrong value"),
    "patched_json": ("reported", "pass", "wrong value"),
    "patched_builtin": ("reported", "pass", "wrong value"),
    "patched_type": ("reported", "pass", "TypeError"),
    "patched_driver": ("reported", "pass", "CandidateTimeout"),
    "printed_verdict": ("printed", "pass", "CandidateDied"),
    "verdict_at_the_end": ("printed", "pass", "wrong value"),
    "long_text": ("printed", "pass", "CandidateSaid"),
    "written_verdict": ("reported", "pass", "CandidateSaid"),
    "injected_text": ("reported", "pass", "ValueError"),
    "answering_thread": ("reported", "pass", "CandidateSaid"),
    "replies_ahead": ("unnumbered", "pass", "CandidateSaid"),
    "two_replies": ("unnumbered", "pass", "CandidateSaid"),
    "not_a_number": ("tolerant", "pass", "ValueError"),
    "huge_integer": ("fragile", "error", "CandidateSaid"),
    "half_a_letter": ("fragile", "error", "wrong value"),
    "deep_text": ("fragile", "error", "wrong value"),
    "stop_itself": ("patient", "error", "CandidateTimeout"),
}


def spoof(name: str) -> str:
    return (SPOOFS / f"{name}.py").read_text()


def test_every_spoof_is_in_the_table() -> None:
    assert sorted(FOOLED) == sorted(path.stem for path in SPOOFS.glob("*.py"))


@pytest.mark.parametrize("grader", NAIVE)
def test_a_naive_grader_tells_right_from_wrong_as_long_as_nobody_cheats(grader: str) -> None:
    assert (NAIVE[grader](REFERENCE), NAIVE[grader](WRONG)) == ("pass", "fail")


def test_the_honest_checker_tells_right_from_wrong() -> None:
    assert (honest(REFERENCE, "1"), honest(WRONG, "1"), honest("1 / 0", "1")) == (
        "right",
        "wrong value",
        "not loaded: ZeroDivisionError",
    )


@pytest.mark.parametrize("name", FOOLED)
def test_a_spoof_fools_the_grader_that_it_is_made_for(name: str) -> None:
    grader, verdict, _ = FOOLED[name]

    assert NAIVE[grader](spoof(name)) == verdict


@pytest.mark.parametrize("name", FOOLED)
def test_no_spoof_gets_through_a_session(name: str) -> None:
    seconds = 0.5 if FOOLED[name][2] == "CandidateTimeout" else 60.0

    assert honest(spoof(name), name, seconds) == FOOLED[name][2]
