"""Code from a model runs here, never in our process: a child with nothing to read, little to use and a deadline.

The parent keeps the expected answers and draws every verdict; the child only computes. See `session`.
"""

from __future__ import annotations

from .conversation import Session
from .isolation import CHOICE, UNSAFE, isolation
from .levels import Canary, Isolation
from .limits import CandidateDied, CandidateFault, CandidateSaid, CandidateTimeout, Limits
from .sessions import session
from .zygotes import Modules

__all__ = [
    "CHOICE",
    "UNSAFE",
    "Canary",
    "CandidateDied",
    "CandidateFault",
    "CandidateSaid",
    "CandidateTimeout",
    "Isolation",
    "Limits",
    "Modules",
    "Session",
    "isolation",
    "session",
]
