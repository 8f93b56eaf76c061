"""Code from a model runs here, never in our process: a child with nothing to read, little to use and a deadline.

The parent keeps the expected answers and draws every verdict; the child only computes. See `session`.
"""

from __future__ import annotations

from .limits import CandidateDied, CandidateFault, CandidateSaid, CandidateTimeout, Limits
from .sessions import Session, session

__all__ = [
    "CandidateDied",
    "CandidateFault",
    "CandidateSaid",
    "CandidateTimeout",
    "Limits",
    "Session",
    "session",
]
