"""Files of rows, each row with its place; what is no table is one line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.importers.reading import read


def test_a_row_of_csv_is_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('x,y\n1,"two\nlines"\n\n2,b\n')

    found = read(path, {"x", "y"})

    assert (found.columns["x"], found.columns["y"]) == (["1", "2"], ["two\nlines", "b"])
    assert (found.at(0), found.at(1)) == (f"{path}:2", f"{path}:5")


def test_only_wanted_columns_are_kept_and_all_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"x": 1}\n\n{"y": [1, 2], "z": {"deep": true}}\n')

    found = read(path, {"x", "y", "w"})

    assert found.names == ("x", "y", "z")
    assert found.columns == {"x": [1, None], "y": [None, [1, 2]]}
    assert list(found.lines) == [1, 3]
    assert found.only([1]).at(0) == f"{path}:3"


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x\n" + "".join(f"{number}\n" for number in range(5001)))

    found = read(path, {"x"})

    assert found.columns["x"] == [str(number) for number in range(5001)]
    assert (found.lines[0], found.lines[-1]) == (2, 5002)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.xlsx", b"", "unknown format '.xlsx'; "),
        ("a", b"", "unknown format ''; known: .csv, "),
        ("a.csv", b"", "a.csv: no rows"),
        ("a.csv", b"x,y\n", "a.csv: no rows"),
        ("a.jsonl", b"\n\n", "a.jsonl: no rows"),
        ("a.csv", b"x,y\n1,2\n1\n", "a.csv:3: 1 cells under 2 column names"),
        ("a.csv", b"x,y\n1,2,3\n", "a.csv:2: 3 cells under 2 column names"),
        ("a.csv", b"x,x\n1,2\n", "a.csv:1: two columns are named 'x'; rename one"),
        ("a.csv", b'x,y\n1,"2\n', "a.csv:2: not CSV: unexpected end of data"),
        ("a.csv", b"x\n1\n\xff\n", "a.csv:3: not UTF-8 at byte 4; save it as UTF-8"),
        ("a.csv", "x\n1\n".encode("utf-16"), "a.csv:1: not UTF-8 at byte 0; save it as UTF-8"),
        ("a.jsonl", b'{"x": 1}\n{"x": \n', "a.jsonl:2: not JSON: "),
        ("a.jsonl", b'{"x": 1}\n7\n', "a.jsonl:2: a row must be a JSON object, not 7"),
        ("a.json", b"[1, 2", "a.json: not JSON: "),
        ("a.json", b'[{"x": 1}, 2]', "a.json:2: a row must be a JSON object, not 2"),
        ("a.csv.gz", b"x\n1\n", "a.csv.gz: not a whole gzip file: "),
        ("a.csv.gz", gzip.compress(b"x\n1\n" * 99, mtime=0)[:-9], "a.csv.gz: not a whole gzip file: "),
        ("a.parquet", b"PAR1 nothing", "a.parquet: not Parquet: "),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(BadInput) as caught:
        read(tmp_path / name, {"x"})

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.csv: no such file"):
        read(tmp_path / "gone.csv", {"x"})
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadInput, match=r"folder\.csv: cannot read: "):
        read(tmp_path / "folder.csv", {"x"})
