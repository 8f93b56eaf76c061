"""What a candidate may use, and the ways in which it can break off a session."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CandidateDied", "CandidateFault", "CandidateSaid", "CandidateTimeout", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one session may use.

    `wall_seconds` bounds the calls of the whole session and `reply_bytes` one reply's line. CPU, memory, file size and
    open files are counted for each process; processes (threads among them), disk and inodes for all together.
    """

    cpu_seconds: int = 5
    wall_seconds: float = 20.0
    memory_bytes: int = 1 << 30
    file_bytes: int = 16 << 20
    open_files: int = 64
    reply_bytes: int = 1 << 20
    processes: int = 64
    disk_bytes: int = 64 << 20
    inodes: int = 4096


class CandidateFault(Exception):
    """The candidate broke off the session: it fails, and a checker says why. Never a fault of ours."""


class CandidateDied(CandidateFault):
    """The candidate's process ended before it had answered."""


class CandidateTimeout(CandidateFault):
    """The candidate used up its seconds, by the wall clock or of CPU."""


class CandidateSaid(CandidateFault):
    """What came back is no answer: too long, not JSON, or without the nonce of the call."""
