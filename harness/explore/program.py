"""A candidate module, compiled once and loaded afresh for each schedule into a world of stand-ins."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from .opcodes import Points

__all__ = ["FILE", "IMPORTABLE", "NAME", "Program"]

FILE = "<candidate>"
NAME = "tierfloor_candidate"

# Pure modules: nothing here reads a clock, a file or another thread.
IMPORTABLE = frozenset(
    """
    __future__ abc bisect collections contextlib copy dataclasses enum functools heapq itertools math typing
    """.split()  # noqa: SIM905  a list of this length reads better as words
)
_WITHHELD = frozenset({"breakpoint", "compile", "eval", "exec", "exit", "help", "input", "open", "quit"})


class Program:
    """The source of one module; `points` are its switch points. Raises SyntaxError or ValueError if it isn't Python."""

    __slots__ = ("_code", "points")

    def __init__(self, source: str) -> None:
        self._code = compile(source, FILE, "exec", dont_inherit=True)
        self.points = Points(self._code)

    def load(self, stand_ins: Mapping[str, ModuleType]) -> ModuleType:
        """The module, executed now; its imports are the stand-ins and a few pure modules."""
        module = ModuleType(NAME)
        vars(module)["__builtins__"] = _builtins(stand_ins)
        with _registered(module):
            exec(self._code, vars(module))  # noqa: S102  what this program is for
        return module


@contextmanager
def _registered(module: ModuleType) -> Iterator[None]:
    """`dataclasses` looks its module up by name."""
    sys.modules[NAME] = module
    try:
        yield
    finally:
        sys.modules.pop(NAME, None)


def _builtins(stand_ins: Mapping[str, ModuleType]) -> dict[str, Any]:
    number = _numbering()

    def load(name: str, space: Any = None, _: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name in stand_ins:
            copy = ModuleType(name)
            vars(copy).update(vars(stand_ins[name]))
            return copy
        if level or name.partition(".")[0] not in IMPORTABLE:
            raise ImportError(f"no module named {name!r} here")
        return builtins.__import__(name, space, None, fromlist, level)

    def hashed(value: Any) -> int:
        kind: Any = type(value)
        return number(value) if kind.__hash__ is object.__hash__ else hash(value)

    allowed = {name: value for name, value in vars(builtins).items() if name not in _WITHHELD}
    return {**allowed, "__import__": load, "id": number, "hash": hashed, "print": _silence}


def _silence(*_: Any, **__: Any) -> None:
    """Printing is nobody's business here."""


def _numbering() -> Callable[[Any], int]:
    """`id()` that gives the same numbers in every run: objects count from 1 in the order in which they are asked."""
    known: dict[int, tuple[int, Any]] = {}

    def number(value: Any) -> int:
        return known.setdefault(id(value), (len(known) + 1, value))[0]

    return number
