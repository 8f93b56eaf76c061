"""Values of a candidate as JSON of bounded size, taken at one moment and without running any code of theirs."""

from __future__ import annotations

import json
from collections import deque
from itertools import islice
from typing import Any

__all__ = ["Numbering", "freeze", "text"]

MOST = 200  # characters of a text, items of a container
DEEPEST = 6
EXACT = 1 << 53
_ROWS = (list, tuple, deque)
_SETS = (set, frozenset)


class _Opaque:
    """An object that is only compared by identity; it is kept alive so that its id stays its own."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def freeze(value: Any, depth: int = 0) -> Any:
    """The value as it is now: JSON with opaque leaves. A tuple is a list, a whole float an int, an error its name."""
    kind = type(value)
    if value is None or kind in {bool, int, float, str}:
        return _scalar(kind, value)
    if issubclass(kind, BaseException):
        return {"raised": kind.__name__}
    if depth < DEEPEST:
        for base in (*_ROWS, *_SETS):
            if issubclass(kind, base):
                items = [freeze(item, depth + 1) for item in islice(_items(base, value), MOST)]
                return {"set": items} if base in _SETS else items
        if issubclass(kind, dict):
            pairs = islice(dict.items(value), MOST)
            return {"dict": [[freeze(key, depth + 1), freeze(item, depth + 1)] for key, item in pairs]}
    return _Opaque(value)


def _scalar(kind: type, value: Any) -> Any:
    if kind is int and abs(value) >= EXACT:
        return {"int": "huge"}
    if kind is float:
        return int(value) if value.is_integer() and abs(value) < EXACT else {"float": repr(value)}
    if kind is str and len(value) > MOST:
        return {"text": value[:MOST]}
    return value


class Numbering:
    """Makes frozen values JSON: opaque ones are numbered in the order in which they are shown, equal ones alike."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def __call__(self, frozen: Any) -> Any:
        if isinstance(frozen, _Opaque):
            return {"object": self._seen.setdefault(id(frozen.value), len(self._seen))}
        if isinstance(frozen, list):
            return [self(item) for item in frozen]
        if isinstance(frozen, dict):
            return {
                key: sorted(map(self, part), key=text) if isinstance(part, list) else part
                for key, part in frozen.items()
            }
        return frozen


def text(value: Any) -> str:
    """One text for equal JSON values."""
    return json.dumps(value, sort_keys=True)


def _items(base: Any, value: Any) -> Any:
    return base.__iter__(value)
