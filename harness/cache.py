"""Answers are kept for ever: a request that was answered once is never asked, or paid for, again.

The folder is a diskcache whose rows hold one kind of thing: the canonical JSON line that `export` would write. Nothing
is pickled and no row names a file, so a row that says otherwise is not ours and is refused before it is read. Answers
travel between machines as those JSON lines; importing them takes no trust, opening a stranger's folder does.
"""

from __future__ import annotations

import functools
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .errors import BadInput
from .records import line as json_line
from .records import write_text
from .values import Request, Response, canonical

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Cache", "answers_text", "default_folder", "read_answers", "write_answers"]

# diskcache's own defaults quietly drop the oldest rows beyond 1 GiB.
KEEP_ALL = {"eviction_policy": "none", "cull_limit": 0, "size_limit": 2**40, "sqlite_synchronous": 2}
DATABASE = "cache.db"
MODE_RAW = 1  # diskcache.core: the value is the row's own, neither a file's nor a pickle


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored answer, as a line of an answers file and as a row of the cache."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    key: str
    request: Request
    response: Response


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
            rows = diskcache.Cache(folder, disk=_text_disk(), **KEEP_ALL)
        kept = {name: rows.reset(name) for name in KEEP_ALL}
        if kept != KEEP_ALL:
            rows.close()
            raise BadInput(str(folder), f"the cache would drop answers ({kept}); delete the folder and import again")
        return cls(folder, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def __len__(self) -> int:
        with _one_line(self.folder, "count its answers"):
            return len(self._rows)

    def get(self, key: str) -> Response | None:
        """The answer to the request with this key, or None."""
        record = self._record(key)
        return record.response if record else None

    def add(self, request: Request, response: Response) -> Response:
        """Keep an answer for ever. Returns the one that is kept: the first, if the request already has one."""
        key, line = request.key, _line(request, response)
        try:
            stored = _parse(line, key).response
        except ValueError as error:
            raise _unfit(request, error) from error
        with self._writing():
            if self._rows.add(key, line):
                return stored
        return self.get(key) or stored

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
        answers, damaged = [], []
        for key in self.keys() if keys is None else keys:
            try:
                record = self._record(key)
            except BadInput as error:
                damaged.append(error)
            else:
                answers += [(record.request, record.response)] if record else []
        if damaged and path.exists():
            problem = f"left as it was, since {len(damaged)} rows are damaged; name a new file to save the others"
            raise BadInput(str(path), f"{problem}; the first: {damaged[0]}")
        write_answers(path, answers)
        if damaged:
            problem = f"{len(answers)} answers were saved; {len(damaged)} damaged rows are left out"
            raise BadInput(str(path), f"{problem}; import the file into a new cache; the first: {damaged[0]}")
        return len(answers)

    def import_(self, path: Path) -> tuple[int, int]:
        """Add the answers of a JSON-lines file; returns (added, already there). One bad line: nothing is added."""
        answers = read_answers(path)
        with self._writing(), self._rows.transact():
            added = sum(self._rows.add(key, _line(*answer)) for key, answer in answers.items())
        return added, len(answers) - added

    def verify(self) -> list[str]:
        """What is wrong with the stored answers, one line a row; empty when all is well."""
        select = "SELECT rowid, key, raw, mode, filename, expire_time, value FROM Cache ORDER BY rowid"
        problems = []
        try:
            with self._reader() as database:
                told = [text for (text,) in database.execute("PRAGMA quick_check")]
                problems += [f"{DATABASE}: {text}" for text in told if text != "ok"]
                for rowid, *row in database.execute(select):
                    if problem := _row_problem(*row):
                        problems.append(f"row {rowid} ({row[0]!r:.70}): {problem}")
        except sqlite3.Error as error:
            problems.append(f"{DATABASE}: {error}")
        return problems

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        uri = f"{(self.folder / DATABASE).as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            yield database

    def _record(self, key: str) -> Record | None:
        with _one_line(self.folder, f"read row {key}"):
            try:
                line = self._rows.get(key)
                return None if line is None else _parse(line, key)
            except ValueError as error:
                problem = f"row {key}: {error}; `tierfloor cache verify` lists every such row"
                raise BadInput(str(self.folder), problem) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _one_line(self.folder, "store an answer", "free some space and run again: what is stored is safe"):
            try:
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


def read_answers(path: Path) -> dict[str, tuple[Request, Response]]:
    """The answers of a JSON-lines file by key, every line validated. Raises BadInput naming file and line."""
    answers: dict[str, tuple[Request, Response]] = {}
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = _parse(line)
                    if record.key in answers:
                        raise ValueError(f"key {record.key}: a second line with this key")  # noqa: TRY301
                except ValueError as error:
                    problem = f"{error}; mend or remove the line, or export the answers again"
                    raise BadInput(f"{path}:{number}", problem) from error
                answers[record.key] = record.request, record.response
    except OSError as error:
        raise BadInput(str(path), f"cannot read the answers: {error.strerror}") from error
    return answers


def answers_text(answers: Iterable[tuple[Request, Response]]) -> str:
    """Answers as JSON lines sorted by key: the same answers give the same text."""
    lines = {request.key: _line(request, response) for request, response in answers}
    return "".join(f"{lines[key]}\n" for key in sorted(lines))


def write_answers(path: Path, answers: Iterable[tuple[Request, Response]]) -> None:
    """Write `answers_text` to a file, all of it or none."""
    write_text(path, answers_text(answers))


def _line(request: Request, response: Response) -> str:
    """The canonical JSON line of an answer. Lone surrogates, which UTF-8 cannot hold, become question marks."""
    try:
        text = json_line(Record(key=request.key, request=request, response=response))
    except (TypeError, ValueError) as error:
        raise _unfit(request, error) from error
    return text.encode("utf-8", "replace").decode()


def _unfit(request: Request, error: Exception) -> BadInput:
    problem = f"the answer to request {request.key} cannot be kept: {error}; this is a fault of the provider's adapter"
    return BadInput(request.provider, problem)


def _parse(line: str | bytes, key: str | None = None) -> Record:
    """The record of a line, stored under `key` if given. ValueError says in one line what is wrong with it."""
    from pydantic import ValidationError

    try:
        record = _adapter().validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        told = {"unexpected_keyword_argument": "unknown key", "missing": "missing"}.get(first["type"], first["msg"])
        raise ValueError(f"{place}: {told}" if place else told) from error
    if not (record.key == record.request.key == (key or record.key)):
        raise ValueError(f"key {record.key}: not the key of its request, which is {record.request.key}")
    canonical(record.response.raw)  # JSON readers take NaN, and 1e999 for infinity; neither can be written again
    return record


@functools.cache
def _adapter() -> TypeAdapter[Record]:
    from pydantic import TypeAdapter

    return TypeAdapter(Record)


def _claim(folder: Path) -> None:
    """Make `folder` ours alone, refusing one that holds other things."""
    if os.path.expandvars(Path(folder).expanduser()) != str(folder):
        raise BadInput(str(folder), "diskcache would expand `~` and `$`; choose a folder name without them")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / DATABASE).exists() and any(folder.iterdir()):
            raise BadInput(str(folder), "holds other files; choose an empty folder (TIERFLOOR_CACHE)")
        folder.chmod(0o700)
    except OSError as error:
        problem = f"cannot be the answer cache: {error.strerror}; choose another folder (TIERFLOOR_CACHE)"
        raise BadInput(str(folder), problem) from error


@contextmanager
def _one_line(folder: Path, doing: str, remedy: str = "`tierfloor cache verify` says more") -> Iterator[None]:
    """Turn what the database and the disk raise into one line."""
    import diskcache

    try:
        yield
    except (sqlite3.Error, OSError, diskcache.Timeout) as error:
        # After a full disk diskcache's own ROLLBACK fails too: the first error is the one to tell.
        first = error.__context__ if isinstance(error.__context__, sqlite3.Error) else error
        raise BadInput(str(folder), f"cannot {doing}: {str(first) or 'another process holds it'}; {remedy}") from error


def _row_problem(key: object, raw: int, mode: int, filename: str | None, expires: float | None, value: object) -> str:
    """What is wrong with a row of the database, or nothing."""
    try:
        name = _text_key(key, raw)
        if expires is not None:
            return "would expire: not one of our rows"
        _parse(_text_value(mode, filename, value), name)
    except ValueError as error:
        return str(error)
    return ""


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
