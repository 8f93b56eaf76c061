"""The seam between what is asked of a store and the two forms of answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final

from harness.sandbox import Session

from .calls import Call, Refusal
from .oracle import Oracle
from .spec import Spec

__all__ = ["SECONDS", "Answered", "Broken", "Crash", "Expected", "Mismatch", "Port", "Raced", "same", "short"]


SECONDS: Final = 20.0  # for one call, on a machine that does other things too


class Mismatch(Exception):
    """The answer did something else than the spec says; `str()` says what. `why` names it better than its group does."""

    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(text)
        self.why = why


class Crash(Mismatch):
    """The answer failed in a way that no spec asks for."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "crashed")


class Broken(Exception):
    """The answer cannot be asked anything."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the oracle says of a call: a value, or the kind of its refusal."""

    value: Any = None
    refused: str = ""

    @classmethod
    def of(cls, oracle: Oracle, call: Call) -> Expected:
        """Let the oracle do the call."""
        try:
            return cls(value=oracle.call(call))
        except Refusal as refusal:
            return cls(refused=refusal.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer did with a call: a value, or `problem`, the error's name or the status, and what it says."""

    value: Any = None
    problem: str = ""
    says: str = ""

    def __str__(self) -> str:
        return self.says if self.problem else short(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raced:
    """What two calls at the same time did, and how many statements the first one ran until it was stopped."""

    first: Answered
    second: Answered
    seen: int
    stopped: bool


class Port(ABC):
    """One form of answer, loaded in a sandbox. One file is open at a time."""

    def __init__(self, talk: Session, spec: Spec) -> None:
        self.talk = talk
        self.spec = spec
        self._source = ""
        self._gated = False

    def load(self, source: str, *, gated: bool = False) -> None:
        """Load the answer's code, its SQL statements known to a gate or not; raises Broken if it cannot be used."""
        self._source, self._gated = source, gated
        reply = self.order("load", source=source, gated=gated, **self.wanted())
        if type(reply) is not dict or len(reply.keys() & {"syntax", "raised", "missing"}) != 1:
            raise Broken("bad_reply", "loading: a reply of no known form")
        if "syntax" in reply:
            raise Broken("unparsable", f"does not compile: {short(reply['syntax'])}")
        if "raised" in reply:
            raise Broken("does_not_load", short(reply.get("text")))
        if reply["missing"]:
            raise Broken("missing_method", f"missing: {short(reply['missing'])}")

    def restart(self) -> None:
        """End the process, start another and load the same code; the files stay."""
        self.talk.restart()
        self._load_again("after a restart")

    def gate(self) -> None:
        """From here on calls can race: load the same code again, its statements known to the gate."""
        if not self._gated:
            self._load_again("loaded once more", gated=True)

    def _load_again(self, when: str, *, gated: bool = False) -> None:
        try:
            self.load(self._source, gated=gated)
        except Broken as broken:
            raise Crash(f"{when}: {broken}") from None

    @abstractmethod
    def wanted(self) -> dict[str, Any]:
        """What the code must define."""

    @abstractmethod
    def open(self, name: str, *, pair: bool = False) -> None:
        """Open a file, as after a restart; for two callers at once if `pair`, behind the gate."""

    @abstractmethod
    def ask(self, call: Call) -> Answered:
        """Let the answer do a call."""

    @abstractmethod
    def race(self, first: Call, second: Call, stop: int) -> Raced:
        """Let it do two, the first stopped before its statement number `stop` until the second has done what it can.

        Both pass the gate.
        """

    @abstractmethod
    def difference(self, call: Call, answered: Answered, expected: Expected) -> Mismatch | None:
        """How an answer's doing differs from the oracle's, if it does."""

    @abstractmethod
    def shown(self, call: Call) -> str:
        """The call in this form's words."""

    def is_sqlite(self, name: str) -> bool:
        """Whether the file is an SQLite database."""
        return bool(self.order("is_sqlite", name=name) == {"value": True})

    def order(self, do: str, **more: Any) -> Any:
        """Give the driver an order, and its reply."""
        return self.talk.call({"do": do, **more}, SECONDS)

    def told(self, reply: Any, *keys: str) -> dict[str, Any]:
        """A reply that has just one of these keys. Raises Mismatch for any other."""
        if type(reply) is not dict or len(reply.keys() & set(keys)) != 1:
            raise Mismatch("a reply of no known form", "bad_reply")
        return reply


def same(found: Any, expected: Any) -> bool:
    """Equality that tells True from 1 and 6.0 from 6, all the way down."""
    return bool(found == expected) and _alike(found, expected)


def _alike(found: Any, expected: Any) -> bool:
    """Whether equal values have equal types."""
    if type(found) is not type(expected):
        return False
    if type(found) is list:
        return all(map(_alike, found, expected))
    if type(found) is dict:
        return all(map(_alike, map(found.__getitem__, expected), expected.values()))
    return True


def short(value: Any) -> str:
    """A stranger's value in a few plain characters."""
    try:
        text = ascii(value)
    except RecursionError:
        return "a value nested too deeply"
    return text if len(text) <= 80 else f"{text[:77]}..."
