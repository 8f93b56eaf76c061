"""Samples that are kept elsewhere, read through `datasets`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from worlds import write_suite

from harness import hub, suites
from harness.errors import BadInput
from harness.values import Split

pytestmark = pytest.mark.slow


def test_a_split_may_come_from_a_table_of_another_shape(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    shutil.rmtree(folder / "data")
    (folder / "sums.csv").write_text("question,answer\n1 + 2 = ?,3\n4 + 5 = ?,9\n")
    manifest = (folder / "suite.toml").read_text().split("[splits.public]")[0]
    split = '[splits.public]\nfile = "sums.csv"\ncolumns = {input = "question", target = "answer"}\n'
    (folder / "suite.toml").write_text(manifest.replace('generator = "generator.py:generate"\n', "") + split)
    controls = (folder / "controls.jsonl").read_text().replace("sums.l1.0000", "000001")
    (folder / "controls.jsonl").write_text(controls)

    suite = suites.load(folder)

    assert [(s.id, s.input, s.target, s.level) for s in suite.samples] == [
        ("000001", "1 + 2 = ?", "3", 1),
        ("000002", "4 + 5 = ?", "9", 1),
    ]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    (folder / "sums.csv").write_text("question,answer\n1 + 2 = ?,3\n")
    manifest = (folder / "suite.toml").read_text().split("[splits.public]")[0]
    (folder / "suite.toml").write_text(manifest + '[splits.public]\nfile = "sums.csv"\n')

    with pytest.raises(BadInput, match=r"sums\.csv:1: no column 'input'; map it under columns\.input"):
        suites.load(folder)


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"input": ["1 + 2 = ?"], "target": ["3"], "level": [4]}).to_parquet(tmp_path / "sums.parquet")

    (sample,) = hub.read(Split(file="sums.parquet"), tmp_path)

    assert (sample.id, sample.input, sample.target, sample.level) == ("000001", "1 + 2 = ?", "3", 4)


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (Split(file="sums.xlsx"), "unknown format; use one of .csv, .json, .jsonl, .parquet"),
        (Split(file="sums.csv"), "no such file"),
        (Split(hub="nobody/nothing", revision="0" * 40), "nobody/nothing: datasets cannot read it: "),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, split: Split, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        hub.read(split, tmp_path)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
