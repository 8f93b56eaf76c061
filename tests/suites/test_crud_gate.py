"""Two calls meet at a chosen statement, over real SQLite in the sandbox, and nothing hangs or is left to luck."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.values import Suite

FOLDER = Path(__file__).parents[2] / "suites" / "crud"

CLASS_SPEC: dict[str, Any] = {
    "form": "class",
    "plural": "notes",
    "owner": False,
    "version": False,
    "page": None,
    "parent": None,
    "unique": None,
    "moves": None,
    "update": False,
    "delete": "none",
    "bulk": False,
    "concurrent": True,
}
TABLE = """
import sqlite3
class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("CREATE TABLE IF NOT EXISTS t (n)")
    def get(self, id):
        return self.db.execute("SELECT COUNT(*) FROM t").fetchone()[0]
    def list_all(self):
        return [n for (n,) in self.db.execute("SELECT n FROM t ORDER BY rowid")]
    def create(self, data):
"""


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture
def part(suite: Suite) -> Callable[[str], ModuleType]:
    """A module of the suite's folder."""
    package = sys.modules[suite.check.__module__].__package__
    return lambda name: importlib.import_module(f"{package}.{name}")


@contextmanager
def served(part: Callable[[str], ModuleType], source: str, form: str = "class") -> Iterator[Any]:
    """A port to an answer that is open for two callers."""
    checker = part("checker")
    with checker.opened(CLASS_SPEC | {"form": form}) as port:
        port.load(source)
        port.open("store", pair=True)
        yield port


def meet(
    part: Callable[[str], ModuleType], body: str, stop: int, *, prelude: str = "", more: str = ""
) -> tuple[Any, Any]:
    """What two creates did, the first stopped before one of its statements, and the rows afterwards."""
    call = part("calls").Call
    lines = "\n".join(f"        {line}" for line in body.strip("\n").splitlines())
    with served(part, f"{prelude}{TABLE}{lines}\n{more}") as port:
        raced = port.race(call(do="create", data={"n": 1}), call(do="create", data={"n": 2}), stop)
        return raced, port.ask(call(do="list")).value


CHECK_THEN_ACT = """
count = self.get(0)
self.db.execute("INSERT INTO t VALUES (?)", (count + 1,))
return count + 1
"""
IMMEDIATE = f"""
self.db.execute("BEGIN IMMEDIATE")
{CHECK_THEN_ACT.strip().replace("return count + 1", 'self.db.execute("COMMIT")')}
return count + 1
"""
DEFERRED = IMMEDIATE.replace("BEGIN IMMEDIATE", "BEGIN")


def _indented(body: str) -> str:
    return "\n".join(f"    {line}" for line in body.strip("\n").splitlines())


def test_the_second_call_runs_between_two_statements_of_the_first(part: Callable[[str], ModuleType]) -> None:
    raced, rows = meet(part, CHECK_THEN_ACT, stop=2)

    assert (raced.first.value, raced.second.value, rows) == (1, 1, [1, 1])
    assert (raced.stopped, raced.seen) == (True, 2)


def test_without_a_statement_of_that_number_one_call_runs_after_the_other(part: Callable[[str], ModuleType]) -> None:
    raced, rows = meet(part, CHECK_THEN_ACT, stop=3)

    assert (raced.first.value, raced.second.value, rows) == (1, 2, [1, 2])
    assert (raced.stopped, raced.seen) == (False, 2)


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_lock_of_the_database_makes_the_second_call_wait(part: Callable[[str], ModuleType], stop: int) -> None:
    raced, rows = meet(part, IMMEDIATE, stop)

    assert rows == [1, 2]
    assert {raced.first.value, raced.second.value} == {1, 2}
    assert raced.first.value == (2 if stop == 1 else 1)


def test_readers_that_both_want_to_write_get_an_error_and_do_not_hang(part: Callable[[str], ModuleType]) -> None:
    raced, _ = meet(part, DEFERRED, stop=3)

    assert "database is locked" in f"{raced.first} {raced.second}"


@pytest.mark.parametrize("commit", ['self.db.execute("COMMIT")', "self.db.commit()"])
def test_a_commit_waits_for_a_reader_that_then_gets_the_error(part: Callable[[str], ModuleType], commit: str) -> None:
    body = DEFERRED.replace('self.db.execute("COMMIT")', commit)

    raced, rows = meet(
        part, f"try:\n{_indented(body)}\nexcept sqlite3.OperationalError: self.db.rollback(); raise", stop=4
    )

    assert (raced.first.value, raced.second.problem, rows) == (1, "other", [1])


LOCKED = f"with lock:\n{_indented(CHECK_THEN_ACT)}"
BUSY = """
with lock:
    while busy:
        lock.wait(WAIT)
    busy.append(1)
try:
    WORK
finally:
    with lock:
        busy.clear()
        lock.notify()
"""


@pytest.mark.parametrize(
    "made",
    [
        *("threading.Lock()", "threading.RLock()", "threading.Condition()", "threading.Condition(threading.RLock())"),
        *("threading.Semaphore()", "threading.Semaphore(value=1)", "threading.BoundedSemaphore(1)"),
    ],
)
def test_a_lock_of_python_makes_the_second_call_wait(part: Callable[[str], ModuleType], made: str) -> None:
    raced, rows = meet(part, LOCKED, stop=2, prelude=f"import threading\nlock = {made}\n")

    assert (raced.first.value, raced.second.value, rows) == (1, 2, [1, 2])


@pytest.mark.parametrize(
    ("made", "with_"),
    [("Condition()", "with lock:"), ("Condition(threading.Lock())", "with lock:"), ("Condition()", "with lock, lock:")],
)
@pytest.mark.parametrize("wait", ["", "60"])
def test_who_waits_for_a_condition_is_told(part: Callable[[str], ModuleType], made: str, with_: str, wait: str) -> None:
    body = BUSY.replace("with lock:", with_).replace("WAIT", wait).replace("    WORK", _indented(CHECK_THEN_ACT))

    raced, rows = meet(part, body, stop=2, prelude=f"import threading\nlock, busy = threading.{made}, []\n")

    assert (raced.first.value, raced.second.value, rows) == (1, 2, [1, 2])


def test_a_lock_on_a_file_makes_the_second_call_wait(part: Callable[[str], ModuleType]) -> None:
    body = f"with open('lock', 'w') as file:\n    fcntl.flock(file, fcntl.LOCK_EX)\n{_indented(CHECK_THEN_ACT)}"

    raced, rows = meet(part, body, stop=2, prelude="import fcntl\n")

    assert (raced.first.value, raced.second.value, rows) == (1, 2, [1, 2])


@pytest.mark.parametrize("taken", ["lock.acquire(blocking=False)", "lock.acquire(False)", "lock.acquire(timeout=0.01)"])
@pytest.mark.parametrize("made", ["Lock", "RLock", "Semaphore"])
def test_who_does_not_wait_for_long_is_told_that_it_has_no_lock(
    part: Callable[[str], ModuleType], made: str, taken: str
) -> None:
    body = f"if not {taken}: return -1\ntry:\n{_indented(CHECK_THEN_ACT)}\nfinally: lock.release()"

    raced, _ = meet(part, body, stop=2, prelude=f"import threading\nlock = threading.{made}()\n")

    assert (raced.first.value, raced.second.value) in {(1, -1), (1, 2)}


@pytest.mark.parametrize(
    ("body", "statements"),
    [
        ('with self.db: self.db.execute("BEGIN"); self.db.execute("INSERT INTO t VALUES (0)")', 3),
        ('self.db.executescript("BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT;")', 4),
        ('self.db.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)])', 3),
        ('self.db.isolation_level = ""; self.db.execute("INSERT INTO t VALUES (1)"); self.db.commit()', 2),
        (
            'self.db.isolation_level = ""; self.db.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)]); self.db.commit()',
            2,
        ),
        ('self.db.cursor().execute("INSERT INTO t VALUES (1)")', 1),
        ('self.db.execute("PRAGMA busy_timeout = 60000")', 1),
        ('self.db.execute("INSERT INTO t VALUES (7) RETURNING n").fetchone()', 1),
    ],
)
def test_every_way_to_run_a_statement_passes_the_gate(
    part: Callable[[str], ModuleType], body: str, statements: int
) -> None:
    raced, _ = meet(part, body, stop=99)

    assert (raced.seen, raced.first.problem, raced.second.problem) == (statements, "", "")


WAL = 'self.db.execute("PRAGMA journal_mode = WAL")'


@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5])
def test_a_write_ahead_log_changes_nothing_for_who_locks_first(part: Callable[[str], ModuleType], stop: int) -> None:
    raced, rows = meet(part, f"{WAL}\n{IMMEDIATE}", stop)

    assert (rows, {raced.first.value, raced.second.value}) == ([1, 2], {1, 2})


def test_in_a_write_ahead_log_a_reader_of_the_past_cannot_write(part: Callable[[str], ModuleType]) -> None:
    raced, _ = meet(part, f"{WAL}\n{DEFERRED}", stop=4)

    assert ("database is locked" in str(raced.first), raced.second.value) == (True, 1)


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_who_tries_again_after_an_error_gets_through(part: Callable[[str], ModuleType], stop: int) -> None:
    body = _indented(_indented(DEFERRED))
    again = f"while True:\n    try:\n{body}\n    except sqlite3.OperationalError:\n        self.db.rollback()"

    raced, rows = meet(part, again, stop)

    assert (rows, {raced.first.value, raced.second.value}) == ([1, 2], {1, 2})


def test_a_store_without_statements_is_seen_to_have_none(part: Callable[[str], ModuleType]) -> None:
    raced, _ = meet(part, "return 1", stop=1)

    assert (raced.seen, raced.stopped) == (0, False)


def test_a_change_that_commits_with_its_last_row_waits_for_a_reader(part: Callable[[str], ModuleType]) -> None:
    """It is the fetch that is busy then, and SQLite would wait in it."""
    reading = 'self.db.execute("BEGIN"); self.get(0); self.get(0); self.db.execute("COMMIT"); return 0'
    writing = 'return self.db.execute("INSERT INTO t VALUES (5) RETURNING n").fetchone()[0]'

    raced, rows = meet(part, f"if data['n'] == 1:\n    {reading}\n{writing}", stop=3)

    assert (raced.first.value, raced.second.value, rows) == (0, 5, [5])


def test_an_impatient_connection_gets_its_error_at_once(part: Callable[[str], ModuleType]) -> None:
    raced, _ = meet(
        part,
        f"self.db = sqlite3.connect(self.path, timeout=0, isolation_level=None)\n{IMMEDIATE}",
        stop=3,
        more="    @property\n    def path(self): return self.db.execute('PRAGMA database_list').fetchone()[2]\n",
    )

    assert raced.second.problem == "other"


APP = """
import asyncio, sqlite3, threading
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
lock, turns = asyncio.Lock(), asyncio.Semaphore(1)
def make_app(path):
    app = FastAPI()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE IF NOT EXISTS t (n)")
    def work():
        db = sqlite3.connect(path, isolation_level=None)
        count = db.execute("SELECT COUNT(*) FROM t").fetchone()[0]
        db.execute("INSERT INTO t VALUES (?)", (count + 1,))
        db.close()
        return count + 1
    @app.get("/notes")
    def notes():
        return [n for (n,) in sqlite3.connect(path).execute("SELECT n FROM t ORDER BY rowid")]
    @app.post("/notes", status_code=201)
    ENDPOINT
    return app
"""


@pytest.mark.parametrize(
    ("endpoint", "values", "stopped"),
    [
        ("def create(): return work()", [1, 1], True),
        ("async def create(): return work()", [1, 2], False),
        ("async def create():\n        async with lock: return await run_in_threadpool(work)", [1, 2], True),
        ("async def create():\n        async with turns: return await run_in_threadpool(work)", [1, 2], True),
        ("async def create(): return await asyncio.to_thread(work)", [1, 1], True),
    ],
)
def test_requests_meet_where_an_app_runs_its_statements_in_threads(
    part: Callable[[str], ModuleType], endpoint: str, values: list[int], stopped: bool
) -> None:
    """On the thread of the event loop they run one after the other, so there is nothing to stop."""
    call = part("calls").Call(do="create", data={})
    with served(part, APP.replace("ENDPOINT", endpoint), "http") as port:
        raced = port.race(call, call, 2)
        rows = port.ask(part("calls").Call(do="list")).value

    assert ([raced.first.value, raced.second.value], rows) == (values, values)
    assert (raced.stopped, raced.seen) == (stopped, 2)


def test_an_event_loop_that_waits_for_a_thread_goes_on_when_that_has_moved(part: Callable[[str], ModuleType]) -> None:
    """The thread's response needs the loop, so its request cannot end before."""
    call = part("calls").Call
    source = APP.replace("ENDPOINT", "def create(): return work()").replace(
        "    def notes():", "    async def notes():"
    )
    source = source.replace("        count = db", '        db.execute("BEGIN EXCLUSIVE")\n        count = db')
    source = source.replace("        db.close()", '        db.execute("COMMIT")')
    with served(part, source, "http") as port:
        raced = port.race(call(do="create", data={}), call(do="list"), 3)

    assert (raced.first.value, raced.second.value, raced.stopped) == (1, [1], True)
