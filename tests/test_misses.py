"""Why an answer is missing: the nearest stored request and what differs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from worlds import ladder, request, tier

from harness.misses import Difference, Miss, Stored, explain, lines
from harness.records import line
from harness.values import KEY_VERSION, Ask, Plan, Request, Sample

TEXTS = tuple(f"Where does parcel {100 + n} of Mrs Meier{n} go?" for n in range(12))


def wanted(texts: Sequence[str] = TEXTS, *, name: str = "haiku", template: str = "<q>{}</q>", **more: Any) -> list[Ask]:
    """One request a text, as a plan asks it."""
    return [
        Ask(
            suite="mail",
            sample=Sample(id=str(number), input=text, target=""),
            tier=tier(name),
            epoch=0,
            requests=(request(prompt=template.format(text), **{"system": "Be short.", "model": name, **more}),),
        )
        for number, text in enumerate(texts)
    ]


def found(asks: Sequence[Ask], stored: Sequence[Ask] = (), **more: Any) -> tuple[Miss, ...]:
    answered = {each.key: each for ask in stored for each in ask.requests}
    return explain(Plan(ladder=ladder(), suites=(), asks=tuple(asks)), Stored(answered=answered, **more))


def fields(miss: Miss) -> list[str]:
    return [each.field for each in miss.differs]


def test_what_is_stored_needs_no_explanation() -> None:
    assert found(wanted(), wanted()) == ()
    assert lines(()) == []


def test_the_fields_that_changed_are_named_with_both_values() -> None:
    before = wanted(TEXTS[:10], system="Reply with the old words, then stop.", max_output_tokens=300)
    now = wanted(system="Reply with the new words, then stop.", max_output_tokens=400)

    (told,) = lines(found(now, before))
    assert told == (
        "mail/haiku: 12 of 12 requests have no stored answer: 10 differ from a stored one in system ('Reply with the old "
        "words, then stop.' -> 'Reply with the new words, then stop.'), max_output_tokens (300 -> 400); 2 have nothing "
        "alike stored"
    )


def test_only_what_is_missing_counts() -> None:
    (miss,) = found(wanted(), wanted(TEXTS[:11]))
    assert (miss.requests, miss.missing, miss.count, miss.reason) == (12, 1, 1, "nothing alike")
    assert lines([miss]) == ["mail/haiku: 1 of 12 requests have no stored answer: 1 has nothing alike stored"]


@pytest.mark.parametrize(
    ("name", "old", "new", "shown"),
    [
        ("model", "haiku-4", "haiku-5", "'haiku-4' -> 'haiku-5'"),
        ("provider", "openai", "openai-compatible", "'openai' -> 'openai-compatible'"),
        ("endpoint", "", "http://127.0.0.1:8080/v1", "'' -> 'http://127.0.0.1:8080/v1'"),
        ("temperature", None, "0", "nothing -> '0'"),
        ("seed", 1, 2, "1 -> 2"),
        ("effort", "low", "high", "'low' -> 'high'"),
        ("schema", '{"type":"object"}', None, '\'{"type":"object"}\' -> nothing'),
        ("weights", "a1", "b2", "'a1' -> 'b2'"),
        ("engine", "xllamacpp 1", "xllamacpp 2", "'xllamacpp 1' -> 'xllamacpp 2'"),
        ("epoch", 0, 1, "0 -> 1"),
        ("max_output_tokens", 16, 24, "16 -> 24"),
    ],
)
def test_every_field_can_be_the_reason(name: str, old: Any, new: Any, shown: str) -> None:
    (miss,) = found(wanted(**{name: new}), wanted(**{name: old}))
    assert (miss.count, miss.reason) == (12, "differs")
    assert miss.differs == (Difference(field=name, stored=old, wanted=new, shown=shown),)


@pytest.mark.parametrize(
    ("old", "new"),
    [("{}", "<q>{}</q>"), ("<q>{}</q>", "<ask>{}</ask> Now!"), ("Mail:\n{}", "{}"), ("<q>{}</q>", "{}\n\nEnd")],
)
def test_a_new_prompt_around_the_same_sample_is_recognised(old: str, new: str) -> None:
    (miss,) = found(wanted(template=new), wanted(template=old))
    assert (miss.count, fields(miss)) == (12, ["prompt"])
    assert TEXTS[0] in str(miss.differs[0].stored)
    assert TEXTS[0] in str(miss.differs[0].wanted)


def test_the_nearest_differs_in_the_fewest_fields_whatever_the_order() -> None:
    now = wanted(max_output_tokens=99, effort="low")
    near = wanted(max_output_tokens=50, effort="low")
    far = [
        *wanted(max_output_tokens=50, system="Other."),
        *wanted(effort="high"),
        *wanted(temperature="0", schema="{}"),
    ]

    forward, backward = found(now, [*near, *far]), found(now, [*far[::-1], *near[::-1]])

    assert forward == backward
    assert [fields(miss) for miss in forward] == [["max_output_tokens"]]


def test_another_model_is_farther_than_another_prompt() -> None:
    stored = [*wanted(model="sonnet"), *wanted(template="{}", system="Be brief.")]
    assert [fields(miss) for miss in found(wanted(), stored)] == [["system", "prompt"]]


def test_another_model_of_another_provider_is_nothing_alike() -> None:
    assert [miss.reason for miss in found(wanted(), wanted(model="x", provider="y"))] == ["nothing alike"]


def test_a_further_epoch_is_nearest_to_the_first() -> None:
    stored = [*wanted(seed=5, epoch=0), *wanted(seed=6, epoch=1)]
    (miss,) = found(wanted(seed=7, epoch=2), stored)
    assert [(each.field, each.stored, each.wanted) for each in miss.differs] == [("seed", 5, 7), ("epoch", 0, 2)]
    (miss,) = found(wanted(seed=9, epoch=1), stored)
    assert [(each.field, each.stored, each.wanted) for each in miss.differs] == [("seed", 6, 9)]


def test_reasons_are_grouped_and_values_that_vary_are_marked() -> None:
    stored = [*wanted(TEXTS[:3], system="A"), *wanted(TEXTS[3:5], system="B"), *wanted(TEXTS[5:9], effort="low")]

    misses = found(wanted(), stored)

    assert [(miss.count, miss.reason, fields(miss)) for miss in misses] == [
        (5, "differs", ["system"]),
        (4, "differs", ["effort"]),
        (3, "nothing alike", []),
    ]
    assert (
        lines(misses)[0].split(": ")[2].startswith("5 differ from a stored one in system ('A' -> 'Be short.', ...); 4")
    )


def test_every_suite_and_tier_is_told_apart() -> None:
    other = [replace(ask, suite="post") for ask in wanted(TEXTS[:1])]
    misses = found([*wanted(name="sonnet"), *other, *wanted()], wanted()[1:])
    assert [(miss.suite, miss.tier, miss.missing, miss.requests, miss.count) for miss in misses] == [
        ("mail", "sonnet", 12, 12, 11),
        ("mail", "sonnet", 12, 12, 1),
        ("post", "haiku", 1, 1, 1),
        ("mail", "haiku", 1, 12, 1),
    ]


def test_damaged_rows_and_old_keys_are_reasons_of_their_own() -> None:
    now = wanted()
    keys = [ask.requests[0].key for ask in now]

    misses = found(now, wanted(effort="low"), damaged={keys[0]}, outdated={keys[1], keys[2]})

    assert [(miss.count, miss.reason) for miss in misses] == [(9, "differs"), (2, "key version"), (1, "damaged")]
    assert lines(misses)[0].endswith(
        f"; 2 are stored under keys of another version than today's {KEY_VERSION}; "
        "1 has a damaged row (see: tierfloor cache verify)"
    )


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (
            "word " * 50 + "old end",
            "word " * 50 + "new end",
            "'...word word word word old end' -> '...word word word word new end'",
        ),
        ("x" * 900 + "a", "x" * 900 + "b", f"'...{'x' * 32}a' -> '...{'x' * 32}b'"),
        ("a" * 90, "b" * 90, f"'{'a' * 40}...' -> '{'b' * 40}...'"),
        ("same", "same and more", "'same' -> 'same and more'"),
        ("one\nline", "one\ntwo", r"'one\nline' -> 'one\ntwo'"),
        ("a " * 40, "a " * 40 + "\u202e", r"'...a a a a a a a a ' -> '...a a a a a a a a \u202e'"),
    ],
)
def test_long_texts_are_cut_to_their_first_difference(old: str, new: str, shown: str) -> None:
    (miss,) = found(wanted(system=new), wanted(system=old))
    assert miss.differs[0].shown == shown
    assert "\n" not in lines([miss])[0]


def test_an_explanation_is_a_record() -> None:
    (miss,) = found(wanted(), wanted(effort="low"))
    assert json.loads(line(miss)) == {
        "suite": "mail",
        "tier": "haiku",
        "requests": 12,
        "missing": 12,
        "count": 12,
        "reason": "differs",
        "differs": [
            {"field": "effort", "stored": "low", "wanted": None, "shown": "'low' -> nothing", "varies": False},
        ],
    }


MANY = [
    request(prompt=f"<q>How is number {n} of {n % 37} written in words?</q>", system="s" * 500) for n in range(10_000)
]


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        (MANY[:2_000], [replace(each, system="t" * 500) for each in MANY]),
        (MANY[:2_000], [replace(each, prompt=each.prompt[3:-4]) for each in MANY]),
        (MANY[-2_000:], MANY[:-2_000]),
        (
            [replace(MANY[0], system=str(-n)) for n in range(2_000)],
            [replace(MANY[0], system=f"{n}") for n in range(10_000)],
        ),
        ([replace(MANY[0], epoch=-n) for n in range(1, 2_001)], [replace(MANY[0], epoch=n) for n in range(10_000)]),
    ],
    ids=["other system", "other prompt", "new samples", "one prompt in many settings", "one prompt in many epochs"],
)
def test_two_thousand_misses_among_ten_thousand_answers_are_explained_at_once(
    asked: list[Request], stored: list[Request]
) -> None:
    asks = [
        Ask(
            suite="words",
            sample=Sample(id=str(number), input=each.prompt[3:-4], target=""),
            tier=tier("haiku"),
            epoch=0,
            requests=(each,),
        )
        for number, each in enumerate(asked)
    ]
    plan, answered = Plan(ladder=ladder(), suites=(), asks=tuple(asks)), {each.key: each for each in stored}

    before = time.process_time()
    misses = explain(plan, Stored(answered=answered))
    took = time.process_time() - before

    assert sum(miss.count for miss in misses) >= 1_999
    # Comparing each with each takes a minute.
    assert took < 10
