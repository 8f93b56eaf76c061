"""The values that flow, and the key that answers are kept under."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import values
from harness.values import KEY_VERSION, Ladder, Request, Sample, Tier, canonical, digest

# Raising KEY_VERSION takes a new file of keys, and a way for users to keep their answers. No line of a file ever changes.
GOLDEN = Path(__file__).parent / "data" / f"keys.{KEY_VERSION}.jsonl"
FIELDS = [each.name for each in dataclasses.fields(Request) if each.init]

FIXED = Request(
    provider="local",
    model="smollm2-135m-instruct",
    endpoint="",
    system="Reply with a number.",
    prompt="Zwei plus zwei? ✓",
    max_output_tokens=16,
    temperature="0",
    seed=7,
    effort=None,
    schema=None,
    weights="b179",
    engine="xllamacpp 2026.10.11549",
    epoch=0,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def golden() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLDEN.read_text().splitlines()]


def test_a_key_never_changes() -> None:
    """If it does, every stored answer is lost to its owner: raise KEY_VERSION only with a way to keep them."""
    assert FIXED.key == "35426af3860878b25242f72c08795df618d9e8c41605cee68401156d67ece0b3"
    assert [case["name"] for case in golden() if Request(**case["request"]).key != case["key"]] == []


def test_the_golden_keys_are_different_requests_that_show_every_field_absent_empty_and_filled() -> None:
    cases = golden()
    requests = [case["request"] for case in cases]
    assert len({case["key"] for case in cases}) == len({canonical(request) for request in requests}) == len(cases) > 70
    for name in FIELDS:
        found = {request[name] for request in requests}
        optional = {str(kind) for kind in (type(value) for value in found)} >= {str(type(None))}
        assert len(found) > 2 - (name in {"provider", "model"}), name
        assert optional == ("None" in str(Request.__annotations__[name])), name
        assert "" in found or any(isinstance(value, int) for value in found), name


def test_a_key_is_made_of_the_version_and_the_fields_and_of_nothing_else() -> None:
    for case in golden():
        assert sorted(case["request"]) == sorted(FIELDS)
        text = json.dumps(
            {"version": KEY_VERSION, **case["request"]}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        assert hashlib.sha256(text.encode()).hexdigest() == case["key"], case["name"]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_request_is_in_its_key(name: str) -> None:
    value = getattr(FIXED, name)
    other: Any = value + 1 if isinstance(value, int) else f"{value or ''}x"
    assert dataclasses.replace(FIXED, **{name: other}).key != FIXED.key


def test_absent_empty_and_null_looking_text_have_different_keys() -> None:
    assert len({dataclasses.replace(FIXED, effort=effort).key for effort in (None, "", "null")}) == 3


def test_every_value_is_frozen_slotted_and_keyword_only() -> None:
    kinds = [kind for kind in vars(values).values() if dataclasses.is_dataclass(kind)]
    assert len(kinds) > 15
    for kind in kinds:
        options = kind.__dataclass_params__  # type: ignore[union-attr]
        assert options.frozen, kind
        assert "__slots__" in vars(kind), kind
        assert all(field.kw_only for field in dataclasses.fields(kind)), kind


def test_every_public_name_exists_and_is_sorted() -> None:
    assert values.__all__ == sorted(values.__all__, key=lambda name: (not name.isupper(), name))
    assert [name for name in values.__all__ if not hasattr(values, name)] == []


@given(JSON)
def test_canonical_text_is_json_that_reads_back(value: object) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    assert "\n" not in text


@given(st.dictionaries(st.text(), JSON))
def test_canonical_text_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal(1), {1, 2}], ids=repr)
def test_what_is_not_json_has_no_canonical_text(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical(value)


def test_a_digest_is_sha256_of_the_canonical_text() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_sample_knows_its_level_and_template() -> None:
    sample = Sample(id="a", input="b", target="c", metadata={"level": 3, "template": "t7"})
    assert (sample.level, sample.template) == (3, "t7")


def test_the_reference_is_the_last_tier() -> None:
    low, high = (Tier(name=name, provider="local", model=name) for name in ("low", "high"))
    assert Ladder(name="x", title="X", unit="USD", tiers=(low, high)).reference == high
