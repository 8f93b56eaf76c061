"""Samples become units of evidence: epochs averaged, templates as one unit, weights, and holes filled conservatively."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import BadInput

__all__ = ["Holes", "Pair", "Units", "gather", "is_hole", "merged"]

Holes = Literal["drop", "against", "for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One sample with the scores (0..1) of its epochs at a tier and at the reference.

    No score at all is a hole: asked, but not answered through no fault of the model. `unit` is the template, or
    whatever else makes samples depend on each other; `weight` the sample's share in the user's mix. A `reference` of
    None was left unasked, which is no hole.
    """

    sample: str
    unit: str
    scores: tuple[float, ...]
    reference: tuple[float, ...] | None = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Mean scores of tier and reference by unit, in fixed order, and each unit's weight as a share of the heaviest.

    `shares` is empty where all units count alike. The reference of a unit is None if it was left unasked.
    """

    names: tuple[str, ...]
    scores: tuple[float, ...]
    reference: tuple[float | None, ...]
    shares: tuple[float, ...] = ()


def gather(
    pairs: Iterable[Pair], *, holes: Holes = "drop", alone: bool = False, heaviest: float | None = None
) -> Units:
    """Units in the order in which their first sample comes.

    A sample that comes twice is one sample with more epochs, never more evidence. `holes` says what a hole counts as:
    nothing (`drop`), the worst for the tier (`against`: its own hole fails, the reference's passes) or the best
    (`for`). `alone` leaves the reference out. Units count alike unless `heaviest`, the largest weight that a unit of
    the suite can have, is given: then each counts by the sum of its samples' weights.
    """
    units: dict[str, list[Pair]] = defaultdict(list)
    for pair in merged(pairs):
        filled = _filled(pair, holes, alone=alone)
        if filled is not None:
            units[pair.unit].append(filled)
    weights = [math.fsum(pair.weight for pair in members) for members in units.values()]
    if heaviest is not None and any(weight > heaviest for weight in weights):
        raise BadInput("weights", f"a unit weighs {max(weights):g}, more than the heaviest declared, {heaviest:g}")
    return Units(
        names=tuple(units),
        scores=tuple(_mean([pair.scores for pair in members], members) for members in units.values()),
        reference=() if alone else tuple(_of_reference(members) for members in units.values()),
        shares=() if heaviest is None else tuple(weight / heaviest for weight in weights),
    )


def is_hole(pair: Pair, *, alone: bool = False) -> bool:
    """Whether an answer is missing that was asked; `alone` leaves the reference out."""
    return not pair.scores or not (alone or pair.reference is None or pair.reference)


def merged(pairs: Iterable[Pair]) -> list[Pair]:
    """One pair for each sample, with all its epochs."""
    by_sample: dict[str, Pair] = {}
    for pair in pairs:
        before = by_sample.get(pair.sample)
        if before is None:
            by_sample[pair.sample] = pair
            continue
        if (before.unit, before.weight) != (pair.unit, pair.weight):
            raise BadInput(f"sample {pair.sample}", "comes twice with another unit or weight, give it one of each")
        by_sample[pair.sample] = Pair(
            sample=pair.sample,
            unit=pair.unit,
            scores=before.scores + pair.scores,
            reference=_both(before.reference, pair.reference),
            weight=pair.weight,
        )
    return list(by_sample.values())


def _filled(pair: Pair, holes: Holes, *, alone: bool) -> Pair | None:
    """The pair without holes, None where it is dropped."""
    if not is_hole(pair, alone=alone):
        return pair
    if holes == "drop":
        return None
    good = holes == "for"
    return Pair(
        sample=pair.sample,
        unit=pair.unit,
        scores=pair.scores or (float(good),),
        reference=None if pair.reference is None else pair.reference or (float(not good),),
        weight=pair.weight,
    )


def _both(one: tuple[float, ...] | None, two: tuple[float, ...] | None) -> tuple[float, ...] | None:
    return None if one is None or two is None else one + two


def _of_reference(members: Sequence[Pair]) -> float | None:
    asked = [pair.reference for pair in members if pair.reference is not None]
    return _mean(asked, members) if len(asked) == len(members) else None


def _mean(epochs: Sequence[tuple[float, ...]], members: Sequence[Pair]) -> float:
    """Mean over samples, by weight, of their means over epochs."""
    if len(epochs) == 1:
        return math.fsum(epochs[0]) / len(epochs[0])
    weight = math.fsum(pair.weight for pair in members)
    return math.fsum(p.weight * math.fsum(e) / len(e) for p, e in zip(members, epochs, strict=True)) / weight
