"""Every gate is shown to fail on a suite that breaks it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from worlds import write_suite

from harness import lint, suites


def findings(folder: Path) -> dict[str, list[tuple[str, str]]]:
    with ThreadPoolExecutor(2) as pool:
        found = lint.lint(suites.load(folder), pool)
    by_gate: dict[str, list[tuple[str, str]]] = {}
    for each in found:
        by_gate.setdefault(each.gate, []).append((each.result, each.detail))
    return by_gate


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_sound_suite_passes_every_gate(tmp_path: Path) -> None:
    found = findings(write_suite(tmp_path))

    assert {gate: [result for result, _ in some if result != "warn"] for gate, some in found.items()} == {
        "data": ["ok"],
        "prompts": ["ok"],
        "evidence": ["ok"],
        "controls": ["ok"],
        "degenerate": ["ok"],
    }


@pytest.mark.parametrize(
    ("gate", "file", "old", "new", "said"),
    [
        ("data", "data/sums.public.jsonl", "sums.l1.0003", "sums.l1.0777", "is not what the generator makes"),
        ("data", "generator.py", "number % 90", "hash(seed) % 90", "other samples in another process"),
        ("data", "README.md", "license: cc0-1.0\n", "", "names no license"),
        ("prompts", "suite.toml", 'user = "${input}"', 'user = "${input} It is not ${input}"', None),
        ("evidence", "suite.toml", "horizon = 40", "horizon = 20", "below the least number of units"),
        ("controls", "checker.py", "!= sample.target", "== 'never'", "off: must fail, but it passes"),
        ("controls", "checker.py", '"unparsable"', '"nonsense"', "words: must fail with 'unparsable'"),
        ("controls", "checker.py", "answer.strip().isdigit()", "answer.stripp()", "checker broke: AttributeError"),
        ("degenerate", "checker.py", "if not answer.strip().isdigit():", "if not answer.strip():\n        return Score(value=1.0)\n    if not answer.strip().isdigit():", "passes"),
    ],
)  # fmt: skip
def test_a_broken_suite_fails_its_gate(
    tmp_path: Path, gate: str, file: str, old: str, new: str, said: str | None
) -> None:
    folder = write_suite(tmp_path)
    edit(folder / file, old, new)

    details = [detail for result, detail in findings(folder)[gate] if result == "fail"]

    assert (not details) if said is None else any(said in detail for detail in details)


def test_too_few_units_for_any_verdict_is_said(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    edit(folder / "suite.toml", 'margin = "0.10"', 'margin = "0.05"')
    edit(folder / "suite.toml", "horizon = 40", "horizon = 80")

    assert (
        "warn",
        "40 units can never prove a tier: the rule needs 59; add templates or widen the margin",
    ) in findings(folder)["evidence"]


def test_a_prompt_that_shows_the_target_fails(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    edit(folder / "generator.py", "target=str(a + b)", 'target=f"{a} + {b} = ?"')
    for path, samples in suites.frozen(folder):
        from harness.records import write_lines

        write_lines(path, samples, order=lambda sample: sample.id)

    assert any("shows the target" in detail for _, detail in findings(folder)["prompts"])
