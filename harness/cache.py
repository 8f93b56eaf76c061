"""Answers are kept for ever: a request that was answered once is never asked, or paid for, again.

The folder is a diskcache whose rows hold one kind of thing: the canonical JSON line that `export` would write. Nothing
is pickled and no row names a file, so a row that says otherwise is not ours and is refused before it is read. Answers
travel between machines as those JSON lines; importing them takes no trust, opening a stranger's folder does.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from .answers import (
    OtherVersion,
    Record,
    joined,
    line,
    packed,
    parse,
    read_answers,
    write_new,
)
from .errors import BadInput
from .judgements import DATABASE as JUDGEMENTS
from .records import write_text
from .values import Request, Response

__all__ = ["Cache", "Entry", "default_folder"]

# diskcache's own defaults quietly drop the oldest rows beyond 1 GiB; what a folder says of itself does not count.
KEEP_ALL: Final = {
    "eviction_policy": "none",
    "cull_limit": 0,
    "size_limit": 2**40,
    "sqlite_journal_mode": "wal",
    "sqlite_synchronous": 2,
}
DATABASE: Final = "cache.db"
MODE_RAW: Final = 1  # diskcache.core: the value is the row's own, neither a file's nor a pickle
SELECT: Final = "SELECT rowid, key, raw, mode, filename, expire_time, value FROM Cache"
CHUNK: Final = 500  # below the 999 variables that any SQLite takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the cache. One with a `problem` answers nothing, even if it holds a record (under a foreign key)."""

    place: str
    key: object
    record: Record | None = None
    problem: str = ""


class Cache:
    """The answers in one folder. `open` it, as a context manager; several processes may share it."""

    __slots__ = ("_rows", "folder")

    def __init__(self, folder: Path, rows: Any) -> None:
        self.folder = folder
        self._rows = rows

    @classmethod
    def open(cls, folder: Path) -> Cache:
        """The cache in `folder`, which is made if it does not exist. A folder that holds other things is BadInput."""
        import diskcache

        folder = folder.absolute()
        _claim(folder)
        with _one_line(folder, "be opened as an answer cache"):
            _check_settings(folder, {*diskcache.DEFAULT_SETTINGS, *diskcache.core.METADATA})
            rows = diskcache.Cache(folder, disk=_text_disk(), **{**diskcache.DEFAULT_SETTINGS, **KEEP_ALL})
            kept = {name: rows.reset(name) for name in KEEP_ALL}
        if kept != KEEP_ALL:
            rows.close()
            raise BadInput(str(folder), f"the cache would drop answers ({kept}); delete the folder and import again")
        return cls(folder, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the calling thread's connection. Any later use makes a new one."""
        self._rows.close()

    def __len__(self) -> int:
        with _one_line(self.folder, "count its answers"):
            return len(self._rows)

    def get(self, key: str) -> Response | None:
        """The answer to the request with this key, or None."""
        pair = self.get_all([key]).get(key)
        return pair[1] if pair else None

    def get_all(self, keys: Iterable[str]) -> dict[str, tuple[Request, Response]]:
        """The answers to the requests with these keys, as far as they are stored. A damaged row is BadInput."""
        records, damaged = self._read(keys)
        if damaged:
            raise self._refusal(damaged)
        return {key: (record.request, record.response) for key, record in records.items()}

    def add(self, request: Request, response: Response) -> Response:
        """`add_all` of one answer."""
        return self.add_all([(request, response)])[0]

    def add_all(self, pairs: Sequence[tuple[Request, Response]]) -> list[Response]:
        """Keep answers for ever, in one transaction: when this returns they are on the disk.

        Returns what is kept for each pair: the first answer, if its request already has one. An answer that cannot be
        kept, or a damaged row in its place, raises BadInput after all others were stored.
        """
        new: dict[str, Record] = {}
        lines: dict[str, str] = {}
        asked: list[str] = []
        unfit: list[BadInput] = []
        for request, response in pairs:
            try:
                text, record = packed(request, response)
            except BadInput as error:
                unfit.append(error)
            else:
                asked.append(record.key)
                new.setdefault(record.key, record)
                lines.setdefault(record.key, text)
        with self._writing("store an answer"):
            earlier, damaged = self._read(self._insert(lines))
        if unfit or damaged:
            raise unfit[0] if unfit else self._refusal(damaged)
        return [(earlier.get(key) or new[key]).response for key in asked]

    def keys(self) -> list[str]:
        """The keys of all answers, sorted. Rows whose key is not text are not ours and not listed."""
        select = "SELECT key FROM Cache WHERE raw = 1 AND typeof(key) = 'text' ORDER BY key"
        with _one_line(self.folder, "list its answers"), self._reader() as database:
            return [key for (key,) in database.execute(select)]

    def export(self, path: Path, keys: Iterable[str] | None = None) -> int:
        """Write all answers, or those with the given keys, as sorted JSON lines; returns how many were written.

        Damaged rows are left out and then raise BadInput, after the others were saved; a file that exists and may
        hold what was damaged is not replaced then.
        """
        entries = self.entries() if keys is None else self._entries(keys)
        lines, damaged = {}, []
        for entry in entries:
            if entry.record is None or entry.problem:
                damaged.append(entry)
            else:
                lines[entry.record.key] = line(entry.record.request, entry.record.response)
        if damaged and path.exists():
            problem = f"left as it was, since {len(damaged)} rows are damaged; name a new file to save the others"
            raise BadInput(str(path), f"{problem}; the first: {damaged[0].place}: {damaged[0].problem}")
        write_text(path, joined(lines))
        if damaged:
            problem = f"{len(lines)} answers were saved; {len(damaged)} damaged rows are left out; import the file into"
            raise BadInput(str(path), f"{problem} a new cache; the first: {damaged[0].place}: {damaged[0].problem}")
        return len(lines)

    def import_(self, path: Path) -> tuple[int, int]:
        """Add the answers of a JSON-lines file; returns (added, already there). One bad line: nothing is added."""
        lines = {key: line(*answer) for key, answer in read_answers(path).items()}
        with self._writing("store the answers"):
            held = len(self._insert(lines))
        return len(lines) - held, held

    def move(self, path: Path, chosen: Callable[[Request, Response], bool]) -> tuple[int, int]:
        """Move the chosen answers into a new JSON-lines file; returns (moved, damaged rows, which all stay).

        The file is whole and on the disk before the first row goes; where nothing is chosen there is none. A file that
        exists is BadInput.
        """
        if path.exists():
            raise BadInput(str(path), "exists; name a new file")
        lines, damaged = {}, 0
        for entry in self.entries():
            if entry.record is None or entry.problem:
                damaged += 1
            elif chosen(entry.record.request, entry.record.response):
                lines[entry.record.key] = line(entry.record.request, entry.record.response)
        if lines:
            write_new(path, joined(lines))
            with self._writing(f"remove the answers that {path} holds now"):
                for key in lines:
                    self._rows.delete(key)
        return len(lines), damaged

    def entries(self) -> Iterator[Entry]:
        """Every row, in the order of storing, damaged and foreign ones with their problem."""
        with _one_line(self.folder, "read its answers"), self._reader() as database:
            yield from (_entry(*row) for row in database.execute(f"{SELECT} ORDER BY rowid"))

    def size(self) -> int:
        """The bytes that the answers take on the disk."""
        found = 0
        for path in _files(self.folder):
            with suppress(FileNotFoundError):
                found += path.stat().st_size
        return found

    def verify(self) -> list[str]:
        """What is wrong with the stored answers, one line a row; empty when all is well."""
        problems = []
        try:
            with self._reader() as database:
                told = [text for (text,) in database.execute("PRAGMA quick_check")]
                problems += [f"{DATABASE}: {text}" for text in told if text != "ok"]
                for row in database.execute(f"{SELECT} ORDER BY rowid"):
                    entry = _entry(*row)
                    problems += [f"{entry.place}: {entry.problem}"] if entry.problem else []
        except sqlite3.Error as error:
            problems.append(f"{DATABASE}: {error}")
        return problems

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        uri = f"{(self.folder / DATABASE).as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            # What is not UTF-8 becomes lone surrogates, which no JSON reader of ours takes.
            database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            yield database

    def _entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return
        with _one_line(self.folder, "read its answers"), self._reader() as database:
            for start in range(0, len(wanted), CHUNK):
                chunk = wanted[start : start + CHUNK]
                select = f"{SELECT} WHERE raw = 1 AND key IN ({','.join('?' * len(chunk))})"
                yield from (_entry(*row) for row in database.execute(select, chunk))

    def _read(self, keys: Iterable[str]) -> tuple[dict[str, Record], list[Entry]]:
        """The records under these keys, and the damaged rows among them."""
        entries = list(self._entries(keys))
        records = (entry.record for entry in entries if not entry.problem)
        return {record.key: record for record in records if record}, [entry for entry in entries if entry.problem]

    def _refusal(self, damaged: Sequence[Entry]) -> BadInput:
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        problem = f"{damaged[0].place}{more}: {damaged[0].problem}; `tierfloor cache verify` lists every such row"
        return BadInput(str(self.folder), problem)

    def _insert(self, lines: Mapping[str, str]) -> list[str]:
        """The one way in: add what is new, and return the keys that were there already."""
        return [key for key, text in lines.items() if not self._rows.add(key, text)]

    @contextmanager
    def _writing(self, doing: str) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        with _one_line(self.folder, doing, "free some space and run again: what is stored is safe"):
            try:
                with self._rows.transact():
                    yield
            except BaseException:
                # A failed COMMIT can leave the connection inside its transaction; closing it rolls back.
                self._rows.close()
                raise


def default_folder() -> Path:
    """Where answers are kept: $TIERFLOOR_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("TIERFLOOR_CACHE"):
        return Path(chosen)
    import platformdirs

    return platformdirs.user_cache_path("tierfloor") / "answers"


def _claim(folder: Path) -> None:
    """Make `folder` ours alone, refusing one that holds other things."""
    if os.path.expandvars(Path(folder).expanduser()) != str(folder):
        raise BadInput(str(folder), "diskcache would expand `~` and `$`; choose a folder name without them")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Another process may be making the same cache at this moment.
        foreign = [path for path in folder.iterdir() if not path.name.startswith((DATABASE, JUDGEMENTS))]
        if foreign and not (folder / DATABASE).exists():
            raise BadInput(str(folder), "holds other files; choose an empty folder (TIERFLOOR_CACHE)")
        folder.chmod(0o700)
        # SQLite gives its other files the permissions of the database.
        (folder / DATABASE).touch(mode=0o600)
        for path in _files(folder):
            with suppress(FileNotFoundError):  # another process has just finished
                path.chmod(0o600)
    except OSError as error:
        problem = f"cannot be the answer cache: {error.strerror}; choose another folder (TIERFLOOR_CACHE)"
        raise BadInput(str(folder), problem) from error


def _check_settings(folder: Path, known: set[str]) -> None:
    """diskcache makes every stored setting an attribute, a pragma or an argument: refuse those that it has not written."""
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        try:
            named = {name for (name,) in database.execute("SELECT key FROM Settings")}
        except sqlite3.OperationalError:  # a new database, or none
            return
    if not named <= known:
        raise BadInput(str(folder), f"the database has settings that are not ours ({min(map(repr, named - known))})")


@contextmanager
def _one_line(folder: Path, doing: str, remedy: str = "`tierfloor cache verify` says more") -> Iterator[None]:
    """Turn what the database and the disk raise into one line."""
    import diskcache

    try:
        yield
    except (sqlite3.Error, OSError, diskcache.Timeout) as error:
        # After a full disk diskcache's own ROLLBACK fails too: the first error is the one to tell.
        first = error.__context__ if isinstance(error.__context__, sqlite3.Error) else error
        if "locked" in str(first):
            remedy = "run again when the process that holds it is done"
        raise BadInput(str(folder), f"cannot {doing}: {first}; {remedy}") from error


def _files(folder: Path) -> list[Path]:
    return list(folder.glob(f"{DATABASE}*"))


def _entry(
    rowid: int, key: object, raw: int, mode: int, filename: str | None, expires: float | None, value: object
) -> Entry:
    """A row of the database, judged."""
    place = f"row {rowid} ({key!r:.70})"
    try:
        name = _text_key(key, raw)
        if expires is not None:
            return Entry(place=place, key=key, problem="would expire: not one of our rows")
        return Entry(place=place, key=key, record=parse(_text_value(mode, filename, value), name))
    except OtherVersion as error:
        return Entry(place=place, key=key, record=error.record, problem=str(error))
    except ValueError as error:
        return Entry(place=place, key=key, problem=str(error))


def _text_key(key: object, raw: int) -> str:
    if not raw or not isinstance(key, str):
        raise ValueError("the row's key is not text (a pickle?): not one of our rows")
    return key


def _text_value(mode: int, filename: str | None, value: object) -> str:
    if mode != MODE_RAW or filename is not None or not isinstance(value, str):
        raise ValueError("the value is not JSON text in the row (a pickle or a file?): not one of our rows")
    return value


def _text_disk() -> type:
    """diskcache's storage, narrowed to text in rows: what would pickle, unpickle or touch a file refuses instead.

    CVE-2025-69872 is about unpickling; diskcache's JSONDisk still unpickles rows that say they are pickles, and joins
    a row's file name to the folder unchecked.
    """
    import diskcache

    class TextDisk(diskcache.Disk):  # type: ignore[misc]
        def put(self, key: object) -> tuple[str, bool]:
            return _text_key(key, raw=1), True

        def get(self, key: object, raw: int) -> str:
            return _text_key(key, raw)

        def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, str]:  # noqa: ARG002
            return 0, MODE_RAW, None, _text_value(MODE_RAW, None, value)

        def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> str:  # noqa: ARG002
            return _text_value(mode, filename, value)

        def remove(self, file_path: str) -> None:
            """Nothing: no row of ours has a file, so whatever `file_path` names is somebody else's."""

    return TextDisk
