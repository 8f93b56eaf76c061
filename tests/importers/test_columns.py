"""Columns under other names, and values that are not what their column holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from importers.recorded import TERMS, Load, Row, refusal, rows

from harness.importers.outcomes import load


def test_parquet_may_hold_bytes_and_must_not_hold_lists(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(rows(2))
    table.assign(item_id=[b"a", b"a", b"b", b"b"]).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame([row | {"score": [1.0]} for row in rows(2)]).to_parquet(tmp_path / "b.parquet")

    assert {each.sample for each in load(tmp_path / "a.parquet", TERMS).outcomes} == {"a", "b"}
    said = refusal(lambda: load(tmp_path / "b.parquet", TERMS))
    assert "b.parquet:1: score: one value is needed, not a list or an object" in said


def test_columns_of_other_names_are_mapped_and_the_rest_is_told(loaded: Load) -> None:
    theirs = [
        {"question": row["item_id"], "llm": row["model"], "grade": 1.0, "cost_usd": 0.1, "seed": 7, "cathegory": "x"}
        for row in rows(2, tiers=("only",))
    ]

    found = loaded(theirs, columns={"item_id": "question", "tier": "llm", "score": "grade"})

    assert [(each.sample, each.tier, each.score) for each in found.outcomes] == [
        ("i0", "acme-only", 1.0),
        ("i1", "acme-only", 1.0),
    ]
    assert "columns not used: seed, cathegory (--column category=cathegory?)" in found.notes
    assert "no column category: all rows are one kind of work, 'mine'" in found.notes


def test_only_the_wanted_rows_are_taken(loaded: Load) -> None:
    both = [*rows(2), *rows(2, provider="other", mode="fast")]

    assert {tier.provider for tier in loaded(both, where={"provider": "other", "mode": "fast"}).ladder.tiers} == {
        "other"
    }
    assert "no row is left with mode = 'fats'; did you mean 'fast'?" in refusal(
        lambda: loaded(both, where={"mode": "fats"})
    )
    assert "has no column 'mood'; did you mean 'mode'?" in refusal(lambda: loaded(both, where={"mood": "fast"}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"correct": 2},
            "mine.jsonl:1: correct: use 0 and 1, or false and true; grades between them belong to score: 2",
        ),
        ({"correct": "yes"}, "mine.jsonl:1: correct: not a number: 'yes'"),
        ({"score": 1.2}, "mine.jsonl:1: score: a score lies between 0 and 1: 1.2"),
        ({"score": -0.1}, "mine.jsonl:1: score: a score lies between 0 and 1: -0.1"),
        ({"score": float("inf")}, "mine.jsonl:1: score: not a number: inf"),
        ({"item_id": ""}, "mine.jsonl:1: item_id: missing; every row needs one"),
        ({"item_id": ["a"]}, "mine.jsonl:1: item_id: one value is needed, not a list or an object"),
        ({"item_id": "\ud800"}, "mine.jsonl:1: item_id: not text that UTF-8 can hold"),
        ({"tier": None}, "mine.jsonl:1: tier: missing; every row needs one"),
        ({"category": " "}, "mine.jsonl:1: category: missing; every row needs one"),
        ({"cost_usd": "five"}, "mine.jsonl:1: cost_usd: not a number: 'five'"),
        ({"cost_usd": -1}, "mine.jsonl:1: cost_usd: below 0: -1"),
        ({"input_tokens": 1.5}, "mine.jsonl:1: input_tokens: not a whole number of tokens: 1.5"),
        ({"cost_usd": 10**400}, "mine.jsonl:1: cost_usd: not a number: 1000"),
        ({"latency_s": 1e308}, "mine.jsonl:1: latency_s: not a number: 1e+308"),
        ({"latency_s": -2}, "mine.jsonl:1: latency_s: below 0: -2"),
        ({"level": 6}, "mine.jsonl:1: level: a level is 1, 2, 3, 4 or 5: 6"),
        ({"tier_rank": 2}, "mine.jsonl: tier 'small' has several values of tier_rank; give each tier one"),
        (
            {"model": "acme-tiny"},
            "mine.jsonl: tier 'small' is of several models (acme-small, acme-tiny); take one with --where model=NAME",
        ),
    ],
)
def test_what_is_wrong_in_a_row_is_one_line(loaded: Load, change: Row, said: str) -> None:
    found = rows(2)
    found[0] |= change

    assert said in refusal(lambda: loaded(found))


@pytest.mark.parametrize(
    ("drop", "said"),
    [
        ("item_id", "no column 'item_id' (did you mean 'itemid'?); map one with --column item_id=THEIRS"),
        ("correct", "no column 'correct' or 'score' ("),
    ],
)
def test_a_missing_column_is_named(loaded: Load, drop: str, said: str) -> None:
    renamed = [{("itemid" if key == drop == "item_id" else key): row[key] for key in row} for row in rows(1)]
    found = [{key: value for key, value in row.items() if key != drop} for row in renamed]

    assert said in refusal(lambda: loaded(found))


def test_an_unknown_mapping_is_named(loaded: Load) -> None:
    assert "'item' is no column of ours; did you mean 'item_id'?" in refusal(
        lambda: loaded(rows(1), columns={"item": "item_id"})
    )
    assert "no column 'modell' for tier; did you mean 'model'?" in refusal(
        lambda: loaded(rows(1), columns={"tier": "modell"})
    )
