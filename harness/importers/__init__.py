"""Importers: results that somebody else measured, as values that the table, the floors and the curves take.

An importer is an entry point of the group `tierfloor.importers`: a callable `(path, Terms) -> Imported`. What a file does
not say is said in `notes` and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol

from ..values import Ladder, Outcome, Rule, Suite

__all__ = ["Imported", "Importer", "Terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an import is told beside its file.

    `columns` maps our words to the file's, `where` keeps the rows whose column has a value, `common` the items that
    every tier has an outcome of; `ladder` orders the tiers. The rest is the rule; without a `horizon` each kind of work
    is read to its end.
    """

    name: str
    margin: Decimal
    alpha: Decimal
    bar: Decimal
    method: Literal["sequential", "fixed"]
    horizon: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    ladder: Ladder | None = None
    common: bool = False

    def rule(self, units: int) -> Rule:
        """The rule for a kind of work of so many units."""
        return Rule(
            margin=self.margin,
            alpha=self.alpha,
            bar=self.bar,
            horizon=self.horizon or max(units, 1),
            method=self.method,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Outcomes with the suites and the ladder that they belong to.

    `unpriced` holds the (suite, tier) pairs without a cost: the `cost` of their outcomes means nothing. `flat` suites
    have no levels: that of their samples means nothing. `runs` are the dates or names of the runs, in the order of the
    epochs; `sha256` identifies the file.
    """

    suites: tuple[Suite, ...]
    ladder: Ladder
    outcomes: tuple[Outcome, ...]
    unpriced: frozenset[tuple[str, str]]
    flat: frozenset[str]
    runs: tuple[str, ...]
    file: str
    sha256: str
    notes: tuple[str, ...]


class Importer(Protocol):
    """What an entry point of `tierfloor.importers` stands for."""

    def __call__(self, path: Path, terms: Terms) -> Imported: ...
