"""Runs in the sandbox: sqlite3 as answers see it, every statement and every wait known to the gate.

SQLite itself never waits here. Where it would with a busy timeout, the other call moves and the statement is run again;
where it would not, because waiting could not help, the error is the answer's to handle.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from .inside_gate import Gate

__all__ = ["install"]

BUSY, BUSY_SNAPSHOT = 5, 517
BEGINS, ENDS = {"BEGIN", "SAVEPOINT"}, {"COMMIT", "END", "ROLLBACK", "RELEASE"}
ARGUMENTS = (
    "database",
    "timeout",
    "detect_types",
    "isolation_level",
    "check_same_thread",
    "factory",
    "cached_statements",
    "uri",
)


def install(gate: Gate) -> None:
    """Make `sqlite3` of this process pass the gate."""

    class Cursor(_Cursor):
        pass

    class Connection(_Connection):
        pass

    Cursor.gate = Connection.gate = gate
    Connection.cursors = Cursor
    real = sqlite3.connect

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        given = dict(zip(ARGUMENTS, arguments, strict=False)) | named
        patient = given.get("timeout", 5.0) > 0
        made: sqlite3.Connection = real(**{"factory": Connection} | given | {"timeout": 0.0})
        if isinstance(made, _Connection):
            made.patient = patient
        return made

    for module in (sqlite3, sys.modules["sqlite3.dbapi2"]):
        vars(module).update(connect=connect, Connection=Connection, Cursor=Cursor)


class _Cursor(sqlite3.Cursor):
    """A cursor whose statements pass the gate one by one."""

    gate: Gate
    _last: tuple[Any, ...] = ()

    def execute(self, *given: Any) -> Any:
        connection: Any = self.connection
        self._last = given
        word, patience = _about(str(given[0]))
        connection.passed(lambda: super(_Cursor, self).execute(*given), word=word)
        if patience:
            super().execute("PRAGMA busy_timeout=0")
        return self

    def executemany(self, sql: str, rows: Iterable[Any]) -> Any:
        connection: Any = self.connection
        if connection.isolation_level is None and not connection.in_transaction:
            for row in rows:
                self.execute(sql, row)
        else:
            kept = list(rows)
            connection.passed(lambda: super(_Cursor, self).executemany(sql, kept))
        return self

    def executescript(self, script: str) -> Any:
        connection: Any = self.connection
        connection.commit()
        level, connection.isolation_level = connection.isolation_level, None
        try:
            for statement in _statements(script):
                self.execute(statement)
        finally:
            connection.isolation_level = level
        return self

    def fetchone(self) -> Any:
        return self._fetched(super().fetchone)

    def fetchall(self) -> Any:
        return self._fetched(super().fetchall)

    def fetchmany(self, *given: Any) -> Any:
        return self._fetched(lambda: super(_Cursor, self).fetchmany(*given))

    def __next__(self) -> Any:
        return self._fetched(super().__next__)

    def _fetched(self, fetch: Callable[[], Any]) -> Any:
        """Rows; what changes data outside a transaction commits only with its last row, and may be busy then."""
        try:
            return fetch()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != BUSY or self.connection.in_transaction or not self.gate.give_way():
                raise
            self.execute(*self._last)
            return self._fetched(fetch)


class _Connection(sqlite3.Connection):
    """A connection that runs one statement at a time through the gate."""

    gate: Gate
    cursors: type[sqlite3.Cursor]
    patient = True
    _reading = False

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or self.cursors)

    def execute(self, *given: Any) -> Any:
        return self.cursor().execute(*given)

    def executemany(self, *given: Any) -> Any:
        return self.cursor().executemany(*given)

    def executescript(self, *given: Any) -> Any:
        return self.cursor().executescript(*given)

    def commit(self) -> None:
        if self.in_transaction:
            self.passed(super().commit, word="COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.passed(super().rollback, word="ROLLBACK")

    def close(self) -> None:
        super().close()
        self.gate.moved()

    def __exit__(self, *error: Any) -> Any:  # noqa: PYI036  passed on as it came
        try:
            if error[0] is None:
                self.commit()
        except BaseException:
            self.rollback()
            raise
        return super().__exit__(*error)

    def passed(self, run: Callable[[], Any], *, word: str = "") -> None:
        """Run a statement when the gate lets it, again and again while waiting for the other call helps."""
        self.gate.passing()
        while True:
            try:
                run()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in (BUSY, BUSY_SNAPSHOT) or not self.patient:
                    raise
                # A reader that wants to write gets its error at once: if both waited, none could go on.
                upgrade = error.sqlite_errorcode == BUSY_SNAPSHOT or (self._reading and word not in ENDS)
                if not self.gate.give_way(waits=not upgrade) or upgrade:
                    raise
            else:
                self.gate.moved()
                self._reading = self.in_transaction and word not in ENDS and (self._reading or word not in BEGINS)
                return


@lru_cache(maxsize=256)
def _about(statement: str) -> tuple[str, bool]:
    """Its first word, and whether it sets how long SQLite waits."""
    text = statement.upper()
    return next(iter(text.replace(";", " ").split(None, 1)), ""), "BUSY_TIMEOUT" in text


def _statements(script: str) -> Iterator[str]:
    """The statements of a script."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n\t;"):
                yield statement
            statement = ""
    if statement.strip(" \n\t;"):
        yield statement.removesuffix(";")
