"""Every gate is shown to fail on a suite that breaks it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from worlds import write_suite

from harness import lint, suites
from harness.records import write_lines


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


AT = "at margin 0.05, alpha 0.05, bar 0.80"
FLAWLESS = f"tier and reference that pass everything need 75 {AT}; add templates"


@pytest.mark.parametrize(
    ("units", "method", "horizon", "expected"),
    [
        (39, "sequential", 39, [
            ("fail", f"no tier can be proved: 39 units, at least 59 needed {AT}; add templates"),
            ("fail", "rule.horizon 39 is below the least number of units, 59"),
        ]),
        (58, "sequential", 59, [
            ("fail", f"no tier can be proved: 58 units, at least 59 needed {AT}; add templates"),
            ("warn", "rule.horizon 59 keeps bets too small: there are 58 units; take 58, or add templates"),
        ]),
        (60, "sequential", 60, [
            ("warn", f"60 units prove a tier only if it wins some: {FLAWLESS}"),
        ]),
        (76, "sequential", 76, []),
        (76, "sequential", 60, []),
        (76, "sequential", 80, [
            ("warn", "rule.horizon 80 keeps bets too small: there are 76 units; take 76, or add templates"),
        ]),
        (60, "fixed", 60, []),
        (60, "fixed", 61, [
            ("fail", "rule.horizon 61 is never reached: there are 60 units; take 60, or add templates"),
        ]),
    ],
)  # fmt: skip
def test_units_that_are_too_few_to_prove_a_tier_are_said(
    tmp_path: Path, units: int, method: str, horizon: int, expected: list[tuple[str, str]]
) -> None:
    folder = write_suite(tmp_path, per_level=(units,))
    edit(folder / "suite.toml", 'margin = "0.10"', 'margin = "0.05"')
    edit(folder / "suite.toml", 'method = "sequential"', f'method = "{method}"')
    edit(folder / "suite.toml", "horizon = 40", f"horizon = {horizon}")

    found = [each for each in findings(folder)["evidence"] if each[0] != "ok"]

    assert found == [*expected, ("warn", "only levels [1]")]


def test_evidence_is_counted_in_units_not_in_samples(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    edit(folder / "generator.py", 'f"l{level}-{index}"', 'f"l{level}-{index // 2}"')

    found = findings(folder)["evidence"]

    told = "no tier can be proved: 20 units, at least 29 needed at margin 0.10, alpha 0.05, bar 0.80; add templates"
    assert ("fail", told) not in found  # the frozen samples still have forty templates
    rewrite(folder)
    assert ("fail", told) in findings(folder)["evidence"]


def test_levels_too_small_for_a_floor_of_their_own_are_said(tmp_path: Path) -> None:
    folder = write_suite(tmp_path, per_level=(30, 29, 28, 1))

    assert ("warn", "levels 3, 4: fewer than 29 units each, so no floor of their own") in findings(folder)["evidence"]


def rewrite(folder: Path) -> None:
    for path, samples in suites.frozen(folder):
        write_lines(path, samples, order=lambda sample: sample.id)


def test_a_prompt_that_shows_the_target_fails(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    edit(folder / "generator.py", "target=str(a + b)", 'target=f"{a} + {b} = ?"')
    rewrite(folder)

    assert any("shows the target" in detail for _, detail in findings(folder)["prompts"])
