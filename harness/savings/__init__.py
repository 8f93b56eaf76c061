"""What routing saves: stored outcomes played again under other policies, sample by sample, with bootstrap bands."""

from __future__ import annotations

from .policies import Policy, Terms
from .replay import Replay, replays
from .saving import Saving, savings
from .shown import as_json, cells, head, headline, legend, notes

__all__ = [
    "Policy",
    "Replay",
    "Saving",
    "Terms",
    "as_json",
    "cells",
    "head",
    "headline",
    "legend",
    "notes",
    "replays",
    "savings",
]
