"""Recorded outcomes become suites, a ladder and outcomes; what they do not say is said."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from importers.recorded import TERMS, Load, refusal, rows

from harness import plugins
from harness.errors import CheckerError
from harness.importers.outcomes import load, tame


def test_the_importer_is_a_plugin_like_anybodys() -> None:
    assert plugins.load("tierfloor.importers", "outcomes") is load


def test_rows_become_outcomes(loaded: Load) -> None:
    found = loaded(rows(1))

    large, small = found.outcomes
    assert (large.tier, small.tier, small.suite, small.sample, small.verdict) == (
        "large",
        "small",
        "sums",
        "i0",
        "pass",
    )
    assert (small.score, small.input_tokens, small.output_tokens, small.latency_ms) == (1.0, 10, 5, 250)
    assert (small.cost, large.cost) == (Decimal("0.001"), Decimal("0.002"))
    assert [tier.name for tier in found.ladder.tiers] == ["small", "large"]
    assert (found.ladder.reference.model, found.ladder.reference.provider) == ("acme-large", "acme")
    assert found.unpriced == frozenset()
    (suite,) = found.suites
    assert (suite.id, len(suite.samples), suite.rule.horizon, suite.graded) == ("sums", 1, 1, False)
    with pytest.raises(CheckerError):
        suite.check(suite.samples[0], "3")


def test_each_format_says_the_same(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(rows(4, error=None))
    table.loc[0, "error"] = "slow"
    table.loc[0, "correct"] = 0
    text = table.to_json(orient="records", lines=True)
    table.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "b.jsonl").write_text(text)
    (tmp_path / "c.json").write_text(table.to_json(orient="records"))
    table.to_parquet(tmp_path / "d.parquet")
    table.set_index("item_id").to_parquet(tmp_path / "e.parquet")
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    (tmp_path / "g.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "h.csv").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "a.csv").read_bytes().replace(b"\n", b"\r\n"))

    found = [load(path, TERMS) for path in sorted(tmp_path.iterdir())]

    assert len(found) == 8
    for each in found[1:]:
        assert (each.outcomes, each.ladder, each.notes) == (found[0].outcomes, found[0].ladder, found[0].notes)
    assert [each.why for each in found[0].outcomes if each.verdict == "fail"] == ["slow"]


def test_a_missing_answer_is_a_hole_and_a_named_failure_is_not(loaded: Load) -> None:
    found_rows = rows(3)
    found_rows[0] |= {"correct": None, "error": "HTTP 529"}
    found_rows[1] |= {"correct": 0, "error": "unparsable"}
    found_rows[2] |= {"correct": float("nan")}

    found = loaded(found_rows)

    said = {(each.sample, each.tier): (each.verdict, each.why) for each in found.outcomes}
    assert said["i0", "small"] == ("error", "HTTP 529")
    assert said["i0", "large"] == ("fail", "unparsable")
    assert said["i1", "small"] == ("error", "not recorded")
    assert any(note.startswith("2 rows have neither correct nor score: they are holes") for note in found.notes)
    assert any(note.startswith("1 wrong rows name an error and count as wrong") for note in found.notes)


def test_unequal_coverage_is_told(loaded: Load) -> None:
    found = loaded(rows(40)[:-1])

    (told,) = (note for note in found.notes if "at every tier" in note)
    assert told.startswith("sums: of 40 items small 40, large 39 have an outcome, 39 at every tier; a missing one is a")
    assert not any("too few" in note for note in found.notes)


def test_items_that_a_tier_lacks_can_be_left_out(loaded: Load) -> None:
    some = rows(4)[:-1]
    some[0]["correct"] = None

    found = loaded(some, common=True)

    assert [sample.id for sample in found.suites[0].samples] == ["i1", "i2"]
    assert "3 rows were left out: of items without an outcome at every tier" in found.notes
    assert not any("have an outcome" in note for note in found.notes)
    assert "--common: no item has an outcome at every tier" in refusal(
        lambda: loaded(rows(1)[:1] + rows(2)[3:], common=True)
    )


def test_a_tiny_category_is_told(loaded: Load) -> None:
    found = loaded([*rows(40), *rows(4, category="rare")])

    assert [note for note in found.notes if "too few" in note] == [
        "rare: 4 units are too few to prove even a tier that fails nowhere, which takes 37"
    ]
    assert [suite.id for suite in found.suites] == ["rare", "sums"]


def test_equal_rows_for_one_place_are_dropped_and_told(loaded: Load) -> None:
    found = loaded([*rows(2), *rows(1)])

    assert len(found.outcomes) == 4
    assert "2 rows repeat another one word for word and were dropped" in found.notes


def test_different_rows_for_one_place_are_refused(loaded: Load) -> None:
    changed = rows(1)[0] | {"correct": 0}

    said = refusal(lambda: loaded([*rows(2), changed]))

    assert "mine.jsonl:5: sums: 'i0' at small differs from line 1, which is the same item, tier and run" in said


def test_runs_are_epochs(loaded: Load) -> None:
    found = loaded([*rows(1, run="2026-11-02", correct=0), *rows(1, run="2026-11-01")])

    assert [(each.tier, each.epoch, each.verdict) for each in found.outcomes] == [
        ("large", 0, "pass"),
        ("large", 1, "fail"),
        ("small", 0, "pass"),
        ("small", 1, "fail"),
    ]
    assert found.runs == ("2026-11-01", "2026-11-02")
    assert "2 runs are epochs of the same items: 2026-11-01, 2026-11-02" in found.notes


def test_items_of_several_sources_are_told_apart(loaded: Load) -> None:
    found = loaded([*rows(1, source="a"), *rows(1, source="b", correct=0)])

    assert {each.sample for each in found.outcomes} == {"a:i0", "b:i0"}
    assert "2 sources in one table: a, b; items of each are told apart" in found.notes


def test_a_missing_cost_is_unknown_and_never_nothing(loaded: Load) -> None:
    some = rows(3)
    some[0]["cost_usd"] = None
    some[3] |= {"cost_usd": 0, "input_tokens": 0, "output_tokens": 0}

    found = loaded(some)

    assert found.unpriced == {("sums", "small"), ("sums", "large")}
    assert (
        "no cost is known: floors are the lowest proved tiers in the ladder's order, there are no curves" in found.notes
    )
    assert "1 rows say 0 tokens in and out: taken as not recorded" in found.notes


def test_the_cost_of_one_tier_may_be_missing(loaded: Load) -> None:
    some = rows(3)
    some[0]["cost_usd"] = ""

    found = loaded(some)

    assert found.unpriced == {("sums", "small")}
    assert any(note.startswith("cost_usd is missing in 1 of 3 rows of small in sums") for note in found.notes)


def test_a_free_answer_is_free(loaded: Load) -> None:
    assert loaded(rows(2, cost_usd=0)).unpriced == frozenset()


def test_levels_and_templates_are_taken_over(loaded: Load) -> None:
    found = loaded([*rows(2, level=2, template="t"), *rows(1, category="flat")])

    flat, sums = found.suites
    assert [(sample.id, sample.level, sample.template) for sample in sums.samples] == [("i0", 2, "t"), ("i1", 2, "t")]
    assert (sums.rule.horizon, found.flat) == (1, frozenset({flat.id}))
    assert "mine.jsonl:3: level: missing, but other rows of sums have one" in refusal(
        lambda: loaded([*rows(1, level=2), *rows(1, item_id="other")])
    )
    assert "has another level or template" in refusal(lambda: loaded([*rows(1, level=2), *rows(1, level=3, run="b")]))


def test_grades_count_in_parts_only_where_nothing_says_what_is_correct(loaded: Load) -> None:
    graded = [{key: value for key, value in row.items() if key != "correct"} | {"score": 0.5} for row in rows(2)]

    assert [suite.graded for suite in loaded(graded).suites] == [True]
    assert {each.verdict for each in loaded(graded).outcomes} == {"fail"}
    decided = loaded([row | {"correct": 1} for row in graded])
    assert [suite.graded for suite in decided.suites] == [False]
    assert {each.verdict for each in decided.outcomes} == {"pass"}
    assert "in 4 rows correct and score disagree about a full pass: correct decides what passes" in decided.notes


def test_the_fixed_test_reads_one_outcome_a_unit(loaded: Load) -> None:
    graded = [row | {"correct": None, "score": 0.5} for row in rows(2)]
    for some in (
        [{key: value for key, value in row.items() if key != "correct"} for row in graded],
        [*rows(2, run="a"), *rows(2, run="b")],
        rows(2, template="t"),
    ):
        assert "--method: fixed reads one outcome of 0 or 1 a unit" in refusal(lambda: loaded(some, method="fixed"))  # noqa: B023
    assert loaded(rows(2, run="a"), method="fixed").suites[0].rule.method == "fixed"


def test_names_that_cannot_be_a_files_are_changed_and_told(loaded: Load) -> None:
    odd = [*rows(1, category="a/b |c"), *rows(1, category="a-b-c")]
    odd = [row | {"tier": f"acme/{row['tier']}"} for row in odd]

    found = loaded(odd)

    assert {suite.id for suite in found.suites} == {"a-b-c", "a-b-c+"}
    assert [tier.name for tier in found.ladder.tiers] == ["acme-small", "acme-large"]
    assert "tier 'acme/small' is called 'acme-small'" in found.notes
    assert [tame(name) for name in ("../x", "Über uns", "a\nb", "..")] == ["x", "Über-uns", "a-b", ""]
