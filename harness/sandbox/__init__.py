"""Code from a model runs here, never in our process: a child with nothing to read, little to use and a deadline.

The parent keeps the expected answers and draws every verdict; the child only computes. See `session`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .limits import CandidateDied, CandidateFault, CandidateSaid, CandidateTimeout, Limits
from .sessions import Session, session

__all__ = [
    "CandidateDied",
    "CandidateFault",
    "CandidateSaid",
    "CandidateTimeout",
    "Isolation",
    "Limits",
    "Session",
    "isolation",
    "session",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What keeps the code of an answer in its place."""

    name: str


def isolation() -> Isolation:
    """What this machine offers."""
    return Isolation(name="limits")
