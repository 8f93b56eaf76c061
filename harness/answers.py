"""Answers as JSON lines: the form in which they are stored, recorded under results/ and carried between machines.

A line is canonical JSON and says everything about one answer; reading it takes no trust.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .errors import BadInput
from .records import line as json_line
from .records import write_text
from .values import KEY_VERSION, Request, Response, canonical, digest

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

__all__ = [
    "OtherVersion",
    "Record",
    "answers_text",
    "joined",
    "line",
    "packed",
    "parse",
    "read_answers",
    "write_answers",
    "write_new",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored answer, as a line of an answers file and as a row of the cache."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    key: str
    request: Request
    response: Response


class OtherVersion(ValueError):
    """A sound record that stands under a key of another version."""

    def __init__(self, record: Record, version: int) -> None:
        told = f"stored under a key of version {version}, where this tierfloor makes version {KEY_VERSION}"
        super().__init__(f"{told}; use the release that wrote it, or ask again into a new cache")
        self.record = record


def line(request: Request, response: Response) -> str:
    """The canonical JSON line of an answer. Lone surrogates, which UTF-8 cannot hold, become question marks."""
    try:
        text = json_line(Record(key=request.key, request=request, response=response))
        try:
            text.encode()
        except UnicodeEncodeError:
            text = canonical(json.loads(text.encode("utf-8", "replace")))
    except (TypeError, ValueError, RecursionError) as error:
        raise _unfit(request, error) from error
    return text


def packed(request: Request, response: Response) -> tuple[str, Record]:
    """The line of an answer and what will be read from it. An answer that could not be read again is BadInput."""
    text = line(request, response)
    try:
        return text, parse(text, request.key)
    except ValueError as error:
        raise _unfit(request, error) from error


def parse(text: str | bytes, key: str | None = None) -> Record:
    """The record of a line, stored under `key` if given. ValueError says in one line what is wrong with it."""
    from pydantic import ValidationError
    from pydantic_core import to_json

    try:
        record = _adapter().validate_json(text)
    except ValidationError as error:
        raise ValueError(_told(error)) from error
    made = record.request.key
    if not record.key == made == (key or record.key):
        for version in range(KEY_VERSION + 2):
            if record.key == digest({**record.request.as_dict(), "version": version}) == (key or record.key):
                raise OtherVersion(record, version)
        raise ValueError(f"key {record.key}: not the key of its request, which is {made}")
    # JSON readers take NaN, and 1e999 for infinity; neither can be written again. This writer is the faster one.
    written = to_json(record.response.raw, inf_nan_mode="constants")
    if b"NaN" in written or b"Infinity" in written:
        canonical(record.response.raw)
    return record


def read_answers(path: Path) -> dict[str, tuple[Request, Response]]:
    """The answers of a JSON-lines file by key, every line validated. Raises BadInput naming file and line."""
    answers: dict[str, tuple[Request, Response]] = {}
    try:
        with path.open("rb") as lines:
            for number, text in enumerate(lines, 1):
                try:
                    record = parse(text)
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
    return joined({request.key: line(request, response) for request, response in answers})


def joined(lines: Mapping[str, str]) -> str:
    """Lines by their keys as the text of a file."""
    return "".join(f"{lines[key]}\n" for key in sorted(lines))


def write_answers(path: Path, answers: Iterable[tuple[Request, Response]]) -> None:
    """Write `answers_text` to a file, all of it or none."""
    write_text(path, answers_text(answers))


def write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet, private and through to the disk. Where it has content it is whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BadInput(str(path), f"cannot write: {error.strerror}; name another file") from error


def _unfit(request: Request, error: Exception) -> BadInput:
    problem = f"the answer of {request.model} to {request.prompt[:40]!r} cannot be kept: {error}"
    return BadInput(request.provider, f"{problem}; this is a fault of the provider's adapter")


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    told = {"unexpected_keyword_argument": "unknown key", "missing": "missing"}.get(first["type"], first["msg"])
    if place == "response.attempts":
        told = "from before the first release, when tries were only counted; leave the answer out and ask again"
    return f"{place}: {told}" if place else told


@functools.cache
def _adapter() -> TypeAdapter[Record]:
    from pydantic import TypeAdapter

    return TypeAdapter(Record)
