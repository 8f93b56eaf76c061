"""A file of rows, column by column: CSV, JSON lines (both may be gzipped) or Parquet, each row with its place."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ..errors import BadInput, did_you_mean

__all__ = ["Recording", "read"]

_FORMATS = (".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".csv.gz", ".jsonl.gz", ".ndjson.gz", ".json.gz")

PART: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Rows by column. `names` are all the columns of the file, `columns` those that were wanted.

    `lines` are the rows' places: lines of a text file, rows of a Parquet file, both from 1.
    """

    place: str
    sha256: str
    names: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]

    def at(self, row: int) -> str:
        return f"{self.place}:{self.lines[row]}"

    def only(self, rows: Sequence[int]) -> Recording:
        """The recording with some of its rows."""
        return replace(
            self,
            columns={name: [column[row] for row in rows] for name, column in self.columns.items()},
            lines=[self.lines[row] for row in rows],
        )

    def values(self, name: str, parse: Callable[[Any], Any]) -> list[Any]:
        """A column parsed; `parse` sees each distinct value once and raises ValueError for a wrong one."""
        column = self.columns[name]
        try:
            distinct = dict.fromkeys(column)
        except TypeError:
            row = next(row for row, value in enumerate(column) if not isinstance(value, Hashable))
            raise BadInput(self.at(row), f"{name}: one value is needed, not a list or an object") from None
        known: dict[Any, Any] = {}
        for value in distinct:
            try:
                known[value] = parse(value)
            except ValueError as error:
                row = next(row for row, each in enumerate(column) if each is value)
                raise BadInput(self.at(row), f"{name}: {error}: {_short(value)}") from None
        return [known[value] for value in column]


def read(path: Path, wanted: Collection[str]) -> Recording:
    """The rows of a file with the `wanted` ones of its columns; a value that a row lacks is None.

    Raises BadInput naming file and line for anything that is not a table in UTF-8, and for a table without rows.
    """
    kind = "".join(path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:]).lower()
    if kind not in _FORMATS:
        hint = did_you_mean(kind, _FORMATS) if kind else f"known: {', '.join(_FORMATS)}"
        raise BadInput(str(path), f"unknown format {kind!r}; {hint}")
    data = _bytes(path)
    names, columns, lines = _table(kind.removesuffix(".gz"), data, path, wanted)
    if not lines:
        raise BadInput(str(path), "no rows")
    return Recording(
        place=str(path), sha256=hashlib.sha256(data).hexdigest(), names=names, columns=columns, lines=lines
    )


_Table = tuple[tuple[str, ...], dict[str, Sequence[Any]], Sequence[int]]


def _table(kind: str, data: bytes, path: Path, wanted: Collection[str]) -> _Table:
    if kind == ".parquet":
        return _parquet(data, path, wanted)
    text = _text(data, path)
    if kind == ".csv":
        return _csv(text, path, wanted)
    return _json(text, path, sorted(wanted))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(str(path), "no such file") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot read: {error.strerror}") from None


def _text(data: bytes, path: Path) -> str:
    if path.suffix.lower() == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise BadInput(str(path), f"not a whole gzip file: {error}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}:{line}", f"not UTF-8 at byte {error.start}; save it as UTF-8") from None


def _csv(text: str, path: Path, wanted: Collection[str]) -> _Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise BadInput(f"{path}:1", f"two columns are named {name!r}; rename one")
        columns, lines = _by_column(_cells(reader, len(names), path), len(names))
    except csv.Error as error:
        raise BadInput(f"{path}:{reader.line_num}", f"not CSV: {error}") from None
    return tuple(names), {name: column for name, column in zip(names, columns, strict=True) if name in wanted}, lines


def _cells(reader: Any, width: int, path: Path) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1
    for row in reader:
        if row and len(row) != width:
            problem = f"{len(row)} cells under {width} column names; quote cells that hold commas or line ends"
            raise BadInput(f"{path}:{line}", problem)
        if row:
            yield line, row
        line = reader.line_num + 1


def _by_column(rows: Iterable[tuple[int, Sequence[Any]]], width: int) -> tuple[list[list[Any]], list[int]]:
    """Cells by column, and the lines. A part at a time: the garbage collector looks at every row that is still there."""
    columns: list[list[Any]] = [[] for _ in range(width)]
    lines: list[int] = []
    waiting = iter(rows)
    while part := list(islice(waiting, PART)):
        lines += [line for line, _ in part]
        for column, cells in zip(columns, zip(*(row for _, row in part), strict=True), strict=True):
            column.extend(cells)
    return columns, lines


def _json(text: str, path: Path, wanted: Sequence[str]) -> _Table:
    seen: dict[str, None] = {}

    def rows() -> Iterator[tuple[int, list[Any]]]:
        for line, record in _records(text, path):
            if not isinstance(record, dict):
                raise BadInput(f"{path}:{line}", f"a row must be a JSON object, not {_short(record)}")
            if not record.keys() <= seen.keys():
                seen.update(dict.fromkeys(record))
            yield line, [record.get(name) for name in wanted]

    columns, lines = _by_column(rows(), len(wanted))
    return tuple(seen), {name: each for name, each in zip(wanted, columns, strict=True) if name in seen}, lines


def _records(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """The records with their lines; a file that is one JSON list numbers them instead."""
    whole = text.lstrip().startswith("[")
    for line, part in enumerate([text] if whole else text.split("\n"), start=1):
        if not part or part.isspace():
            continue
        try:
            record = json.loads(part)
        except (ValueError, RecursionError) as error:
            place = str(path) if whole else f"{path}:{line}"
            raise BadInput(place, f"not JSON: {error}; write one object a line") from None
        if whole:
            yield from enumerate(record, start=1)
        else:
            yield line, record


def _parquet(data: bytes, path: Path, wanted: Collection[str]) -> _Table:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (ValueError, TypeError, LookupError, OSError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()
        raise BadInput(str(path), f"not Parquet: {reason[0] if reason else type(error).__name__}") from None
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise BadInput(str(path), f"two columns are named {twice!r}; rename one")
    columns: dict[str, Sequence[Any]] = {}
    for name in frame.columns:
        if name in wanted:
            column = frame[name]
            columns[str(name)] = column.astype(object).where(column.notna(), None).tolist()
    return tuple(str(name) for name in frame.columns), columns, range(1, len(frame) + 1)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
