"""An answer passes if every field is right by its declared type and nothing is omitted, invented or added."""

from __future__ import annotations

import json
from typing import Any

from harness.checkers.answers import Unreadable, read_json_object
from harness.checkers.fields import compare
from harness.errors import CheckerError
from harness.values import Sample, Score

__all__ = ["check"]

DETAILS = 200


def schema() -> dict[str, Any]:
    """The schema of suite.toml with the metric of each leaf."""
    line = {"sku": {"x-metric": "id"}, "quantity": {"x-metric": "int"}, "unit_price": {"x-metric": "money"}}
    return {
        "properties": {
            "invoice_number": {"x-metric": "id"},
            "issue_date": {"x-metric": "date"},
            "due_date": {"x-metric": "date"},
            "currency": {"x-metric": "enum"},
            "buyer": {"properties": {"name": {"x-metric": "name"}, "vat_id": {"x-metric": "id"}}},
            "po_number": {"x-metric": "id"},
            "lines": {"x-align": "sku", "items": {"properties": line}},
            "total": {"x-metric": "money"},
            "iban": {"x-metric": "id"},
        }
    }


def check(sample: Sample, answer: str) -> Score:
    """Field F1, 1 only for a pass; `why` is "unparsable" or the kind of the gravest finding."""
    try:
        gold = json.loads(sample.target)
    except ValueError as error:
        raise CheckerError(sample.id, f"target is not JSON ({error}); make the data again") from None
    try:
        found = read_json_object(answer)
    except Unreadable as error:
        return Score(value=0.0, why="unparsable", details=str(error)[:DETAILS])
    comparison = compare(gold, found, schema())
    worst = comparison.worst
    if worst is None:
        return Score(value=1.0)
    return Score(value=comparison.f1, why=worst.kind, details=str(worst)[:DETAILS])
