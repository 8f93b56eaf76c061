"""The crud suite's words say the whole spec, and no two samples are alike."""

from __future__ import annotations

import importlib.util
import itertools
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.values import Sample, Suite

FOLDER = Path(__file__).parents[2] / "suites" / "crud"
LEVELS = (1, 2, 3, 4, 5)
TAKEN = {"id", "version", "state", "owner", "key", "limit", "offset", "sort", "filters", "data", "changes"}


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reader = beside("crud_reader")


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture(scope="module")
def fresh(suite: Suite) -> list[Sample]:
    assert suite.generate is not None
    return [suite.generate("test", level, index) for level in LEVELS for index in range(20)]


def spec_of(sample: Sample) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(sample.target)
    return spec


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_the_words_say_the_whole_spec(suite: Suite, fresh: list[Sample]) -> None:
    for sample in [*suite.samples, *fresh]:
        spec = spec_of(sample)
        del spec["level"]
        if spec["moves"]:
            spec["moves"]["states"] = set(spec["moves"]["states"])

        assert reader.read(sample.input) == spec, sample.id


def test_no_name_of_a_field_means_something_else_as_well(suite: Suite, fresh: list[Sample]) -> None:
    for sample in [*suite.samples, *fresh]:
        spec = spec_of(sample)
        names = [field["name"] for field in spec["fields"]]

        assert len({*names, *TAKEN}) == len(names) + len(TAKEN), sample.id
        assert spec["parent"] is None or spec["parent"]["entity"] != spec["entity"]


def test_a_third_of_each_level_asks_for_an_app(suite: Suite) -> None:
    forms = Counter((sample.level, sample.metadata["form"]) for sample in suite.samples)

    assert forms == {(level, form): count for level in LEVELS for form, count in (("class", 20), ("http", 10))}


def test_every_sample_is_a_spec_of_its_own(suite: Suite) -> None:
    dev = suites.load(FOLDER, split="dev").samples
    templates = [sample.template for sample in [*suite.samples, *dev]]

    assert len(set(templates)) == len(templates)
    assert all(len({s.metadata["entity"] for s in suite.samples if s.level == level}) == 30 for level in LEVELS)


def test_no_two_inputs_are_nearly_the_same(suite: Suite) -> None:
    """Of all runs of five words that two inputs have, less than four in five are in both."""
    texts = [shingles(sample.input) for sample in suite.samples]

    assert max(len(one & other) / len(one | other) for one, other in itertools.combinations(texts, 2)) < 0.8


def test_each_requirement_is_asked_for_often_enough_to_be_missed(suite: Suite) -> None:
    asked = Counter(
        name if value is True or not isinstance(value, str) else f"{name} {value}"
        for sample in suite.samples
        for name, value in spec_of(sample).items()
        if value and name not in {"level", "form", "entity", "plural", "fields", "order", "unique"}
    )

    assert min(asked.values()) >= 5, asked


def test_prompts_are_as_short_as_their_level_allows(suite: Suite) -> None:
    words = {level: max(len(s.input.split()) for s in suite.samples if s.level == level) for level in LEVELS}

    assert words[1] <= 360
    assert max(words.values()) <= 800
