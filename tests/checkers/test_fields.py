"""Typed field comparison: what counts as equal, what each mistake is called, and what it costs."""

from __future__ import annotations

import copy
import json
import string
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checkers.fields import compare
from harness.errors import CheckerError

SCHEMA = {
    "properties": {
        "number": {"x-metric": "id"},
        "day": {"x-metric": "date"},
        "total": {"x-metric": "money"},
        "currency": {"x-metric": "enum"},
        "paid": {"x-metric": "bool"},
        "buyer": {"properties": {"name": {"x-metric": "name"}, "vat_id": {"x-metric": "id"}}},
        "lines": {
            "x-align": "sku",
            "items": {"properties": {"sku": {"x-metric": "id"}, "quantity": {"x-metric": "int"}}},
        },
    }
}
GOLD: dict[str, Any] = {
    "number": "INV-10.2/a",
    "day": "2026-03-04",
    "total": "1234.50",
    "currency": "EUR",
    "paid": True,
    "buyer": {"name": "Osei Ltd.", "vat_id": None},
    "lines": [{"sku": "A-1", "quantity": 1}, {"sku": "B-2", "quantity": 12}],
}
LEAVES = 10


def put(path: str, value: object) -> dict[str, Any]:
    """GOLD with another value at a path such as `lines.0.quantity`."""
    answer = copy.deepcopy(GOLD)
    *parents, last = path.split(".")
    place: Any = answer
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[last] = value
    return answer


def kinds(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.path) for finding in compare(GOLD, answer, SCHEMA).findings]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", "inv-10.2/A"),
        ("number", " INV - 10.2\u00a0/a "),
        ("number", "\uff29\uff2e\uff36-10.2/a"),
        ("day", " 2026-03-04 "),
        ("total", 1234.5),
        ("total", "1234.5"),
        ("total", " 1234.500"),
        ("currency", " eur"),
        ("buyer.name", "OSEI  ltd"),
        ("lines.0.quantity", 1.0),
        ("lines", [{"sku": "b-2", "quantity": 12}, {"sku": "A-1", "quantity": 1}]),
        ("buyer", {"name": "Osei Ltd."}),
    ],
)
def test_equal_by_type(path: str, value: object) -> None:
    comparison = compare(GOLD, put(path, value), SCHEMA)

    assert comparison.findings == ()
    assert (comparison.f1, comparison.right, comparison.worst) == (1.0, LEAVES, None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", "INV-102/a"),
        ("number", "INV10.2/a"),
        ("number", 10.2),
        ("day", "2026-03-05"),
        ("day", "4 March 2026"),
        ("day", "20260304"),
        ("day", "2026-02-30"),
        ("day", "２０２６-03-04"),
        ("day", 20260304),
        ("total", "1234.51"),
        ("total", "1234.504"),
        ("total", 1234.504),
        ("total", "1,234.50"),
        ("total", "1.234,50"),
        ("total", "1234,50"),
        ("total", "1.2345e3"),
        ("total", "1234.50 EUR"),
        ("total", "-1234.50"),
        ("total", True),
        ("currency", "€"),
        ("paid", 1),
        ("paid", "true"),
        ("paid", False),
        ("buyer.name", "Osei Inc"),
        ("lines.0.quantity", True),
        ("lines.0.quantity", "1"),
        ("lines.0.quantity", 1.5),
        ("lines.1.quantity", 1),
    ],
)
def test_different_by_type(path: str, value: object) -> None:
    comparison = compare(GOLD, put(path, value), SCHEMA)

    assert [finding.kind for finding in comparison.findings] == ["wrong_value"]
    assert comparison.f1 == pytest.approx(2 * (LEAVES - 1) / (2 * LEAVES))


@pytest.mark.parametrize("value", ["N/A", "", "null", False, 0, "DE123"])
def test_what_stands_for_nothing_is_invented(value: object) -> None:
    comparison = compare(GOLD, put("buyer.vat_id", value), SCHEMA)

    assert [(finding.kind, finding.path) for finding in comparison.findings] == [("invented", "buyer.vat_id")]
    assert comparison.f1 == pytest.approx(2 * LEAVES / (2 * LEAVES + 1))


def test_null_and_an_absent_key_are_both_omissions() -> None:
    absent = {key: value for key, value in GOLD.items() if key != "number"}

    assert kinds(put("number", None)) == kinds(absent) == [("omitted", "number")]


def test_rows_dropped_added_and_doubled() -> None:
    assert kinds(put("lines", GOLD["lines"][:1])) == [("omitted", "lines[B-2]")]
    assert kinds(put("lines", None)) == [("omitted", "lines[A-1]"), ("omitted", "lines[B-2]")]
    assert kinds(put("lines", [*GOLD["lines"], {"sku": "C", "quantity": 1}])) == [("extra_row", "lines['C']")]
    assert kinds(put("lines", [*GOLD["lines"], GOLD["lines"][0]])) == [("extra_row", "lines['A-1']")]
    assert kinds(put("lines", [*GOLD["lines"], {}])) == [("extra_row", "lines[None]")]


def test_a_row_with_another_key_is_one_omitted_and_one_extra() -> None:
    comparison = compare(GOLD, put("lines.0.sku", "A1"), SCHEMA)

    assert {finding.kind for finding in comparison.findings} == {"omitted", "extra_row"}
    assert (comparison.right, comparison.missing, comparison.spurious) == (8, 2, 2)


def test_rows_of_equal_keys_are_paired_by_likeness() -> None:
    gold = {"lines": [{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]}
    answer = {"lines": [{"sku": "A", "quantity": 2}, {"sku": "A", "quantity": 1}]}

    assert compare(gold, answer, SCHEMA).findings == ()


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("buyer", "Osei Ltd.", "buyer"),
        ("buyer", [], "buyer"),
        ("lines", {"sku": "A-1"}, "lines"),
        ("lines", "A-1", "lines"),
        ("total", {"amount": "1234.50"}, "total"),
        ("buyer.vat_id", {}, "buyer.vat_id"),
        ("number", ["INV-10.2/a"], "number"),
    ],
)
def test_wrong_shape(path: str, value: object, place: str) -> None:
    comparison = compare(GOLD, put(path, value), SCHEMA)

    assert [(finding.kind, finding.path) for finding in comparison.findings] == [("wrong_shape", place)]
    assert comparison.f1 < 1


def test_a_row_that_is_no_object_is_misshapen() -> None:
    assert kinds(put("lines", [*GOLD["lines"], "C"])) == [("wrong_shape", "lines[]")]


@pytest.mark.parametrize("path", ["note", "buyer.city", "lines.0.price"])
def test_unknown_keys_are_found_at_every_depth_even_with_null(path: str) -> None:
    place = path.replace("lines.0", "lines[A-1]")

    assert kinds(put(path, None)) == kinds(put(path, 1)) == [("unknown_key", place)]


def test_the_worst_finding_decides() -> None:
    answer = put("total", "1.00")
    answer["number"] = None
    answer["buyer"]["vat_id"] = "N/A"
    comparison = compare(GOLD, answer, SCHEMA)
    worst = comparison.worst

    assert [finding.kind for finding in comparison.findings] == ["omitted", "wrong_value", "invented"]
    assert worst is not None
    assert str(worst) == "invented buyer.vat_id: expected None, found 'N/A'"


def test_nothing_right_scores_nothing() -> None:
    assert compare(GOLD, {}, SCHEMA).f1 == 0.0
    assert compare({}, {}, SCHEMA).f1 == 1.0


def test_deep_nesting_is_a_finding_and_no_crash() -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    for path in ("total", "note", "buyer", "lines", "lines.0.extra", "lines.0.sku", "lines.0.quantity"):
        comparison = compare(GOLD, put(path, deep), SCHEMA)
        assert comparison.worst is not None
        assert len(str(comparison.worst)) < 200


@pytest.mark.parametrize(
    ("gold", "schema", "problem"),
    [
        ({"a": 1}, {"properties": {"a": {"x-metric": "integer"}}}, "no metric 'integer'"),
        ({"a": 1}, {"properties": {"a": {}}}, "no metric 'None'"),
        ({"a": "1.0.0"}, {"properties": {"a": {"x-metric": "money"}}}, "not of its declared type"),
        ({"b": 1}, {"properties": {"a": {"x-metric": "int"}}}, "keys the schema lacks: b"),
    ],
)
def test_our_own_faults_are_no_verdicts(gold: dict[str, Any], schema: dict[str, Any], problem: str) -> None:
    with pytest.raises(CheckerError, match=problem):
        compare(gold, {"a": 2}, schema)


cents = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
words = st.text(string.ascii_letters + string.digits + "-/.", min_size=1, max_size=12)


@given(cents)
def test_money_as_text_number_and_shortened_is_the_same(amount: Decimal) -> None:
    schema = {"properties": {"total": {"x-metric": "money"}}}
    for same in (f"{amount:.2f}", float(amount), f"{amount:.2f}000", json.loads(f"{amount:.2f}")):
        assert compare({"total": f"{amount:.2f}"}, {"total": same}, schema).findings == ()
    assert compare({"total": f"{amount:.2f}"}, {"total": f"{amount + Decimal('0.01'):.2f}"}, schema).findings


@given(st.dictionaries(words, st.integers(0, 99), max_size=6), st.dictionaries(words, st.integers(0, 99), max_size=6))
@settings(max_examples=200)
def test_f1_is_one_exactly_when_nothing_is_found(gold: dict[str, int], answer: dict[str, int]) -> None:
    def rows(table: dict[str, int]) -> dict[str, Any]:
        return {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in table.items()]}

    comparison = compare(rows(gold), rows(answer), SCHEMA)

    assert 0 <= comparison.f1 <= 1
    assert (comparison.f1 == 1) == (not comparison.findings)
    folded = [{sku.casefold(): n for sku, n in table.items()} for table in (gold, answer)]
    if all(len(table) == len(whole) for table, whole in zip(folded, (gold, answer), strict=True)):
        assert (comparison.findings == ()) == (folded[0] == folded[1])
