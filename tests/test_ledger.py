"""Results on disk: read back what was written, and see every difference."""

from __future__ import annotations

from pathlib import Path

from test_table import outcomes
from worlds import request, response, write_suite

from harness import ledger, suites
from harness.answers import write_answers
from harness.records import line


def test_outcomes_survive_a_round_trip_in_sorted_lines(tmp_path: Path) -> None:
    made = outcomes(suites.load(write_suite(tmp_path)), "cheap", failing=2, cost="0.00000123")
    text = ledger.outcomes_text(made)
    ledger.save(tmp_path / "r", {"outcomes/sums.jsonl": text})

    back = ledger.outcomes([tmp_path / "r"])

    assert sorted(map(line, back)) == sorted(map(line, made))
    assert ledger.outcomes_text(reversed(made)) == text


def test_the_first_folder_with_an_answer_wins(tmp_path: Path) -> None:
    one, other = request(), request(epoch=5)
    write_answers(tmp_path / "mine" / "answers" / "sums.jsonl", [(one, response("mine"))])
    write_answers(tmp_path / "theirs" / "answers" / "sums.jsonl", [(one, response("x")), (other, response("y"))])

    found = ledger.answers([tmp_path / "mine", tmp_path / "theirs", tmp_path / "absent"])

    assert {key: reply.text for key, (_, reply) in found.items()} == {one.key: "mine", other.key: "y"}


def test_only_files_that_differ_are_written_and_named(tmp_path: Path) -> None:
    assert ledger.save(tmp_path, {"a": "1", "b/c": "2"}) == ["a", "b/c"]
    assert ledger.save(tmp_path, {"a": "1", "b/c": "3"}) == ["b/c"]
    assert ledger.differences(tmp_path, {"a": "1", "b/c": "2", "d": ""}) == ["b/c", "d"]
