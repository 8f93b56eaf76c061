"""Judgements are kept beside the answers, shared by processes, and never a reason to stop."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.cache import Cache
from harness.errors import BadInput
from harness.judgements import DATABASE, Judgement, Judgements


def judgement(verdict: str = "pass", **more: str) -> Judgement:
    score = 1.0 if verdict == "pass" else 0.25
    return Judgement(verdict=verdict, score=score, why="", details="", **more)  # type: ignore[arg-type]


def test_what_is_kept_is_found_by_another_process_and_nothing_else_is(tmp_path: Path) -> None:
    made = {f"{number:064x}": judgement(isolation="namespaces") for number in range(1200)}

    with Judgements(tmp_path) as first, Judgements(tmp_path) as second:
        first.add_all(made)
        found = second.get_all([*made, "f" * 64])

    assert found == made


def test_errors_are_not_kept(tmp_path: Path) -> None:
    with Judgements(tmp_path) as kept:
        kept.add_all({"a": judgement("error"), "b": judgement("fail")})

        assert kept.get_all(["a", "b"]) == {"b": judgement("fail")}


def test_a_folder_is_not_touched_before_the_first_use(tmp_path: Path) -> None:
    with Judgements(tmp_path / "answers"):
        pass

    assert not (tmp_path / "answers").exists()


@pytest.mark.parametrize("text", ["", "{}", '{"verdict":"maybe"}', "\x00"])
def test_a_row_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    with Judgements(tmp_path) as kept:
        kept.add_all({"a": judgement(), "b": judgement()})
        with closing(sqlite3.connect(tmp_path / DATABASE)) as database, database:
            database.execute("UPDATE judgement SET line = ? WHERE graded = 'a'", [text])

        assert kept.get_all(["a", "b"]) == {"b": judgement()}


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_text("no database at all, but long enough to be looked at" * 9)

    with pytest.raises(
        BadInput, match=r"judgements\.db: cannot keep judgements: file is not a database; .*delete the file"
    ):
        Judgements(tmp_path).get_all(["a"])


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    with Judgements(tmp_path / "answers") as kept:
        kept.add_all({"a": judgement()})

        assert (tmp_path / "answers" / DATABASE).stat().st_mode & 0o077 == 0
        assert (tmp_path / "answers").stat().st_mode & 0o077 == 0


def test_judgements_and_answers_share_a_folder_whoever_comes_first(tmp_path: Path) -> None:
    with Judgements(tmp_path / "first") as kept:
        kept.add_all({"a": judgement()})
        with Cache.open(tmp_path / "first") as cache:
            assert len(cache) == 0

    with Cache.open(tmp_path / "second"), Judgements(tmp_path / "second") as kept:
        assert kept.get_all(["a"]) == {}
