"""Typed comparison of nested fields: the schema names how each leaf is compared, so the schema is the scoring rule.

A leaf carries `x-metric`, an array of objects `x-align`, the key that pairs its rows. Values are normalised by their
declared type and in no other way:

    id      NFKC, white space and case ignored, punctuation kept
    name    NFKC, runs of white space count as one, case and a final full stop ignored
    enum    white space around it and case ignored
    date    YYYY-MM-DD and a day that exists
    money   a JSON number or a plain decimal string, equal to the last digit
    int     a JSON number without a fraction; true is not 1
    bool    true or false

null and an absent key are the same. Any other value where gold has null, "N/A" and "" too, is invented.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from ..errors import CheckerError

__all__ = ["Comparison", "Finding", "Kind", "compare"]

# From the worst to the least bad.
Kind = Literal["wrong_shape", "unknown_key", "invented", "omitted", "extra_row", "wrong_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as in gold; `path` names rows by their aligning value."""

    kind: Kind
    path: str
    expected: object = None
    found: object = None

    def __str__(self) -> str:
        return f"{self.kind} {self.path}: expected {_shown(self.expected)}, found {_shown(self.found)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What an answer got right and wrong, in leaves: `right`, `missing` from it, `spurious` in it."""

    findings: tuple[Finding, ...]
    right: int
    missing: int
    spurious: int

    @property
    def worst(self) -> Finding | None:
        """The gravest finding, the first of its kind in the order of the schema; None if there is none."""
        return min(self.findings, key=lambda finding: get_args(Kind).index(finding.kind), default=None)

    @property
    def f1(self) -> float:
        """2TP / (2TP + FP + FN) over leaves that hold a value; 1 exactly when nothing was found."""
        if not self.findings:
            return 1.0
        return 2 * self.right / (2 * self.right + self.missing + self.spurious)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """The verdict on one leaf, row or key: a finding or none, and what it adds to the three counts."""

    finding: Finding | None = None
    right: int = 0
    missing: int = 0
    spurious: int = 0


def compare(gold: Mapping[str, Any], answer: Mapping[str, Any], schema: Mapping[str, Any]) -> Comparison:
    """Compare two JSON objects by `schema`. Raises CheckerError where schema or gold is not as described above."""
    marks = tuple(_object("", schema, gold, answer))
    return Comparison(
        findings=tuple(mark.finding for mark in marks if mark.finding is not None),
        right=sum(mark.right for mark in marks),
        missing=sum(mark.missing for mark in marks),
        spurious=sum(mark.spurious for mark in marks),
    )


def _object(
    path: str, schema: Mapping[str, Any], gold: Mapping[str, Any], answer: Mapping[str, Any]
) -> Iterator[_Mark]:
    properties: Mapping[str, Any] = schema["properties"]
    _known(path, gold, properties)
    for key, node in properties.items():
        yield from _node(f"{path}.{key}".lstrip("."), node, gold.get(key), answer.get(key))
    for key in answer:
        if key not in properties:
            finding = Finding(kind="unknown_key", path=f"{path}.{key}".lstrip("."), found=answer[key])
            yield _Mark(finding=finding, spurious=1)


def _node(path: str, schema: Mapping[str, Any], gold: Any, answer: Any) -> Iterator[_Mark]:
    if "properties" in schema:
        if isinstance(answer, Mapping) or answer is None:
            yield from _object(path, schema, gold or {}, answer or {})
        else:
            yield _misshapen(path, gold, answer)
    elif "x-align" in schema:
        if isinstance(answer, list) or answer is None:
            yield from _rows(path, schema, gold or [], answer or [])
        else:
            yield _misshapen(path, gold, answer)
    else:
        yield _leaf(path, _metric(path, schema), gold, answer)


def _leaf(path: str, metric: Callable[[Any], object], gold: Any, answer: Any) -> _Mark:
    if isinstance(answer, Mapping | list):
        return _misshapen(path, gold, answer)
    if gold is None:
        if answer is None:
            return _Mark()
        return _Mark(finding=Finding(kind="invented", path=path, found=answer), spurious=1)
    right = metric(gold)
    if right is None:
        raise CheckerError(path, f"gold value {gold!r} is not of its declared type; mend the generator")
    if answer is None:
        return _Mark(finding=Finding(kind="omitted", path=path, expected=gold), missing=1)
    if metric(answer) == right:
        return _Mark(right=1)
    finding = Finding(kind="wrong_value", path=path, expected=gold, found=answer)
    return _Mark(finding=finding, missing=1, spurious=1)


def _rows(path: str, schema: Mapping[str, Any], gold: Sequence[Any], answer: Sequence[Any]) -> Iterator[_Mark]:
    """Pair rows by their aligning value, whatever their order; of equal values the most similar rows are paired."""
    item: Mapping[str, Any] = schema["items"]
    key: str = schema["x-align"]
    normal = _metric(f"{path}.{key}", item["properties"][key])
    waiting = [row for row in answer if isinstance(row, Mapping)]
    for row in answer:
        if not isinstance(row, Mapping):
            yield _misshapen(f"{path}[]", None, row)
    for expected in gold:
        place = f"{path}[{expected[key]}]"
        same = [at for at, row in enumerate(waiting) if _equal(normal, row.get(key), expected[key])]
        if not same:
            finding = Finding(kind="omitted", path=place, expected=expected)
            yield _Mark(finding=finding, missing=_size(expected))
            continue
        alike = [sum(mark.right for mark in _object(place, item, expected, waiting[at])) for at in same]
        yield from _object(place, item, expected, waiting.pop(same[alike.index(max(alike))]))
    for row in waiting:
        finding = Finding(kind="extra_row", path=f"{path}[{_shown(row.get(key))}]", found=row)
        yield _Mark(finding=finding, spurious=max(1, sum(value is not None for value in row.values())))


def _misshapen(path: str, gold: Any, answer: Any) -> _Mark:
    finding = Finding(kind="wrong_shape", path=path, expected=gold, found=answer)
    return _Mark(finding=finding, missing=_size(gold), spurious=1)


def _shown(value: object) -> str:
    """A scalar as it is, shortened; of anything nested, which a stranger may have nested very deeply, only the type."""
    return type(value).__name__ if isinstance(value, Mapping | list) else f"{value!r:.40}"


def _size(value: Any) -> int:
    """The number of leaves of a gold value that hold something."""
    if isinstance(value, Mapping):
        return sum(_size(part) for part in value.values())
    if isinstance(value, list):
        return sum(_size(part) for part in value)
    return int(value is not None)


def _equal(normal: Callable[[Any], object], answer: Any, gold: Any) -> bool:
    found = normal(answer)
    return found is not None and found == normal(gold)


def _known(path: str, gold: Mapping[str, Any], properties: Iterable[str]) -> None:
    strange = sorted(set(gold) - set(properties))
    if strange:
        raise CheckerError(path or "target", f"gold has keys the schema lacks: {', '.join(strange)}")


def _metric(path: str, schema: Mapping[str, Any]) -> Callable[[Any], object]:
    """The function that brings a value to the form in which it is compared, or to None if it is not of that type."""
    metrics: Mapping[str, Callable[[Any], object]] = {
        "id": _id,
        "name": _name,
        "enum": _enum,
        "date": _date,
        "money": _money,
        "int": _int,
        "bool": _bool,
    }
    metric = str(schema.get("x-metric"))
    if metric not in metrics:
        raise CheckerError(path, f"no metric {metric!r} for x-metric; known: {', '.join(metrics)}")
    return metrics[metric]


def _id(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(unicodedata.normalize("NFKC", value).split()).casefold()


def _name(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return " ".join(unicodedata.normalize("NFKC", value).split()).removesuffix(".").casefold()


def _enum(value: Any) -> str | None:
    return value.strip().casefold() if isinstance(value, str) else None


def _date(value: Any) -> date | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        return None


def _money(value: Any) -> Decimal | None:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value.strip()):
        return Decimal(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        # str() gives the shortest decimal that is this float: 37.1 is 37.1, not 37.10000000000000142.
        return Decimal(str(value))
    return None


def _int(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _bool(value: Any) -> tuple[bool] | None:
    """In a tuple, so that no bool is ever compared with a number."""
    return (value,) if isinstance(value, bool) else None
