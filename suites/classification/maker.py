"""The choices that make one sample: its label, the request that decides it, and whatever is drawn around that.

The label cycles with the index, so labels balance by construction. The deciding request takes wording and details from an
enumeration without repeats, so samples of one seed and level differ until it is exhausted.
"""

from __future__ import annotations

import hashlib
import math
import random
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .phrases import DIRECT, ROUNDABOUT
from .policy import LABELS, ORDER
from .scenes import SCENES, WORLD, Scene

__all__ = ["Atom", "Maker"]

PHRASES_PER_LEVEL = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One worded request for one kind of work."""

    label: str
    phrase: str
    text: str


class Maker:
    """The choices of one sample: its label, its deciding request and a stream of random numbers.

    Only `Random.random` is used, whose sequence Python promises not to change.
    """

    def __init__(self, *, seed: str, level: int, index: int) -> None:
        block, place = divmod(index, len(LABELS))
        self.label = _deal(_random(seed, "labels", level, block), LABELS)[place]
        self._random = _random(seed, "sample", level, index)
        self._wordings = DIRECT if level == 1 else ROUNDABOUT
        self._scenes = list(SCENES)
        self._used: set[str] = set()
        self.deciding = self._decide_on(seed, level, block)

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self._random.random() * len(values))]

    def deal(self, values: Sequence[T]) -> list[T]:
        return _deal(self._random, values)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def ask(self, label: str) -> Atom:
        """A request of another kind, in other scenes than the sample's requests so far."""
        number = self.pick([n for n in range(len(self._wordings[label])) if f"{label}{n}" not in self._used])
        size = _capacity(self._wordings[label][number], len(self._scenes))
        return self._word(label, number, int(self._random.random() * size))

    def higher(self, label: str) -> list[str]:
        """The labels that win over `label`, in random order; for the highest label all others."""
        return self.deal(ORDER[: ORDER.index(label)] or ORDER[1:])

    def lower(self, label: str) -> list[str]:
        return self.deal(ORDER[ORDER.index(label) + 1 :])

    def _decide_on(self, seed: str, level: int, block: int) -> Atom:
        phrases = self._wordings[self.label]
        order = _deal(_random(seed, "phrases", self.label, min(level, 2)), range(len(phrases)))
        turn, place = divmod(block + PHRASES_PER_LEVEL * max(0, level - 2), len(phrases))
        number = order[place]
        size = _capacity(phrases[number], len(self._scenes))
        stream = _random(seed, "details", self.label, number, level)
        start, step = int(stream.random() * size), int(stream.random() * size)
        while math.gcd(step, size) != 1:
            step += 1
        return self._word(self.label, number, (start + turn * step) % size)

    def _word(self, label: str, number: int, details: int) -> Atom:
        phrase = self._wordings[label][number]
        values, scenes = _fill(_slots(phrase), self._scenes, details)
        self._scenes = [scene for scene in self._scenes if scene not in scenes]
        self._used.add(f"{label}{number}")
        return Atom(label=label, phrase=f"{label}-{number + 1}", text=phrase.format_map(values))


def _random(*path: object) -> random.Random:
    text = "/".join(["classification", *map(str, path)])
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))


def _deal(stream: random.Random, values: Iterable[T]) -> list[T]:
    return [value for _, _, value in sorted((stream.random(), n, value) for n, value in enumerate(values))]


def _slots(phrase: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(phrase) if name})


def _axes(slots: Sequence[str], scenes: int) -> list[int]:
    """How many choices each independent detail of a wording has."""
    if "m" in slots or "f" in slots or "fn" in slots or "const" in slots:
        places = 3 if "f3" in slots else 2 if any(name.endswith("2") for name in slots) else 1
        troubles = 2 if {"sym", "cause", "fncause"} & set(slots) else 1
        return [*(scenes - n for n in range(places)), troubles]
    return [len(WORLD["food"]) - 1 if name == "food2" else len(WORLD[name]) for name in slots]


def _capacity(phrase: str, scenes: int) -> int:
    return math.prod(_axes(_slots(phrase), scenes))


def _fill(slots: Sequence[str], scenes: Sequence[Scene], details: int) -> tuple[dict[str, str], list[Scene]]:
    """The values of a wording's slots in its combination number `details`, and the scenes they are from."""
    digits = []
    for size in _axes(slots, len(scenes)):
        details, digit = divmod(details, size)
        digits.append(digit)
    if set(slots) <= {*WORLD, "food2"}:
        values: dict[str, str] = {}
        for name, digit in zip(slots, digits, strict=True):
            pool = [food for food in WORLD["food"] if food != values["food"]] if name == "food2" else WORLD[name]
            values[name] = pool[digit]
        return values, []
    left = list(scenes)
    places = [left.pop(digit) for digit in digits[:-1]]
    return _names(places, digits[-1]), places


def _names(places: Sequence[Scene], trouble: int) -> dict[str, str]:
    values: dict[str, str] = {}
    for suffix, place in zip(("", "2", "3"), places, strict=False):
        symptom, cause = place.troubles[trouble]
        values |= {
            f"m{suffix}": place.module,
            f"f{suffix}": place.file,
            f"fn{suffix}": place.function,
            f"const{suffix}": place.constant,
            f"sym{suffix}": symptom,
            f"cause{suffix}": f"it {cause}",
            f"fncause{suffix}": f"{place.function} {cause}",
        }
    return values
