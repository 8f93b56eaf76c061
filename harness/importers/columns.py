"""The columns of recorded outcomes: what they are called, how their values are read, which rows are wanted."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from ..errors import BadInput, did_you_mean
from .reading import Recording

__all__ = ["COLUMNS", "Columns", "chosen", "parsed", "theirs", "unused"]

T = TypeVar("T")

COLUMNS: Final = (
    *("source", "run", "category", "item_id", "template", "level"),
    *("provider", "model", "tier", "tier_rank"),
    *("correct", "score", "input_tokens", "output_tokens", "latency_s", "cost_usd", "error"),
)
"""What a recording may say, in our words. `item_id`, `tier` or `model`, and `correct` or `score` are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The values of a recording by row. A column that is not there holds None throughout."""

    source: list[str | None]
    run: list[str | None]
    category: list[str | None]
    item: list[str]
    template: list[str | None]
    level: list[int | None]
    provider: list[str | None]
    model: list[str | None]
    tier: list[str]
    rank: list[float | None]
    correct: list[bool | None]
    score: list[float | None]
    input_tokens: list[int | None]
    output_tokens: list[int | None]
    latency_ms: list[int | None]
    cost: list[Decimal | None]
    error: list[str | None]


def theirs(columns: Mapping[str, str]) -> dict[str, str]:
    """What each of our columns is called in the file; raises BadInput for a word that is none of ours."""
    for ours in columns:
        if ours not in COLUMNS:
            raise BadInput("--column", f"{ours!r} is no column of ours; {did_you_mean(ours, COLUMNS)}")
    return {ours: columns.get(ours, ours) for ours in COLUMNS}


def chosen(recording: Recording, columns: Mapping[str, str], where: Mapping[str, str]) -> Recording:
    """The wanted rows, under our names; raises BadInput for a missing column and where no row is left."""
    for ours, name in columns.items():
        if name not in recording.names:
            raise BadInput(recording.place, f"no column {name!r} for {ours}; {did_you_mean(name, recording.names)}")
    names = {ours: name for ours, name in theirs(columns).items() if name in recording.columns}
    for needed in (("item_id",), ("tier", "model"), ("correct", "score")):
        if not any(each in names for each in needed):
            what = " or ".join(repr(each) for each in needed)
            near = did_you_mean(needed[0], recording.names)
            problem = f"no column {what} ({near}); map one with --column {needed[0]}=THEIRS"
            raise BadInput(recording.place, problem)
    for name, value in where.items():
        recording = _where(recording, names.get(name, name), value)
    return replace(recording, columns={ours: recording.columns[name] for ours, name in names.items()})


def unused(recording: Recording, columns: Mapping[str, str], where: Mapping[str, str]) -> list[str]:
    """The file's columns that nothing is read from, each with the column of ours that it may be meant for."""
    names = theirs(columns)
    free = [ours for ours, name in names.items() if name not in recording.names]
    found = []
    for name in recording.names:
        if name in names.values() or name in where:
            continue
        near = difflib.get_close_matches(name, free, n=1, cutoff=0.8)
        found.append(f"{name} (--column {near[0]}={name}?)" if near else name or "(unnamed)")
    return found


def parsed(recording: Recording) -> Columns:
    """The values of a recording under our names; raises BadInput with file and row for the first wrong one."""

    def column(name: str, parse: Callable[[Any], T], *, needed: bool = False) -> list[Any]:
        if name not in recording.columns:
            return [None] * len(recording.lines)
        values = recording.values(name, lambda value: None if _is_missing(value) else parse(value))
        if needed and None in values:
            raise BadInput(recording.at(values.index(None)), f"{name}: missing; every row needs one")
        return values

    return Columns(
        source=column("source", _text),
        run=column("run", _text),
        category=column("category", _text, needed=True),
        item=column("item_id", _text, needed=True),
        template=column("template", _text),
        level=column("level", _level),
        provider=column("provider", _text),
        model=column("model", _text, needed="tier" not in recording.columns),
        tier=column("tier" if "tier" in recording.columns else "model", _text, needed=True),
        rank=column("tier_rank", _number),
        correct=column("correct", _correct),
        score=column("score", _score),
        input_tokens=column("input_tokens", _tokens),
        output_tokens=column("output_tokens", _tokens),
        latency_ms=column("latency_s", _milliseconds),
        cost=column("cost_usd", _cost),
        error=column("error", _text),
    )


def _where(recording: Recording, name: str, value: str) -> Recording:
    if name not in recording.columns:
        raise BadInput("--where", f"{recording.place} has no column {name!r}; {did_you_mean(name, recording.names)}")
    texts = recording.values(name, lambda each: "" if _is_missing(each) else _text(each))
    rows = [row for row, text in enumerate(texts) if text == value]
    if not rows:
        raise BadInput("--where", f"no row is left with {name} = {value!r}; {did_you_mean(value, set(texts))}")
    return recording.only(rows)


def _is_missing(value: object) -> bool:
    """Empty, null and NaN all say that nothing was recorded."""
    if isinstance(value, str):
        return not value.strip() or value.strip().lower() == "nan"
    return value is None or value != value  # noqa: PLR0124 - NaN alone differs from itself


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        # Parquet keeps whole numbers beside missing ones as floats.
        value = int(value)
    try:
        text = (value.decode() if isinstance(value, bytes) else str(value)).strip()
        text.encode()
    except UnicodeError:
        msg = "not text that UTF-8 can hold"
        raise ValueError(msg) from None
    return text


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float | Decimal) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        msg = "not a number"
        raise ValueError(msg)
    return number


def _amount(value: object) -> float:
    number = _number(value)
    if number < 0:
        msg = "below 0"
        raise ValueError(msg)
    return number


def _milliseconds(value: object) -> int:
    return round(_number(1000 * _amount(value)))


def _score(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        msg = "a score lies between 0 and 1"
        raise ValueError(msg)
    return number


def _correct(value: object) -> bool:
    found = {"true": True, "false": False, "1": True, "0": False}.get(_text(value).lower())
    if found is None:
        found = {1.0: True, 0.0: False}.get(_number(value))
    if found is None:
        msg = "use 0 and 1, or false and true; grades between them belong to score"
        raise ValueError(msg)
    return found


def _tokens(value: object) -> int:
    number = _amount(value)
    if not number.is_integer():
        msg = "not a whole number of tokens"
        raise ValueError(msg)
    return int(number)


def _level(value: object) -> int:
    number = _number(value)
    if number not in {1, 2, 3, 4, 5}:
        msg = "a level is 1, 2, 3, 4 or 5"
        raise ValueError(msg)
    return int(number)


def _cost(value: object) -> Decimal:
    _amount(value)
    try:
        # The shortest text of a binary fraction is what was written.
        return Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except InvalidOperation:
        msg = "not a decimal"
        raise ValueError(msg) from None
