"""The crud suite proves itself: its words say the whole spec, its oracle is met by right answers, its checker by wrong ones."""

from __future__ import annotations

import importlib.util
import json
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.checkers.answers import read_code
from harness.values import Control, Sample, Score, Suite

FOLDER = Path(__file__).parents[2] / "suites" / "crud"
LEVELS = (1, 2, 3, 4, 5)
FRESH = 20
CODES = {
    "bad_reply",
    "crashed",
    "does_not_load",
    "missing_method",
    "not_persistent",
    "not_sqlite",
    "timeout",
    "unparsable",
    "wrong_bulk",
    "wrong_conflict",
    "wrong_delete",
    "wrong_file",
    "wrong_missing",
    "wrong_move",
    "wrong_order",
    "wrong_owner",
    "wrong_page",
    "wrong_replay",
    "wrong_restore",
    "wrong_result",
    "wrong_sequence",
    "wrong_text",
    "wrong_update",
    "wrong_validation",
    "wrong_version",
}
# Mutants that do what the spec says all the same: the only column is also the last, an id that no deletion frees
# needs no counter, and a default that is within its own field's limits passes its check whichever it is.
EQUIVALENT = re.compile(r"r\[-1\]|INTEGER PRIMARY KEY, |^v = d\.get\('\w+', (True|False|\d+)\)$")


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


answers, reader, mutation = beside("crud_answers"), beside("crud_reader"), beside("crud_mutants")
documents = beside("crud_documents").documents


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture(scope="module")
def fresh(suite: Suite) -> list[Sample]:
    assert suite.generate is not None
    return [suite.generate("test", level, index) for level in LEVELS for index in range(FRESH)]


def spec_of(sample: Sample) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(sample.target)
    return spec


def one_a_level(suite: Suite) -> Iterator[Sample]:
    for level in LEVELS:
        yield next(sample for sample in suite.samples if sample.level == level)


def affected(suite: Suite, fault: str) -> list[tuple[Sample, str]]:
    """The samples whose spec can have the fault, with the answer that has it; at most two a level."""
    found = []
    for level in LEVELS:
        pairs = [(s, answers.compact(spec_of(s), fault)) for s in suite.samples if s.level == level]
        found += [(s, wrong) for s, wrong in pairs if wrong != answers.compact(spec_of(s))][:2]
    return found


def test_the_words_say_the_whole_spec(suite: Suite, fresh: list[Sample]) -> None:
    for sample in [*suite.samples, *fresh]:
        spec = spec_of(sample)
        del spec["level"], spec["plural"]
        if spec["moves"]:
            spec["moves"]["states"] = set(spec["moves"]["states"])

        assert reader.read(sample.input) == spec, sample.id


def test_no_field_is_called_like_something_else_in_its_record(suite: Suite, fresh: list[Sample]) -> None:
    for sample in [*suite.samples, *fresh]:
        names = [field["name"] for field in spec_of(sample)["fields"]]
        assert len({*names, "id", "version", "state", "owner", "key"}) == len(names) + 5
        assert 2 <= len(names) <= 3


def test_every_sample_is_a_spec_of_its_own(suite: Suite) -> None:
    dev = suites.load(FOLDER, split="dev").samples
    templates = [sample.template for sample in [*suite.samples, *dev]]

    assert len(set(templates)) == len(templates)


def test_prompts_are_short(suite: Suite) -> None:
    words = {level: max(len(s.input.split()) for s in suite.samples if s.level == level) for level in LEVELS}

    assert words[2] <= 130
    assert max(words.values()) <= 200
    assert len(suite.system.split()) <= 175


@pytest.mark.slow
def test_two_unlike_right_answers_pass_every_sample(suite: Suite, fresh: list[Sample]) -> None:
    for number, sample in enumerate([*suite.samples, *fresh]):
        scores = [suite.check(sample, answers.compact(spec_of(sample)))]
        if number % 2 == 0:
            scores.append(suite.check(sample, documents(spec_of(sample))))

        assert scores == [Score(value=1.0)] * len(scores), sample.id


@pytest.mark.parametrize(("fault", "code"), answers.FAULTS.items())
def test_a_fault_is_found_and_called_by_its_name(suite: Suite, fault: str, code: str) -> None:
    pairs = affected(suite, fault)
    assert pairs
    for sample, answer in pairs:
        score = suite.check(sample, answer)

        assert (score.why, score.value < 1) == (code, True), (sample.id, score)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_mechanical_mutants_of_a_right_answer_die(suite: Suite, level: int) -> None:
    sample = [s for s in suite.samples if s.level == level][-1]
    source = read_code(answers.compact(spec_of(sample)))
    made = list(mutation.mutants(source))

    alive = [line for wrong, line in made if suite.check(sample, wrong).value == 1]

    assert [line for line in alive if not EQUIVALENT.search(line)] == []
    assert len(alive) < len(made) / 10


@pytest.mark.parametrize("control", suites.load(FOLDER).controls, ids=lambda control: control.id)
def test_a_control_is_judged_as_declared(suite: Suite, control: Control) -> None:
    sample = next(sample for sample in suite.samples if sample.id == control.sample)

    score = suite.check(sample, control.answer)

    assert (score.value == 1) == (control.expect == "pass"), score
    assert score.why == ("" if control.expect == "pass" else control.why), score
    assert len(score.details) <= 200


def test_controls_cover_every_code_and_level(suite: Suite) -> None:
    levels = {sample.id: sample.level for sample in suite.samples}
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert {control.why for control in suite.controls if control.expect == "fail"} == CODES
    assert {levels[control.sample] for control in suite.controls if control.expect == "pass"} == set(LEVELS)
    assert {levels[control.sample] for control in suite.controls if control.expect == "fail"} == set(LEVELS)
    assert all(f"`{code}`" in readme for code in CODES)


def test_a_verdict_is_the_same_each_time(suite: Suite) -> None:
    sample = next(sample for sample in suite.samples if sample.level == 5)
    for answer in (answers.compact(spec_of(sample)), answers.compact(spec_of(sample), "bulk keeps the first")):
        scores = {suite.check(sample, answer) for _ in range(3)}

        assert len(scores) == 1


@pytest.mark.parametrize(
    "dress",
    [
        lambda code: f"```python\r\n{code.replace(chr(10), chr(13) + chr(10))}\r\n```\r\n",
        lambda code: f"Sure! Here it is:\n\n```py\n{code}\n```\n\nCall `Store(path)`.",
        lambda code: f"~~~~python3\n{code}\n~~~~",
        lambda code: f"```\n{code}",
        lambda code: code,
        lambda code: f"```python\nfrom __future__ import annotations\n{code}\nprint(Store('x.db').get.__name__)\n```",
    ],
)
def test_how_the_code_is_wrapped_is_no_matter(suite: Suite, dress: Any) -> None:
    sample = suite.samples[0]

    assert suite.check(sample, dress(read_code(answers.compact(spec_of(sample))))).value == 1


def test_the_share_of_requirement_groups_is_the_score(suite: Suite) -> None:
    sample = next(sample for sample in suite.samples if sample.level == 3)
    one = suite.check(sample, answers.compact(spec_of(sample), "limit unchecked"))
    all_but_the_code = suite.check(sample, "print('done')")

    assert 0.9 < one.value < 1
    assert all_but_the_code.value == 0


def test_the_expected_answers_stay_with_us(suite: Suite) -> None:
    """A store that looks for the target all over its process and file system finds nothing."""
    sample = suite.samples[0]
    needle = sample.template
    spy = f"""
import gc, os
found = [o for o in gc.get_objects() if type(o) is dict and {spec_of(sample)["entity"]!r} in map(str, o.values())]
found += [n for n in os.listdir() if not n.startswith("store")] + [k for k in os.environ]
found += [open('/proc/self/' + n, 'rb').read() for n in ('environ', 'cmdline') if os.path.exists('/proc/self/' + n)
          if {needle.encode()!r} in open('/proc/self/' + n, 'rb').read()]
if found: raise SystemExit
"""
    score = suite.check(sample, f"{spy}{read_code(answers.compact(spec_of(sample)))}")

    assert score == Score(value=1.0)


@pytest.mark.parametrize(
    "trick",
    [
        "raise ValueError('\\ud800' * 500)",
        "reply({'missing': ['\\ud800']})",
        "reply({'missing': [], 'syntax': 1})",
        "reply(deep)",
        "reply({'missing': deep})",
        "reply({'raised': [], 'text': deep})",
        "reply({'missing': []}); taken(); reply({'raised': deep, 'text': deep})",
        "reply({'missing': []}); taken(); reply({'value': None}); taken(); reply({'value': deep})",
        "reply({'missing': []}); taken(); reply({'odd': {'a': '\\udfff'}})",
        "reply({'missing': []}); taken(); reply(None)",
    ],
)
def test_an_answer_that_speaks_for_the_driver_fails_all_the_same(suite: Suite, trick: str) -> None:
    """It finds the channel and the nonce in its own process: what it cannot find is a right answer."""
    answer = f"""```python
import gc
channel = next(o for o in gc.get_objects() if type(o).__name__ == 'Channel')
reply, taken = channel.send, channel.take
deep = []
for _ in range(400): deep = [deep]
{trick}
```"""
    score = suite.check(suite.samples[0], answer)

    assert score.value < 0.5
    assert score.why in CODES
    assert score.details.encode()


def test_a_grading_is_cheap(suite: Suite) -> None:
    def spent() -> float:
        ours, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return ours.ru_utime + ours.ru_stime + theirs.ru_utime + theirs.ru_stime

    for sample in one_a_level(suite):
        before = spent()
        suite.check(sample, answers.compact(spec_of(sample)))

        assert spent() - before < 0.4, sample.id
