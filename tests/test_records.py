"""Files in and out: validated whole, replaced whole."""

from __future__ import annotations

import stat
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.records import line, plain, read_lines, read_toml, write_lines, write_text
from harness.values import Price, Rule, Sample

GOOD = '{"files":[],"id":"a","input":"b","metadata":{"level":1,"template":"t"},"target":"c"}'


def test_lines_are_read_as_values(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(f"{GOOD}\n")

    (sample,) = read_lines(path, Sample)

    assert (sample.id, sample.level, sample.template) == ("a", 1, "t")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "invalid json"),
        (GOOD.replace('"id"', '"idd"'), "unknown key"),
        (GOOD.replace('"target":"c"', '"target":3'), "target: input should be a valid string: 3"),
        ('{"id":"a","input":"b"}', "target: missing"),
        ("[1]", "input should be"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, bad: str, said: str) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(f"{GOOD}\n{bad}\n")

    with pytest.raises(BadInput) as caught:
        read_lines(path, Sample)

    assert str(caught.value).startswith(f"{path}:2: ")
    assert said in str(caught.value).lower()
    assert "\n" not in str(caught.value)


def test_an_unknown_toml_key_names_the_nearest_one(tmp_path: Path) -> None:
    path = tmp_path / "rule.toml"
    path.write_text('margn = "0.1"\nalpha = "0.05"\nbar = "0.8"\nhorizon = 4\nmethod = "fixed"\n')

    with pytest.raises(BadInput, match=r"rule\.toml: margn: unknown key \(did you mean 'margin'\?\)"):
        read_toml(path, Rule)


def test_broken_toml_says_where(tmp_path: Path) -> None:
    path = tmp_path / "rule.toml"
    path.write_text("margin = \n")

    with pytest.raises(BadInput, match=r"not valid TOML: .*line 1"):
        read_toml(path, Rule)


def test_a_missing_file_and_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe")

    with pytest.raises(BadInput, match="no such file"):
        read_lines(tmp_path / "absent.jsonl", Sample)
    with pytest.raises(BadInput, match="not UTF-8 at byte 0"):
        read_lines(tmp_path / "x.jsonl", Sample)


def test_writing_replaces_the_file_whole_and_only_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"

    assert write_text(path, "one")
    assert not write_text(path, "one")
    assert write_text(path, "two")
    assert path.read_text() == "two"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BadInput, match=r"file\.txt: cannot write: No space left on device; free some space"):
        write_text(path, "new")
    assert [each.read_text() for each in tmp_path.iterdir() if each.is_file()] == ["old"]


def test_lines_come_sorted_and_canonical(tmp_path: Path) -> None:
    path = tmp_path / "prices.jsonl"
    prices = [Price(input=Decimal(x), output=Decimal("2.50"), unit="u", on="d", source="s") for x in ("3", "1")]

    write_lines(path, prices, order=lambda each: each.input)

    assert path.read_text().splitlines() == [
        '{"batch":null,"cache_write":null,"cached":null,"input":"1","on":"d","output":"2.50","source":"s","unit":"u"}',
        '{"batch":null,"cache_write":null,"cached":null,"input":"3","on":"d","output":"2.50","source":"s","unit":"u"}',
    ]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_money_survives_a_round_trip_to_the_digit(amount: Decimal) -> None:
    assert Decimal(plain(amount)) == amount
    assert line(amount) == f'"{amount:f}"'
