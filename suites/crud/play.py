"""One store of the answer, called in lock step with the oracle."""

from __future__ import annotations

from typing import Any

from harness.sandbox import Session

from .oracle import Oracle, Refusal
from .spec import Spec

__all__ = ["Crash", "Mismatch", "Play", "same", "short"]


class Mismatch(Exception):
    """The answer's class did something else than the spec says; `str()` says what."""


class Crash(Mismatch):
    """It raised what no spec asks for."""


class Play:
    """A store of the candidate, under a file name of its own, and the oracle's idea of it. `reopen` opens it first."""

    def __init__(self, session: Session, spec: Spec, name: str) -> None:
        self._session = session
        self._name = name
        self.spec = spec
        self.oracle = Oracle(spec)

    def reopen(self) -> None:
        """Forget the object and everything of its module, then open the same file again."""
        self._told(self._session.call({"do": "open", "name": self._name}), "Store(path)")

    def is_sqlite(self) -> bool:
        return bool(self._session.call({"do": "is_sqlite", "name": self._name}) == {"value": True})

    def twin(self) -> Play:
        """Another store in another file."""
        return Play(self._session, self.spec, f"{self._name}-2")

    def version(self, number: int) -> int:
        """The present version of a record, whoever owns it; 1 for one that was never there."""
        return self.oracle.version(number)

    def do(self, method: str, *arguments: Any, owner: str = "ann") -> Any:
        """Call the method on both sides; the oracle's value, None if it must raise. Raises Mismatch if they differ."""
        given = [owner, *arguments] if self.spec["owner"] else list(arguments)
        call = f"{method}({', '.join(map(short, given))})"
        reply = self._session.call({"do": "call", "method": method, "arguments": given})
        try:
            expected = self.oracle.call(method, given)
        except Refusal as refusal:
            if self._told(reply, call, refusal.error):
                raise Mismatch(f"{call}: no {refusal.error}") from None
            return None
        found = self._told(reply, call)["value"]
        if not same(found, expected):
            raise Mismatch(f"{call}: {short(found)}, not {short(expected)}")
        return expected

    def all(self, owner: str = "ann") -> Any:
        """The whole list, or its first page as the spec has it."""
        return self.do("list_page" if self.spec["page"] else "list_all", owner=owner)

    def _told(self, reply: Any, call: str, error: str = "") -> Any:
        """The reply with its value; an empty one where the call raised `error`, as wanted."""
        if type(reply) is not dict or len(reply.keys() & {"value", "raised", "odd"}) != 1:
            raise Mismatch(f"{call}: a reply of no known form")
        if "odd" in reply:
            raise Mismatch(f"{call}: returns {short(reply['odd'])}")
        if "value" in reply:
            return reply
        if reply["raised"] == error:
            return {}
        problem = f"{call}: raises {short(reply.get('text'))}"
        raise Crash(problem) if reply["raised"] not in ("ValueError", "KeyError", "Conflict") else Mismatch(problem)


def same(found: Any, expected: Any) -> bool:
    """Equality that tells True from 1 and 6.0 from 6, all the way down."""
    if type(found) is not type(expected):
        return False
    if type(found) is list:
        return len(found) == len(expected) and all(map(same, found, expected))
    if type(found) is dict:
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    return bool(found == expected)


def short(value: Any) -> str:
    """A stranger's value in a few plain characters."""
    try:
        text = ascii(value)
    except RecursionError:
        return "a value nested too deeply"
    return text if len(text) <= 80 else f"{text[:77]}..."
