"""One store of the answer, asked in lock step with the oracle."""

from __future__ import annotations

from typing import Any, Final

from .calls import Call
from .draws import Draw
from .oracle import Oracle
from .port import Answered, Expected, Mismatch, Port

__all__ = ["ANN", "PRESENT", "Play"]

ANN: Final = "ann"
PRESENT: Final = "present"  # stands for the version that a record has


class Play:
    """A store of the candidate, in a file of its own, and the oracle's idea of it. `open` comes first."""

    def __init__(self, port: Port, draw: Draw, name: str) -> None:
        self._port = port
        self._name = name
        self.draw = draw
        self.spec = port.spec
        self.oracle = Oracle(port.spec)

    def open(self, *, pair: bool = False) -> None:
        """Open a new file and make two parents, where records have some."""
        self.reopen(pair=pair)
        if self.spec["parent"]:
            try:
                for _ in range(2):
                    self.do("create_parent", data=self.draw.parent())
            except Mismatch as mismatch:
                raise Mismatch(str(mismatch), mismatch.why or "wrong_parent") from None

    def reopen(self, *, pair: bool = False) -> None:
        """Open the file anew, as after a restart."""
        self._port.open(self._name, pair=pair)

    def restart(self) -> None:
        """End the process, then open the file in another one."""
        self._port.restart()
        self.reopen()

    def is_sqlite(self) -> bool:
        """Whether the file is an SQLite database."""
        return self._port.is_sqlite(self._name)

    def beside(self, suffix: str) -> Play:
        """Another store in another file."""
        return Play(self._port, self.draw, f"{self._name}-{suffix}")

    def call(
        self,
        verb: str,
        number: int = 0,
        data: Any = None,
        *,
        owner: str | None = ANN,
        version: int | str | None = PRESENT,
        key: str | None = None,
        **query: Any,
    ) -> Call:
        """A call as the spec has it: without what it does not know, with the record's version unless told another."""
        if not self.spec["version"] or verb not in {"update", "move", "delete"}:
            version = None
        elif version == PRESENT:
            version = self.oracle.version(number)
        owner = owner if self.spec["owner"] else None
        return Call(do=verb, id=number, data=data, owner=owner, version=version, key=key, query=query)

    def ask(self, call: Call) -> Any:
        """Do a call on both sides; the oracle's value, None if it must be refused. Raises Mismatch if they differ."""
        answered = self._port.ask(call)
        expected = Expected.of(self.oracle, call)
        if mismatch := self._port.difference(call, answered, expected):
            raise mismatch
        return expected.value

    def do(self, verb: str, number: int = 0, data: Any = None, **more: Any) -> Any:
        """`call`, then `ask`."""
        return self.ask(self.call(verb, number, data, **more))

    def create(self, data: Any = None, **more: Any) -> Any:
        """Create a record, a full one if no data are given."""
        return self.do("create", data=self.draw.full() if data is None else data, **more)

    def all(self, **more: Any) -> Any:
        """The whole list, or its longest page as the spec has it."""
        page = self.spec["page"]
        return self.do("list", **({"limit": page["most"]} if page else {}), **more)

    def meet(self, first: Call, second: Call, stop: int) -> bool:
        """Two calls at the same time, the first stopped before its statement number `stop`; whether it was.

        What they return, and the list afterwards, must be as if one had run after the other.
        """
        raced = self._port.race(first, second, stop)
        met = f"{self._port.shown(first)} at its statement {stop} met by {self._port.shown(second)}"
        if not raced.seen:
            raise Mismatch(f"{met}: none of its SQL statements came through sqlite3")
        answered = {id(first): raced.first, id(second): raced.second}
        fitting = (
            oracle
            for order in ((first, second), (second, first))
            if self._fits(oracle := self.oracle.copy(), [(call, answered[id(call)]) for call in order])
        )
        one = next(fitting, None)
        if one is None:
            raise Mismatch(f"{met}: {raced.first} and {raced.second}")
        listed = self.call("list", **({"limit": self.spec["page"]["most"]} if self.spec["page"] else {}))
        found = self._port.ask(listed)
        while not self._fits(one, [(listed, found)]):
            one = next(fitting, None)
            if one is None:
                raise Mismatch(f"{met}: afterwards {self._port.shown(listed)} gives {found}")
        self.oracle = one
        return raced.stopped

    def _fits(self, oracle: Oracle, answers: list[tuple[Call, Answered]]) -> bool:
        return not any(self._port.difference(call, one, Expected.of(oracle, call)) for call, one in answers)
