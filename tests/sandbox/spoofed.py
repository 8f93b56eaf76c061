"""Answers that forge a verdict, the grader that each fools, and how each ends for a checker over a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["SPOOFED", "SPOOFS", "Fooled", "source"]

SPOOFS = Path(__file__).with_name("spoofs")


@dataclass(frozen=True, slots=True)
class Fooled:
    """The grader that is fooled, its verdict, and how the answer ends in a session."""

    grader: str
    verdict: str
    ends: str


SPOOFED = {
    name: Fooled(*fooled)
    for name, fooled in {
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
    }.items()
}


def source(name: str) -> str:
    """The text of an answer."""
    return (SPOOFS / f"{name}.py").read_text()
