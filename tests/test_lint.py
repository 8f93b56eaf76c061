"""Every gate is shown to fail on a suite that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds import write_suite

from harness import lint, sandbox, suites
from harness.errors import BadInput
from harness.records import write_lines
from harness.values import canonical


def findings(folder: Path, most: int | None = 0) -> dict[str, list[tuple[str, str]]]:
    found = lint.lint(suites.load(folder), most=most)
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


def test_a_verdict_that_depends_on_the_draw_fails_where_a_checker_draws(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    edit(folder / "checker.py", "!= sample.target", '!= sample.target and not sample.id.endswith("again")')
    assert [result for result, _ in findings(folder)["controls"]] == ["ok"]

    edit(folder / "suite.toml", 'checker = "checker.py:check"', 'checker = "checker.py:check"\ndraws = true')

    assert findings(folder)["controls"] == [("fail", "off: must fail, but it passes with 1 of 3 draws")]


def test_controls_that_are_not_what_the_program_makes_fail(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    (folder / "proof.py").write_text(PROOF)
    edit(
        folder / "suite.toml",
        'checker = "checker.py:check"',
        'checker = "checker.py:check"\ncontrols = "proof.py:controls"',
    )

    stale = findings(folder)["data"]
    write_proof(folder)

    assert stale == [("fail", "controls.jsonl is not what the suite's program makes; run: tierfloor generate sums")]
    assert [result for result, _ in findings(folder)["data"]] == ["ok"]


def write_proof(folder: Path) -> None:
    proof = suites.proof(folder)
    assert proof is not None
    write_lines(proof[0], proof[1], order=lambda _: 0)


PROOF = """
from harness.values import Control


def controls(samples):
    for sample in samples[:2]:
        yield Control(id=f"right-{sample.id}", sample=sample.id, answer=sample.target, expect="pass", why="the sum")
        yield Control(id=f"words-{sample.id}", sample=sample.id, answer="a number", expect="fail", why="unparsable")
"""

EXECUTED = """
from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    names = {}
    try:
        exec(answer.removeprefix("```python").removesuffix("```"), names)
        good = [names["most"](2, 1), names["most"](1, 2)] == [2, 2]
    except Exception:
        good = False
    return Score(value=1.0) if good else Score(value=0.0, why="wrong")
"""
RIGHT = "```python\ndef most(a, b):\n    if a > b:\n        return a\n    return b\n```"


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    """A suite of code, of which one right answer is mutated: four small faults and one change that is none."""
    folder = write_suite(tmp_path)
    (folder / "checker.py").write_text(EXECUTED)
    edit(folder / "suite.toml", 'checker = "checker.py:check"', 'checker = "checker.py:check"\nmutants = ["right-*"]')
    controls = [
        {"id": "right-one", "sample": "sums.l1.0000", "answer": RIGHT, "expect": "pass", "why": "the larger"},
        {"id": "none", "sample": "sums.l1.0000", "answer": "pass", "expect": "fail", "why": "wrong"},
    ]
    (folder / "controls.jsonl").write_text("".join(f"{canonical(each)}\n" for each in controls))
    return folder


def equivalent(**changed: str) -> str:
    given = {"of": "right-*", "where": "most", "change": "if a > b: -> if a >= b:", "reason": "equal ones are equal"}
    return f"{canonical(given | changed)}\n"


def test_a_small_fault_that_passes_fails_the_lint(executed: Path) -> None:
    survives = "right-one: most: if a > b: -> if a >= b:: passes; find it by a check, or say in equivalents.jsonl why"
    rate = "3 of 4 small faults in 1 right answers found (75.0%); 0 changes are no faults; 4 changes can be made"

    found = findings(executed, most=None)["mutants"]

    assert found == [("fail", f"{survives} it is right"), ("fail", rate)]


def test_a_change_that_is_no_fault_is_listed_with_its_reason(executed: Path) -> None:
    (executed / "equivalents.jsonl").write_text(equivalent())
    rate = "3 of 3 small faults in 1 right answers found (100.0%); 1 changes are no faults; 4 changes can be made"

    assert findings(executed, most=None)["mutants"] == [("ok", rate)]


def test_a_listed_change_that_cannot_be_made_or_is_found_fails_the_lint(executed: Path) -> None:
    (executed / "equivalents.jsonl").write_text(equivalent() + equivalent(change="if a > b: -> pass"))

    assert findings(executed, most=None)["mutants"][0] == (
        "fail",
        "equivalents.jsonl: right-*: most: if a > b: -> pass: no such mutant passes; remove it",
    )


def test_mutants_are_judged_when_asked_for_and_as_many_as_asked(executed: Path) -> None:
    assert "mutants" not in findings(executed)
    assert "of 2 small faults" in findings(executed, most=2)["mutants"][-1][1]


def test_a_pattern_of_mutants_that_names_no_right_answer_is_refused(executed: Path) -> None:
    edit(executed / "suite.toml", "right-*", "left-*")

    with pytest.raises(BadInput, match=r"suite.toml: mutants: no right answer 'left-\*' in controls.jsonl"):
        suites.load(executed)


def test_code_is_not_run_without_isolation_and_no_control_is_blamed_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox.CHOICE, "nonsense")
    races = suites.load(suites.find("races"))

    with pytest.raises(BadInput, match="no plugin named 'nonsense'"):
        lint.lint(races)
