"""Runs in the sandbox: it makes a module of an answer's text, and plain text of whatever comes out of it."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

from .inside_gate import Gate

__all__ = ["Broken", "compiled", "loaded", "oddity", "text"]


PLAIN = frozenset({type(None), bool, int, str})
DEEPEST = 6


class Broken(Exception):
    """The answer's text cannot be used; `reply` says why."""

    def __init__(self, **reply: Any) -> None:
        super().__init__()
        self.reply = reply


@lru_cache(maxsize=1)
def compiled(source: str) -> CodeType:
    """The answer's code; raises Broken if it does not compile."""
    try:
        return compile(source, "answer.py", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Broken(syntax=text(error)) from None


def loaded(code: CodeType, gate: Gate | None) -> ModuleType:
    """A new module in which the code has run; raises Broken if it raises."""
    module = ModuleType("answer")
    sys.modules["answer"] = module
    try:
        with _locks(gate):
            exec(code, module.__dict__)  # noqa: S102  what we are for
    except BaseException as error:  # noqa: BLE001  whatever a stranger's code raises
        raise Broken(raised="other", text=text(error)) from None
    return module


def _locks(gate: Gate | None) -> Any:
    if gate is None:
        return nullcontext()
    from .inside_locks import gated_locks

    return gated_locks(gate)


def text(error: BaseException) -> str:
    """What the error says, whatever its class does when asked."""
    try:
        return f"{type(error).__name__}: {error}".replace(os.getcwd(), "")[:120]  # noqa: PTH109  a text
    except BaseException:  # noqa: BLE001  see loaded
        return type(error).__name__


def oddity(value: Any, depth: int = 0) -> str:
    """The type of whatever in the value JSON would not carry unchanged."""
    kind = type(value)
    if kind in PLAIN or (kind is float and value - value == 0):
        return ""
    if kind not in {list, dict} or depth == DEEPEST:
        return kind.__name__
    if kind is dict and not set(map(type, value)) <= {str}:
        return "dict with keys that are not str"
    items = value if kind is list else value.values()
    if set(map(type, items)) <= PLAIN:  # a record is, and there are many
        return ""
    return next(filter(None, (oddity(item, depth + 1) for item in items)), "")
