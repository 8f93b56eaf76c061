"""A suite folder is read whole, and refused with one line where it is not sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import write_suite

from harness import suites
from harness.errors import BadInput

ROOT = Path(__file__).parent.parent
SHIPPED = ("classification", "crud", "extraction", "races")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_suite_loads_with_its_samples_controls_and_checker(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))

    first = suite.samples[0]
    assert (suite.id, len(suite.samples), len(suite.controls)) == ("sums", 40, 3)
    assert suite.check(first, first.target).value == 1.0
    assert suite.check(first, "0").why == "wrong_sum"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("suite.toml", 'title = "Adding', 'titel = "Adding', "suite.toml: titel: unknown key (did you mean 'title'?)"),
        ("suite.toml", 'margin = "0.10"', 'margin = "1.5"', "suite.toml: rule.margin: must lie between 0 and 1"),
        ("suite.toml", "${input}", "${text}", "suite.toml: prompt.user: no field ${text}; use ${input} or ${files}"),
        ("suite.toml", 'id = "sums"', 'id = "other"', "suite.toml: id: 'other' is not the folder's name"),
        (
            "suite.toml",
            "checker.py:check",
            "checker.py:chekc",
            "no function 'chekc' in checker.py (did you mean 'check'?)",
        ),
        ("suite.toml", "checker.py:check", "absent.py:check", "no file 'absent.py' in the folder"),
        ("checker.py", "def check", "def check(:\ndef x", "checker.py: does not load: SyntaxError"),
        ("data/sums.public.jsonl", "sums.l1.0001", "sums.l1.0000", "public.jsonl:2: duplicate id 'sums.l1.0000'"),
        ("data/sums.public.jsonl", '"level":1', '"level":9', "public.jsonl:1: metadata.level: must be 1, 2, 3, 4 or 5"),
        (
            "data/sums.public.jsonl",
            '"target"',
            '"traget"',
            "public.jsonl:1: traget: unknown key (did you mean 'target'?)",
        ),
        ("controls.jsonl", "sums.l1.0000", "sums.l1.9999", "controls.jsonl:1: no public sample 'sums.l1.9999'"),
        ("controls.jsonl", '"id":"off"', '"id":"right"', "controls.jsonl:2: duplicate id 'right'; ids must be unique"),
        ("controls.jsonl", '"expect":"pass"', '"expect":"maybe"', "controls.jsonl:1: expect: input should be"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    folder = write_suite(tmp_path)
    edit(folder / file, old, new)

    with pytest.raises(BadInput) as caught:
        suites.load(folder)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_suite_without_controls_is_refused(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    (folder / "controls.jsonl").unlink()

    with pytest.raises(BadInput, match="a checker needs answers that must pass and answers that must fail"):
        suites.load(folder)


@pytest.mark.parametrize(
    ("file", "change", "changes"),
    [
        ("checker.py", lambda text: text.replace("80]", "70]"), True),
        ("data/sums.public.jsonl", lambda text: text.replace(" = ?", " ="), True),
        ("suite.toml", lambda text: text.replace("the number alone", "digits"), True),
        ("suite.toml", lambda text: text.replace("max_output_tokens = 16", "max_output_tokens = 17"), True),
        ("suite.toml", lambda text: text.replace('title = "Adding', 'title = "Summing'), False),
        ("README.md", lambda text: text + "More.", False),
    ],
)
def test_the_hash_covers_what_decides_an_outcome(
    tmp_path: Path, file: str, change: Callable[[str], str], *, changes: bool
) -> None:
    before = suites.load(write_suite(tmp_path / "one")).hash
    folder = write_suite(tmp_path / "two")
    (folder / file).write_text(change((folder / file).read_text()))

    assert (suites.load(folder).hash != before) is changes


def test_the_checker_hash_follows_what_the_checker_imports() -> None:
    names = {path.name for path in suites.sources(ROOT / "suites" / "races", "checker.py:check")}

    assert {"checker.py", "answers.py", "sessions.py", "seccomp.py"} <= names
    assert "generator.py" not in names


def test_the_order_is_fixed_and_a_limit_takes_its_beginning(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))

    order = suites.ordered(suite)
    assert sorted(sample.id for sample in order) == sorted(sample.id for sample in suite.samples)
    assert suites.narrow(suite, limit=7).samples == order[:7]
    assert {sample.level for sample in suites.narrow(suite, levels=[2]).samples} == {2}


def test_registered_units_come_first_in_their_order(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))
    plain = [sample.template for sample in suites.ordered(suite)]
    known = tuple(sorted(plain)[:5])

    placed = [sample.template for sample in suites.ordered(replace(suite, order=known))]

    assert tuple(placed[:5]) == known
    assert placed[5:] == [unit for unit in plain if unit not in known]


def test_a_suite_may_say_that_parts_of_a_score_count(tmp_path: Path) -> None:
    assert suites.load(write_suite(tmp_path / "a", extra="graded = true")).graded
    assert not suites.load(write_suite(tmp_path / "b")).graded


def test_the_kinds_of_work_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert {"sums", "crud", "races"} <= set(suites.categories())


def test_fresh_samples_are_new_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)

    seven, again, eight = (suites.load(folder, fresh=seed) for seed in ("7", "7", "8"))

    assert seven.samples == again.samples
    assert not {s.input for s in seven.samples} & {s.input for s in eight.samples}
    assert not {s.input for s in seven.samples} & {s.input for s in suites.load(folder).samples}


def test_an_unknown_suite_names_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BadInput, match=r"clasification: no such suite \(did you mean 'classification'\?\)"):
        suites.find("clasification")


def test_a_users_suite_is_found_beside_the_shipped_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert {"sums", *SHIPPED} <= set(suites.names())
    assert suites.load(suites.find("sums")).id == "sums"


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_suites_have_forty_samples_over_all_levels(name: str) -> None:
    suite = suites.load(ROOT / "suites" / name)

    assert len(suite.samples) >= 40
    assert {sample.level for sample in suite.samples} == {1, 2, 3, 4, 5}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_suites_are_dataset_folders(name: str, tmp_path: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    public = datasets.load_dataset(str(ROOT / "suites" / name), split="public", cache_dir=str(tmp_path))

    suite = suites.load(ROOT / "suites" / name)
    assert [row["id"] for row in public] == [sample.id for sample in suite.samples]
    assert [row["target"] for row in public] == [sample.target for sample in suite.samples]
