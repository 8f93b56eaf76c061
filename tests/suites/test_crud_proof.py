"""The proof of the crud suite: its answers are of many builds, all right ones pass every spec, all faults are put to use."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.values import Sample, Score, Suite

FOLDER = Path(__file__).parents[2] / "suites" / "crud"
LEVELS = (1, 2, 3, 4, 5)
FORMS = ("class", "http")


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture(scope="module")
def proof(suite: Suite) -> ModuleType:
    """The program that makes the controls."""
    return part(suite, "controls")


@pytest.fixture(scope="module")
def fresh(suite: Suite) -> list[Sample]:
    assert suite.generate is not None
    return [suite.generate("proof", level, index) for level in LEVELS for index in range(20)]


def part(suite: Suite, name: str) -> ModuleType:
    """A module of the suite's folder."""
    return importlib.import_module(f"{sys.modules[suite.check.__module__].__package__}.{name}")


def spec_of(sample: Sample) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(sample.target)
    return spec


def test_every_writer_answers_every_spec_with_code_of_its_own(
    suite: Suite, proof: ModuleType, fresh: list[Sample]
) -> None:
    for sample in [*suite.samples, *fresh]:
        spec = spec_of(sample)
        codes = [write(spec) for write in proof.WRITERS[spec["form"]].values()]

        assert len({ast.dump(ast.parse(code)) for code in codes}) == 3, sample.id
        assert not any("$" in code or "| " in code.replace(" | None", "").replace("} | changes", "") for code in codes)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", FORMS)
def test_right_answers_of_every_build_pass(
    suite: Suite, proof: ModuleType, fresh: list[Sample], form: str, level: int
) -> None:
    members = proof.family([*suite.samples, *fresh], form, level)
    writers = list(proof.WRITERS[form].items())

    for number, (sample, spec) in enumerate(members):
        name, write = writers[number % 3]

        assert suite.check(sample, write(spec)) == Score(value=1.0), (sample.id, name)


@pytest.mark.slow
def test_an_app_that_never_answers_is_too_late(suite: Suite, proof: ModuleType) -> None:
    ((sample, spec), *_) = proof.family(suite.samples, "http", 1)
    code = proof.reference(spec).replace("return await request.body()", "while True:\n        pass")

    assert suite.check(sample, code).why == "timeout"


def test_every_family_has_right_answers_of_three_builds_and_ten_wrong_ones(suite: Suite) -> None:
    levels = {sample.id: sample.level for sample in suite.samples}
    families = Counter((each.id.split("-")[0], levels[each.sample], each.expect) for each in suite.controls)

    assert len(families) == 20
    for (_, _, expect), count in families.items():
        assert count >= (4 if expect == "pass" else 10)


def test_every_fault_and_every_cheat_is_put_to_use(suite: Suite, proof: ModuleType) -> None:
    ids = {control.id for control in suite.controls}
    for form in FORMS:
        names = [fault.name for fault in proof.FAULTS[form]]

        assert len(set(names)) == len(names)
        assert len([id_ for id_ in ids if id_.startswith(f"{form}-") and "-cheat-" in id_]) >= 8
        for name in names:
            slug = proof.slug(name)
            assert any(id_.startswith(f"{form}-") and id_.endswith(f"-wrong-{slug}") for id_ in ids), name


def test_a_fault_that_a_spec_cannot_have_makes_no_answer_of_it(suite: Suite, proof: ModuleType) -> None:
    faults = part(suite, "proof.faults")
    ((_, spec), *_) = proof.family(suite.samples, "class", 1)
    total = next(fault for fault in proof.FAULTS["class"] if fault.name == "total counts the page")

    assert faults.broken(proof.reference(spec), spec, total) is None


def test_a_margin_says_which_specs_have_a_line(suite: Suite) -> None:
    template = part(suite, "proof.template")
    spec = next(spec_of(sample) for sample in suite.samples if spec_of(sample)["page"] and not spec_of(sample)["owner"])
    text = """
             |start
page         |    has pages
owner        |    has owners
!owner page  |    $lines
owner/page   |    has either of $plural
"""

    code = template.fill(text, spec, {"lines": "one\ntwo", "plural": "tickets"})

    assert code == "start\n    has pages\n    one\n    two\n    has either of tickets\n"
