"""The line that an answer is: what never changes about it, what survives it, what is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from worlds import request, response

from harness.answers import OtherVersion, answers_text, line, parse, read_answers, write_new
from harness.cache import Cache
from harness.errors import BadInput
from harness.values import KEY_VERSION, Attempt, Request, Response, Usage, digest

GOLDEN = Path(__file__).parent / "data" / "answer.jsonl"

# With lone surrogates, which JSON can spell and UTF-8 cannot hold.
TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBER = st.integers() | st.integers(min_value=2**63) | st.floats(allow_nan=False, allow_infinity=False)
RAW = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | NUMBER | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
COUNT = st.integers(min_value=0, max_value=2**40)
ATTEMPT = st.builds(
    Attempt, fault=st.sampled_from(["rate limit", "timeout", "unreadable reply"]), why=TEXT, took_ms=COUNT
)
RESPONSE = st.builds(
    Response,
    text=TEXT,
    finish=st.sampled_from(["ok", "refusal", "truncated", "filtered", "empty"]),
    usage=st.builds(Usage, input=COUNT, output=COUNT, cached=COUNT, cache_write=COUNT, reasoning=COUNT),
    model=TEXT,
    latency_ms=st.none() | COUNT,
    on=st.dates().map(str),
    raw=RAW,
    failed=st.lists(ATTEMPT, max_size=3).map(tuple),
    processing=st.sampled_from(["standard", "batch"]),
)


def whole() -> tuple[Request, Response]:
    """An answer in which every field says something."""
    return request(
        provider="anthropic",
        model="claude-haiku-4-5",
        system="Reply with a number.",
        prompt="Zwei plus zwei? ✓",
        effort="low",
        schema='{"type":"integer"}',
        epoch=2,
    ), Response(
        text="4\n",
        finish="ok",
        usage=Usage(input=31, output=9, cached=12, cache_write=4, reasoning=6),
        model="claude-haiku-4-5-20251001",
        latency_ms=None,
        on="2026-11-22",
        raw={
            "id": "msg_01",
            "content": [{"type": "text", "text": "4\n"}],
            "usage": {"input_tokens": 15, "output_tokens": 9},
            "stop_sequence": None,
            "big": 2**70,
            "p": 0.1,
        },
        failed=(
            Attempt(fault="rate limit", why="anthropic: 429: slow down", took_ms=41),
            Attempt(fault="connection lost", why="anthropic: closed", took_ms=1200),
        ),
        processing="batch",
    )


def swapped(value: Any) -> Any:
    """A JSON value as it is stored: question marks for lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        # Keys that become equal are one key; the last in sorted order stays.
        return {swapped(key): swapped(value[key]) for key in sorted(value)}
    return [swapped(item) for item in value] if isinstance(value, list) else value


def test_the_format_of_an_answer_never_changes() -> None:
    """If it does, stored answers and published recordings cannot be read any more."""
    assert answers_text([whole()]) == GOLDEN.read_text()
    assert read_answers(GOLDEN) == {whole()[0].key: whole()}


def test_every_field_is_in_the_line_and_no_other() -> None:
    record = json.loads(line(*whole()))
    assert sorted(record) == ["key", "request", "response"]
    for part, kind in (("request", Request), ("response", Response)):
        assert sorted(record[part]) == sorted(each.name for each in dataclasses.fields(kind) if each.init)
    assert sorted(record["response"]["usage"]) == sorted(each.name for each in dataclasses.fields(Usage))
    assert sorted(record["response"]["failed"][0]) == sorted(each.name for each in dataclasses.fields(Attempt))


@settings(max_examples=150, deadline=None)
@given(given_=RESPONSE)
@example(given_=response("", raw=dict(zip(("\ud800", "\udfff", "ä"), (1, 2, 3), strict=True))))
@example(given_=response("\ud83d\ude00", raw={"big": 10**4000, "small": 5e-324, "large": 1.7976931348623157e308}))
def test_what_is_stored_is_what_came(given_: Response) -> None:
    text = line(request(), given_)
    kept = parse(text, request().key).response

    expected = dataclasses.replace(
        given_,
        text=swapped(given_.text),
        model=swapped(given_.model),
        raw=swapped(given_.raw),
        failed=tuple(dataclasses.replace(each, why=swapped(each.why)) for each in given_.failed),
    )
    assert kept == expected
    assert line(request(), kept) == text
    assert "\n" not in text


@settings(max_examples=15, deadline=None)
@given(given_=st.lists(RESPONSE, min_size=1, max_size=4))
def test_the_cache_and_its_exports_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, given_: list[Response]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    pairs = [(request(epoch=number), each) for number, each in enumerate(given_)]

    with Cache.open(folder / "one") as one, Cache.open(folder / "two") as two:
        kept = one.add_all(pairs)
        one.export(folder / "a.jsonl")
        two.import_(folder / "a.jsonl")
        two.export(folder / "b.jsonl")
        found = two.get_all(request.key for request, _ in pairs)

    assert [found[asked.key] for asked, _ in pairs] == [
        (asked, each) for (asked, _), each in zip(pairs, kept, strict=True)
    ]
    assert (folder / "a.jsonl").read_bytes() == (folder / "b.jsonl").read_bytes()


@pytest.mark.parametrize(
    "raw",
    [
        {"p": float("nan")},
        {"p": [{"q": -float("inf")}]},
        {"p": object()},
        {"n": 10**5000},
        {"deep": json.loads("[" * 500 + "]" * 500)},
        None,
        [],
    ],
    ids=["nan", "infinity", "object", "5000 digits", "500 deep", "none", "a list"],
)
def test_what_could_not_be_read_again_is_refused_in_one_line(tmp_path: Path, raw: Any) -> None:
    with Cache.open(tmp_path / "answers") as cache:
        with pytest.raises(BadInput, match=r"cannot be kept: .*fault of the provider's adapter") as caught:
            cache.add(request(), dataclasses.replace(response(""), raw=raw))
        assert len(cache) == 0
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "-1E+400", "1" + "0" * 400 + ".0"])
def test_numbers_without_end_are_refused_wherever_they_stand(number: str) -> None:
    text = line(request(), response("", raw={"p": [{"q": 12345.5}], "t": "NaN 1e999"}))
    assert parse(text).response.raw["t"] == "NaN 1e999"
    with pytest.raises(ValueError, match="not JSON compliant"):
        parse(text.replace("12345.5", number))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"request":{', '"request":{"key":"x",', "request.key: "),
        ('"request":{', '"request":{"headers":{},', "request.headers: unknown key"),
        ('"took_ms":41', '"took_ms":41,"retry":1', "response.failed.0.retry: unknown key"),
        ('"fault":"rate limit"', '"fault":"bad luck"', "response.failed.0.fault: Input should be "),
        ('"processing":"batch"', '"processing":"express"', "response.processing: Input should be "),
        ('"failed":[', '"failed":[null,', "response.failed.0: "),
        ('{"key"', '{"note":"","key"', "note: unknown key"),
    ],
)
def test_a_line_of_another_shape_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(GOLDEN.read_text().replace(old, new, 1))
    with pytest.raises(BadInput) as caught:
        read_answers(path)
    assert str(caught.value).startswith(f"{path}:1: {problem}")


def test_an_answer_from_before_the_first_release_says_what_to_do(tmp_path: Path) -> None:
    record = json.loads(GOLDEN.read_text())
    del record["response"]["failed"], record["response"]["processing"]
    record["response"]["attempts"] = 1
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps(record) + "\n")

    with pytest.raises(BadInput) as caught:
        read_answers(path)

    assert str(caught.value) == (
        f"{path}:1: response.attempts: from before the first release, when tries were only counted; leave the answer out "
        "and ask again; mend or remove the line, or export the answers again"
    )


@pytest.mark.parametrize("version", [0, KEY_VERSION + 1])
def test_a_key_of_another_version_is_told_from_a_wrong_one(version: int) -> None:
    key = digest({"version": version, **request().as_dict()})
    text = line(request(), response("4")).replace(request().key, key)

    with pytest.raises(
        OtherVersion, match=f"under a key of version {version}, where this tierfloor makes version"
    ) as caught:
        parse(text, key)

    assert caught.value.record.request == request()
    with pytest.raises(ValueError, match="not the key of its request"):
        parse(text, request().key)


def test_a_new_file_is_private_and_never_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    before = os.umask(0)
    try:
        write_new(path, "first\n")
    finally:
        os.umask(before)

    with pytest.raises(BadInput, match="cannot write: File exists; name another file"):
        write_new(path, "second\n")

    assert path.read_text() == "first\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["a.jsonl"]


def test_a_new_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_new(tmp_path / "a.jsonl", "\ud800")
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(BadInput, match="cannot write"):
        write_new(tmp_path / "taken" / "a.jsonl", "")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]
