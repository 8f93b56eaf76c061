"""Data for the calls of a check: values that a field takes, and values at and beyond its edges."""

from __future__ import annotations

import random
from typing import Any

from .spec import Spec

__all__ = ["INJECTIONS", "TRICKY", "Draw"]

# Each fits into 12 characters, the shortest limit of a required text.
TRICKY = (
    "O'Brien",
    '"q" -- x',
    "%s {0} \\n ?",
    "  two  ",
    "Ünï✓日本🙂",
    "line\nbreak",
    "NULL",
    "007",
    "a;b\\'c",
    "<b>&amp;",
)
LETTERS = str.maketrans("0123456789abcdef", "abcdefghikmnoprs")
INJECTIONS = ("x'||'y", "a'); DROP t;", "' OR '1'='1")


class Draw:
    """A stream of data for one spec: full and least records, all with different required texts."""

    def __init__(self, spec: Spec, rng: random.Random) -> None:
        self.rng = rng
        self._spec = spec
        self.fields: list[Spec] = spec["fields"]
        self._count = 0

    @property
    def first(self) -> Spec:
        """The required text, which is the unique field where there is one."""
        return next(field for field in self.fields if field["kind"] == "text" and field["need"] == "required")

    def least(self, **chosen: Any) -> dict[str, Any]:
        """Data with the required fields only, and those chosen."""
        return {field["name"]: self.value(field) for field in self.fields if field["need"] == "required"} | chosen

    def full(self, **chosen: Any) -> dict[str, Any]:
        """Data with all fields."""
        return {field["name"]: self.value(field) for field in self.fields} | chosen

    def parent(self) -> dict[str, Any]:
        """Data of something that records belong to."""
        self._count += 1
        return {self._spec["parent"]["label"]: f"parent{self._count}"}

    def value(self, field: Spec) -> Any:
        """A value that the field takes; a different one at each call for text."""
        if field["kind"] == "text":
            self._count += 1
            return f"{self.rng.getrandbits(16):04x}{self._count}".translate(LETTERS)
        if field["kind"] == "number":
            return self.rng.randint(field["min"], field["max"])
        if field["kind"] == "parent":
            return self.rng.choice((1, 2))
        return self.rng.choice((True, False) if field["kind"] == "flag" else field["values"])

    def other(self, field: Spec, value: Any) -> Any:
        """A value that the field takes and that is not this one."""
        while (found := self.value(field)) == value:
            pass
        return found

    def edges(self, field: Spec) -> list[Any]:
        """Values on both sides of every limit of the field, and of the wrong types."""
        self._count += 1
        letter = chr(0x0430 + self._count % 32)
        if field["kind"] == "text":
            return ["", letter, letter.upper() * field["max"], letter * (field["max"] + 1), 5, True, None]
        if field["kind"] == "number":
            low, high = field["min"], field["max"]
            return [low - 1, low, high, high + 1, True, float(low), str(low), None]
        if field["kind"] == "parent":
            return [0, 99, True, 1.0, "1", None, 1]
        if field["kind"] == "flag":
            return [1, 0, "true", None, True, False]
        return [*field["values"], field["values"][0].swapcase(), "", 1, None]
