"""The classification suite: true labels, sound data, a proven checker, and no shortcut around the policy."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import records, suites
from harness.errors import CheckerError
from harness.values import Control, Sample, Suite

FOLDER = Path(__file__).parents[2] / "suites" / "classification"
LEVELS = (1, 2, 3, 4, 5)


@cache
def suite() -> Suite:
    return suites.load(FOLDER)


@cache
def reader() -> Any:
    spec = importlib.util.spec_from_file_location("intent_reader", Path(__file__).with_name("intent_reader.py"))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made.Reader(phrases=module("phrases"), fillers=module("fillers"), order=module("policy").ORDER)


def module(name: str) -> ModuleType:
    generate = suite().generate
    assert generate is not None
    return sys.modules[f"{generate.__module__.rpartition('.')[0]}.{name}"]


@cache
def drawn(seed: str, level: int, count: int) -> tuple[Sample, ...]:
    generate = suite().generate
    assert generate is not None
    return tuple(generate(seed, level, index) for index in range(count))


def label(sample: Sample) -> str:
    return str(json.loads(sample.target)["label"])


# The policy and its rendering


def event(act: str, value: str | int) -> Any:
    kind = module("policy").Event
    return kind(act, request=value) if isinstance(value, int) else kind(act, value)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("ask", "debug")], "debug"),
        ([("ask", "lookup"), ("drop", 0), ("ask", "review")], "review"),
        ([("quote", "design"), ("ask", "explain")], "explain"),
        ([("ask", "review"), ("ask", "small_edit")], "small_edit"),
        ([("ask", "small_edit"), ("ask", "multi_file_edit"), ("ask", "tests")], "multi_file_edit"),
        ([("ask", "lookup"), ("ask", "out_of_scope")], "lookup"),
        ([("ask", "design"), ("ask", "tests"), ("drop", 0), ("drop", 1), ("keep", 0)], "design"),
        ([("ask", "design"), ("ask", "tests"), ("drop", 0), ("keep", 0), ("drop", 0)], "tests"),
        ([("ask", "design"), ("drop", 0)], "out_of_scope"),
        ([("quote", "design")], "out_of_scope"),
        ([], "out_of_scope"),
    ],
)
def test_the_policy_gives_the_label_that_its_text_demands(events: list[tuple[str, Any]], expected: str) -> None:
    assert module("policy").decide([event(*each) for each in events]) == expected


def test_the_prompt_lists_the_labels_in_the_order_in_which_they_win() -> None:
    listed = re.findall(r"^(\w+): ", suite().system, flags=re.MULTILINE)

    assert tuple(listed) == module("policy").ORDER


def test_the_schema_allows_exactly_the_labels() -> None:
    schema = json.loads(suite().schema or "")

    assert sorted(schema["properties"]["label"]["enum"]) == sorted(module("policy").ORDER)


@pytest.mark.parametrize("level", LEVELS)
def test_a_reader_of_the_text_alone_comes_to_the_same_label(level: int) -> None:
    samples = [*drawn("reader", level, 90), *(x for x in suite().samples if x.level == level)]

    misread = [(x.id, x.input) for x in samples if reader().label(x.input) != label(x)]

    assert misread == []


# The wordings


def test_there_are_many_wordings_and_no_two_alike() -> None:
    phrases = module("phrases")
    every = [text for table in (phrases.DIRECT, phrases.ROUNDABOUT) for several in table.values() for text in several]

    assert {name: len(several) >= 8 for name, several in phrases.DIRECT.items()} == dict.fromkeys(phrases.DIRECT, True)
    assert min(map(len, phrases.ROUNDABOUT.values())) >= 12
    assert phrases.DIRECT.keys() == phrases.ROUNDABOUT.keys() == set(module("policy").LABELS)
    assert len(set(every)) == len(every)


def test_places_share_no_name() -> None:
    scenes = module("scenes").SCENES

    for part in ("module", "file", "function", "constant"):
        assert len({getattr(scene, part) for scene in scenes}) == len(scenes)


@pytest.mark.parametrize("level", LEVELS)
def test_two_requests_of_one_sample_never_talk_about_the_same_place(level: int) -> None:
    for sample in drawn("places", level, 90):
        talked = [places(sample.input[start:end]) for start, end, _ in reader().requests(sample.input)]

        assert sum(len(each) for each in talked) == len(set().union(*talked)), sample.input


@pytest.mark.parametrize("level", [1, 2])
def test_two_places_in_one_request_differ(level: int) -> None:
    phrases = module("phrases").DIRECT if level == 1 else module("phrases").ROUNDABOUT
    for sample in drawn("places", level, 300):
        name, number = sample.template.split(" ")[1].rsplit("-", 1)
        slots = re.findall(r"\{[a-z]+(\d?)\}", phrases[name][int(number) - 1])

        assert name == "out_of_scope" or len(places(sample.input)) == len(set(slots)), sample.input


def places(text: str) -> set[str]:
    """The modules of the code base that a text names, by themselves or by something in them."""
    scenes = module("scenes").SCENES
    for said in (words for scene in scenes for trouble in scene.troubles for words in trouble):
        text = text.replace(said, "")
    return {
        scene.module
        for scene in scenes
        if re.search(rf"(?<![a-z])(?:{scene.module}|{scene.function}|{scene.constant})(?![a-z])", text)
    }


@pytest.mark.parametrize("level", LEVELS)
def test_texts_are_rendered_cleanly(level: int) -> None:
    for sample in drawn("lint", level, 180):
        plain = re.sub(r'\{"label": "\w+"\}', "JSON", sample.input)
        assert not re.search(r"[{}$]|None\w|\bnan\b|  | [.,;?]|\.\.|::", plain), sample.input
        assert sample.input == sample.input.strip()


# The data


@pytest.mark.parametrize("split", ["public", "dev"])
def test_the_data_file_is_what_the_generator_makes(split: str) -> None:
    generate = suite().generate
    assert generate is not None

    made = suites.generate(suite().splits, generate, split=split)

    text = (FOLDER / "data" / f"classification.{split}.jsonl").read_text(encoding="utf-8")
    assert text == "".join(records.line(sample) + "\n" for sample in made)


def test_the_generator_gives_the_same_bytes_in_every_process(
    monkeypatch: pytest.MonkeyPatch, fresh: Callable[..., Any]
) -> None:
    code = (
        "import hashlib, sys; from pathlib import Path; from harness import records, suites\n"
        "generate = suites.load(Path(sys.argv[1])).generate\n"
        "lines = [records.line(generate('x', level, n)) for level in (5, 4, 3, 2, 1) for n in (70, 3, 0)]\n"
        "print(hashlib.sha256(''.join(sorted(lines)).encode()).hexdigest())"
    )
    seen = set()
    for hash_seed in ("0", "4711"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        monkeypatch.setenv("PYTHONPATH", str(FOLDER.parents[1]))
        done = fresh(code, FOLDER)
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)

    assert len(seen) == 1


def test_seeds_levels_and_indexes_give_other_samples() -> None:
    assert drawn("a", 3, 20) != drawn("b", 3, 20)
    assert [x.input for x in drawn("a", 3, 20)] != [x.input for x in drawn("a", 4, 20)]


@pytest.mark.parametrize(("level", "index"), [(0, 0), (6, 0), (1, -1)])
def test_an_unknown_level_or_index_is_refused(level: int, index: int) -> None:
    generate = suite().generate
    assert generate is not None

    with pytest.raises(ValueError, match="use levels 1-5"):
        generate("x", level, index)


@pytest.mark.parametrize("level", LEVELS)
def test_a_long_draw_holds_no_text_twice(level: int) -> None:
    texts = [sample.input for sample in drawn("long", level, 900)]

    assert len(set(texts)) == len(texts)


def test_no_text_and_no_template_comes_twice_in_the_public_split() -> None:
    samples = suite().samples
    dev = suites.load(FOLDER, split="dev").samples

    assert len({x.input for x in (*samples, *dev)}) == len(samples) + len(dev)
    assert len({x.template for x in samples}) == len(samples) == 150


@pytest.mark.parametrize("level", LEVELS)
def test_labels_are_balanced(level: int) -> None:
    public = [x for x in suite().samples if x.level == level]

    for samples in (public, drawn("balance", level, 95)):
        counts = Counter(label(sample) for sample in samples)
        assert len(counts) == 9
        assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize(("level", "shapes"), [(3, 4), (4, 4), (5, 6)])
def test_every_shape_of_a_level_occurs_and_none_prevails(level: int, shapes: int) -> None:
    names = [sample.template.split(" ")[0:2] for sample in drawn("shapes", level, 270)]
    seen = Counter(" ".join(name) if level < 5 else name[0] for name in names)

    assert len(seen) == shapes
    assert max(seen.values()) <= 0.35 * 270


@pytest.mark.parametrize("level", [3, 4, 5])
def test_what_does_not_count_usually_changes_the_label_if_it_is_counted(level: int) -> None:
    order = module("policy").ORDER
    samples = drawn("tempting", level, 270)

    fooled = [
        sample
        for sample in samples
        if min(re.findall(r"(?:ask|quote):(\w+)", sample.metadata["events"]), key=order.index) != label(sample)
    ]

    assert len(fooled) >= 0.45 * len(samples)


# Shortcuts


Guess = Callable[[str], str]


def keywords(samples: Sequence[Sample]) -> Guess:
    """Naive Bayes over the words that occur in a text."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    totals = Counter(label(sample) for sample in samples)
    for sample in samples:
        counts[label(sample)].update(words(sample.input))
    known = set().union(*counts.values())

    def guess(text: str) -> str:
        return max(sorted(totals), key=lambda name: likelihood(name, words(text) & known))

    def likelihood(name: str, seen: set[str]) -> float:
        return sum(math.log((counts[name][word] + 0.5) / (totals[name] + 1)) for word in seen)

    return guess


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+", text.lower()))


def accuracy(guess: Guess, samples: Sequence[Sample]) -> float:
    return sum(guess(sample.input) == label(sample) for sample in samples) / len(samples)


def test_keywords_solve_level_1_and_nothing_beyond_level_2() -> None:
    guess = keywords(drawn("train", 1, 360))

    reached = {level: accuracy(guess, drawn("probe", level, 270)) for level in LEVELS}

    assert reached[1] >= 0.95
    assert reached[2] <= 0.60
    assert max(reached[level] for level in (3, 4, 5)) <= 0.35


@pytest.mark.parametrize("level", [3, 4, 5])
def test_keywords_learned_at_the_same_level_stay_far_below_the_bar(level: int) -> None:
    guess = keywords(drawn("train", level, 360))

    assert accuracy(guess, drawn("probe", level, 270)) <= 0.55


def test_length_gives_no_label_away() -> None:
    for level in LEVELS:
        samples = drawn("length", level, 270)
        lengths = [len(sample.input) for sample in samples]
        middle = sum(lengths) / len(lengths)
        spread = math.sqrt(sum((x - middle) ** 2 for x in lengths) / len(lengths))
        for name in module("policy").LABELS:
            own = [len(sample.input) for sample in samples if label(sample) == name]
            assert abs(sum(own) / len(own) - middle) <= 1.5 * spread


# The checker


@pytest.mark.parametrize("control", suite().controls, ids=lambda control: str(control.id))
def test_every_control_is_judged_as_declared(control: Control) -> None:
    sample = next(sample for sample in suite().samples if sample.id == control.sample)

    score = suite().check(sample, control.answer)

    assert score.value == (1.0 if control.expect == "pass" else 0.0)
    assert score.why == ("" if control.expect == "pass" else control.why)
    assert len(score.details) <= 200


def test_controls_cover_every_level_and_every_code() -> None:
    controls = suite().controls

    assert {c.why for c in controls if c.expect == "fail"} == {
        "unparsable",
        "no_label",
        "unknown_label",
        "obeyed_quote",
        "wrong_label",
    }
    for expect in ("pass", "fail"):
        assert {c.sample.split(".")[1] for c in controls if c.expect == expect} == {f"l{n}" for n in LEVELS}
    assert len(controls) >= 40


def test_the_right_label_passes_and_every_other_one_fails() -> None:
    for sample in suite().samples:
        passed = [name for name in module("policy").LABELS if suite().check(sample, f'{{"label":"{name}"}}').value == 1]
        assert passed == [label(sample)]


@pytest.mark.parametrize("name", ["x" * 100_000, "\U000e0001" * 500, "\x00" * 300])
def test_an_endless_label_is_cut_in_the_details(name: str) -> None:
    score = suite().check(suite().samples[0], json.dumps({"label": name}))

    assert score.why == "unknown_label"
    assert len(score.details) <= 200


@pytest.mark.parametrize(
    "target", ["", "debug", "[]", '{"label":"bug"}', '{"label":"debug","decoy":"bug"}', '{"label":[]}']
)
def test_a_broken_target_is_our_fault(target: str) -> None:
    sample = Sample(id="x", input="", target=target, metadata={"level": 1, "template": "x"})

    with pytest.raises(CheckerError):
        suite().check(sample, '{"label":"debug"}')
