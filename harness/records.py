"""The border: files in and out. Bytes are validated here, once, against the values; files are replaced whole."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["line", "plain", "read_lines", "read_toml", "read_value", "write_bytes", "write_lines", "write_text"]

T = TypeVar("T")


def plain(value: object) -> Any:
    """`value` as JSON types: dataclasses become objects, tuples lists, Decimals strings."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Decimal):
        return _shape(value)
    shape = _shape(value)
    if isinstance(shape, dict):
        return {key: plain(item) for key, item in shape.items()}
    return [plain(item) for item in shape]


def line(value: object) -> str:
    """One record as a line of canonical JSON, without its newline."""
    return json.dumps(value, default=_shape, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_lines(path: Path, kind: type[T]) -> list[T]:
    """The records of a JSON-lines file, validated as `kind`.

    Raises BadInput naming file and line for anything but UTF-8 lines of exactly that shape; unknown keys are errors.
    """
    from pydantic import ValidationError

    validate = _adapter(kind).validate_json
    found = []
    for number, text in enumerate(_read(path).split("\n"), start=1):
        if not text:
            continue
        try:
            found.append(validate(text))
        except ValidationError as error:
            raise BadInput(f"{path}:{number}", _first(error, kind)) from None
    return found


def read_toml(path: Path, kind: type[T]) -> T:
    """A TOML file validated as `kind`; raises BadInput naming file, line or key, and what to do."""
    from pydantic import ValidationError

    try:
        table = tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(str(path), f"not valid TOML: {error}") from None
    try:
        value: T = _adapter(kind).validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise BadInput(str(path), _first(error, kind)) from None
    return value


def read_value(place: str, data: object, kind: type[T]) -> T:
    """Parsed JSON validated as `kind`; raises BadInput naming the place and the key."""
    from pydantic import ValidationError

    try:
        value: T = _adapter(kind).validate_json(json.dumps(data))
    except ValidationError as error:
        raise BadInput(place, _first(error, kind)) from None
    return value


def write_text(path: Path, text: str) -> bool:
    """`write_bytes` of a text in UTF-8."""
    return write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> bool:
    """Replace a file as a whole, or leave it untouched when it says the same. True if it changed.

    Raises BadInput when the disk is full or the folder cannot be written; the old file then still stands.
    """
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        hint = "free some space" if error.errno == errno.ENOSPC else "check the folder and its permissions"
        raise BadInput(str(path), f"cannot write: {error.strerror}; {hint}") from None
    return True


def write_lines(path: Path, records: Iterable[object], *, order: Callable[[Any], Any]) -> bool:
    """Write records as sorted JSON lines, replacing the file as a whole. True if it changed."""
    return write_text(path, "".join(f"{line(record)}\n" for record in sorted(records, key=order)))


def _shape(value: object) -> Any:
    """One value that JSON has no type for, as one that it has, its parts as they are."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, Iterable):
        return list(value)
    msg = f"no JSON form for {type(value).__name__}"
    raise TypeError(msg)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(str(path), "no such file") from None
    except UnicodeDecodeError as error:
        raise BadInput(str(path), f"not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot read: {error.strerror}") from None


def _adapter(kind: type[T]) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _first(error: ValidationError, kind: type) -> str:
    """The first thing wrong, unknown keys before missing ones, since a misspelt key is both."""
    found = error.errors(include_url=False, include_context=False)
    first = next((each for each in found if each["type"] == "unexpected_keyword_argument"), found[0])
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "unexpected_keyword_argument":
        known = [each.name for each in fields(kind)] if is_dataclass(kind) and len(first["loc"]) == 1 else []
        return f"{where}: unknown key" + (f" ({did_you_mean(where, known)})" if known else "")
    if first["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{where}: missing"
    value = repr(first["input"])
    return f"{where}: {first['msg'].lower()}: {value if len(value) <= 60 else value[:57] + '...'}".lstrip(": ")
