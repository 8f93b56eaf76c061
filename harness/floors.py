"""Rows become routing floors: the cheapest tier proved good enough, per kind of work."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby

from .values import Floor, Row, Status

__all__ = ["floors"]


def floors(rows: Iterable[Row]) -> tuple[Floor, ...]:
    """One floor per category and level, from rows in ladder order (the reference last).

    Tiers are tested from the one below the reference downwards, each at full alpha, and the first that is not proved
    ends the walk (a fixed sequence, so no price for looking at several). Of the proved ones the cheapest by measured
    cost is the floor.
    """
    return tuple(_floor(tuple(group)) for _, group in groupby(rows, key=lambda row: (row.category, row.level)))


def _floor(rows: tuple[Row, ...]) -> Floor:
    *cheaper, reference = rows
    proved = [reference] if reference.verdict.kind == "sufficient" else []
    stopped = reference
    for row in reversed(cheaper):
        if row.verdict.kind != "sufficient":
            stopped = row
            break
        proved.append(row)
    if proved:
        best = min(proved, key=lambda row: (row.cost if row.cost is not None else Decimal("Infinity"), row.tier))
        why = "" if stopped.verdict.kind == "sufficient" else f"{stopped.tier}: {stopped.verdict.why}"
        return _made(reference, "proved", best.tier, why, rows)
    if reference.verdict.kind == "insufficient":
        return _made(reference, "no tier qualifies", None, f"{reference.tier}: {reference.verdict.why}", rows)
    return _made(reference, "undecided", None, f"{reference.tier}: {reference.verdict.why}", rows)


def _made(reference: Row, status: Status, tier: str | None, why: str, rows: tuple[Row, ...]) -> Floor:
    return Floor(
        category=reference.category,
        level=reference.level,
        status=status,
        tier=tier,
        use=tier or reference.tier,
        why=why,
        rows=rows,
    )
