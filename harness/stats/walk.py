"""Claims about tiers become a floor: procedures whose chance of too cheap a floor stays below alpha per kind of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..values import Status

__all__ = ["Kind", "Walk", "cheap_first", "top_down"]

Kind = Literal["sufficient", "insufficient", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where a procedure ends, as indices into the ladder.

    `floor` is the tier proved, if one is; `stopped` the first tier that the procedure met without proof, if it met one;
    `untested` the tiers that it did not come to: what is known of them is no claim.
    """

    status: Status
    floor: int | None
    stopped: int | None
    untested: tuple[int, ...]


def top_down(kinds: Sequence[Kind], costs: Sequence[float] | None = None) -> Walk:
    """A fixed sequence from just below the reference to the cheapest tier, each at full alpha, to the first unproved.

    `kinds` are the verdicts in ladder order, the reference last; the order was declared before any result. Looking at
    several tiers has no price, because nothing is claimed beyond the first failure. Of the tiers proved the floor is
    the cheapest by `costs` (without them the last in the sequence); the reference counts as proved if it meets the bar.
    """
    reference = len(kinds) - 1
    proved = [reference] if kinds[reference] == "sufficient" else []
    stopped = None
    for tier in range(reference - 1, -1, -1):
        if kinds[tier] != "sufficient":
            stopped = tier
            break
        proved.append(tier)
    floor = min(proved, key=lambda tier: (costs[tier] if costs else tier, tier), default=None)
    return Walk(
        status=_status(floor, kinds),
        floor=floor,
        stopped=stopped,
        untested=() if stopped is None else tuple(range(stopped)),
    )


def cheap_first(kinds: Sequence[Kind]) -> Walk:
    """The first sufficient tier, cheapest first; the verdicts below the reference must be at alpha by their number.

    Cheaper to run than `top_down` where the cheap tier is expected to suffice, and not stopped by a bad middle tier.
    """
    floor = next((tier for tier, kind in enumerate(kinds) if kind == "sufficient"), None)
    return Walk(
        status=_status(floor, kinds),
        floor=floor,
        stopped=0 if floor != 0 and len(kinds) > 1 else None,
        untested=() if floor is None else tuple(range(floor + 1, len(kinds) - 1)),
    )


def _status(floor: int | None, kinds: Sequence[Kind]) -> Status:
    if floor is not None:
        return "proved"
    return "no tier qualifies" if kinds[-1] == "insufficient" else "undecided"
