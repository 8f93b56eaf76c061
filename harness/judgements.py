"""What checkers said, kept beside the answers: nothing is judged twice, and judging that was killed goes on where it was.

A judgement follows from an answer, its sample and a checker alone, so it can always be made anew: a row that cannot be
read is as good as none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, Self, TypeVar

from .errors import BadInput
from .records import line

__all__ = ["Judgement", "Judgements"]

Found = TypeVar("Found")

DATABASE: Final = "judgements.db"
CHUNK: Final = 500  # below the 999 variables that any SQLite takes
PATIENCE: Final = 60.0
"""Seconds to wait for another process that writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a checker said of one answer; `error` where it could not judge.

    `isolation` names what the answer's code ran in, and is empty where none ran.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    verdict: Literal["pass", "fail", "error"]
    score: float
    why: str
    details: str
    isolation: str = ""


class Judgements:
    """The judgements in the folder of an answer cache, by what they follow from (`Outcome.graded`).

    The file is opened at the first use, made if it is not there, and may be shared by several processes.
    """

    __slots__ = ("_database", "_folder")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._database is not None:
            self._database.close()

    def get_all(self, names: Iterable[str]) -> dict[str, Judgement]:
        """The judgements with these names, as far as they are kept and can be read."""
        from pydantic import TypeAdapter, ValidationError

        wanted, parse = list(names), TypeAdapter(Judgement).validate_json

        def select(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
            for start in range(0, len(wanted), CHUNK):
                some = wanted[start : start + CHUNK]
                places = ",".join("?" * len(some))
                yield from database.execute(f"SELECT graded, line FROM judgement WHERE graded IN ({places})", some)  # noqa: S608

        found: dict[str, Judgement] = {}
        for name, text in self._do(lambda database: list(select(database))):
            with suppress(ValidationError):
                found[name] = parse(text)
        return found

    def add_all(self, judgements: Mapping[str, Judgement]) -> None:
        """Keep judgements, all in one transaction. Errors are not kept: they say nothing of the answer."""
        rows = [(name, line(each)) for name, each in judgements.items() if each.verdict != "error"]

        def insert(database: sqlite3.Connection) -> None:
            with database:
                database.executemany("INSERT OR REPLACE INTO judgement VALUES (?, ?)", rows)

        if rows:
            self._do(insert)

    def _do(self, what: Callable[[sqlite3.Connection], Found]) -> Found:
        try:
            if self._database is None:
                self._database = self._opened()
            return what(self._database)
        except (sqlite3.Error, OSError) as error:
            problem = f"cannot keep judgements: {error}; free some space, or delete the file: they are made anew"
            raise BadInput(str(self._folder / DATABASE), problem) from error

    def _opened(self) -> sqlite3.Connection:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / DATABASE).touch(mode=0o600)
        database = sqlite3.connect(self._folder / DATABASE, timeout=PATIENCE)
        database.execute("PRAGMA journal_mode = wal")
        database.execute("PRAGMA synchronous = normal")
        database.execute(
            "CREATE TABLE IF NOT EXISTS judgement (graded TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID"
        )
        return database
