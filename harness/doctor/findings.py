"""What a check takes and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from ..providers import Connect
from ..values import Ladder

__all__ = ["Finding", "Result", "Visit"]

Result = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found. `fail`: nothing can be asked like this; `warn`: it can, but somebody should know."""

    check: str
    result: Result
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What the doctor is told: ladder, environment, day, the folder of the answer cache, and the way to a provider.

    `offline` asks nobody, and what only asking needs (keys, weights, the engine) may be absent with a warning.
    """

    ladder: Ladder
    environ: Mapping[str, str]
    today: date
    cache: Path
    connect: Connect
    offline: bool = False

    @property
    def absent(self) -> Result:
        """The result where something is absent that only asking needs."""
        return "warn" if self.offline else "fail"
