"""The races suite proves itself: every bug is caught, every repair passes, and wrong repairs die by their own code."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Template
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.errors import CheckerError
from harness.explore import Program, Scene
from harness.values import Sample, Suite, canonical

FOLDER = Path(__file__).parents[2] / "suites" / "races"
LEVELS = (1, 2, 3, 4, 5)
CODES = {
    "unparsable",
    "forbidden",
    "does_not_load",
    "missing_name",
    "wrong_alone",
    "race",
    "deadlock",
    "serialised",
    "livelock",
    "crashed",
    "timeout",
    "not_exhausted",
}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


def part(suite: Suite, name: str) -> ModuleType:
    """A module of the suite's folder."""
    return importlib.import_module(f"{sys.modules[suite.check.__module__].__package__}.{name}")


def each_family(suite: Suite, seed: str) -> Iterator[Sample]:
    """One sample of every family, with names and numbers of the seed's own."""
    assert suite.generate is not None
    for level in LEVELS:
        for index in range(len(part(suite, "catalogue").families(level))):
            yield suite.generate(seed, level, index)


def rendered(suite: Suite, sample: Sample, which: str) -> str:
    """The racy program (`bug`) or the reference repair (`fix`) of a sample, as an answer."""
    target = json.loads(sample.target)
    template = getattr(part(suite, "catalogue").named(target["family"]), which)
    return f"```python\n{part(suite, 'families').render(template, target['words'])}```"


def repaired(suite: Suite, family: str, source: str) -> str:
    """How the checker judges `source`, filled with the words of a sample of the family: `pass` or the code."""
    sample = next(sample for sample in each_family(suite, "other") if sample.template == family)
    words = json.loads(sample.target)["words"]
    score = suite.check(sample, f"```python\n{Template(source).substitute(words)}```")
    return "pass" if score.value == 1.0 else score.why


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_every_racy_program_fails_and_its_repair_passes(suite: Suite, level: int) -> None:
    samples = [sample for sample in each_family(suite, "proof") if sample.level == level]

    racy = {sample.template: suite.check(sample, rendered(suite, sample, "bug")) for sample in samples}
    fixed = {sample.template: suite.check(sample, rendered(suite, sample, "fix")) for sample in samples}

    assert {name: score.why for name, score in fixed.items() if score.value < 1} == {}
    assert {name for name, score in racy.items() if score.value > 0} == set()
    assert {score.why for score in racy.values()} <= {"race", "deadlock", "crashed"}


@pytest.mark.slow
def test_the_controls_are_judged_as_declared(suite: Suite) -> None:
    by_id = {sample.id: sample for sample in suite.samples}

    judged = {control.id: suite.check(by_id[control.sample], control.answer) for control in suite.controls}

    wrong = {
        control.id: judged[control.id]
        for control in suite.controls
        if (judged[control.id].value == 1.0) != (control.expect == "pass")
        or (control.expect == "fail" and judged[control.id].why != control.why)
    }
    assert wrong == {}


def test_the_controls_cover_every_code_level_and_family(suite: Suite) -> None:
    level = {sample.id: sample.level for sample in suite.samples}
    template = {sample.id: sample.template for sample in suite.samples}
    fails = [control for control in suite.controls if control.expect == "fail"]
    passes = [control for control in suite.controls if control.expect == "pass"]

    assert {control.why for control in fails} == CODES
    assert {level[control.sample] for control in fails} == set(LEVELS)
    assert {template[control.sample] for control in passes} == {sample.template for sample in suite.samples}
    assert {control.id.split(".")[0] for control in fails if control.id.endswith(".unchanged")} == set(
        template.values()
    )
    assert len(suite.controls) >= 30


def test_several_families_have_right_repairs_of_other_structure(suite: Suite) -> None:
    template = {sample.id: sample.template for sample in suite.samples}
    right = Counter(template[control.sample] for control in suite.controls if control.expect == "pass")

    assert sum(count >= 2 for count in right.values()) >= 20
    assert sum(count >= 3 for count in right.values()) >= 4


def test_the_frozen_samples_are_what_the_generator_makes(suite: Suite) -> None:
    assert suite.generate is not None
    for name, split in suite.splits.items():
        made = [
            suite.generate(str(split.seed), level, index)
            for level, count in zip(LEVELS, split.per_level, strict=True)
            for index in range(count)
        ]
        assert made == list(suites.load(FOLDER, split=name).samples)


def test_samples_are_many_and_short(suite: Suite) -> None:
    families = [sample.template for sample in each_family(suite, "any")]
    programs = [sample.input.split("```python\n")[1] for seed in "abc" for sample in each_family(suite, seed)]

    assert len(families) == len(set(families)) >= 25
    assert len({sample.input for sample in suite.samples}) == len(suite.samples)
    assert max(map(len, programs)) < 900


def test_no_program_hides_a_method_behind_an_attribute(suite: Suite) -> None:
    for seed in ("a", "b", "c", "d", "e"):
        for sample in each_family(suite, seed):
            tree = ast.parse(sample.input.split("```python\n")[1].removesuffix("```"))
            methods = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            stored = {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            }
            assert len(methods) == len(set(methods)), sample.input
            assert not stored & set(methods), sample.input


def test_a_verdict_does_not_change(suite: Suite) -> None:
    samples = {sample.template: sample for sample in suite.samples}
    for name in ("check_outside", "lock_order", "signal_saved"):
        answer = rendered(suite, samples[name], "bug")
        assert suite.check(samples[name], answer) == suite.check(samples[name], answer)


def test_what_the_child_is_sent_holds_no_expected_end(suite: Suite) -> None:
    for sample in suite.samples:
        target = json.loads(sample.target)
        family = part(suite, "catalogue").named(target["family"])
        for scenario in family.scenarios(target["words"]):
            assert set(scenario.message()) == {"objects", "hooks", "threads", "after"}


def test_a_target_of_another_version_is_our_fault(suite: Suite) -> None:
    sample = Sample(id="x", input="", target=canonical({"family": "gone", "words": {}}), metadata={})

    with pytest.raises(CheckerError, match="gone"):
        suite.check(sample, "x = 1")


MODEL = """
import threading
class Slot:
    def __init__(self):
        self.cond, self.items = threading.Condition(), []
    def put(self, n):
        with self.cond:
            self.items.append(n)
            self.cond.notify()
    def take(self):
        with self.cond:
            while not self.items:
                self.cond.wait()
            return self.items.pop(0)
    def same(self, n):
        return n
    def fail(self):
        raise LookupError
"""


def right_ends(suite: Suite, *threads: list[Any], **rest: Any) -> tuple[Any, dict[str, Any]]:
    told = {"objects": [["o", "Slot", []]], "hooks": {}, "threads": list(threads), "after": [], **rest}
    return part(suite, "model").allowed(Program(MODEL), told), told


def test_right_ends_are_those_of_whole_calls_in_some_order(suite: Suite) -> None:
    right, told = right_ends(suite, [["o", "put", [1]], ["o", "take", []]], [["o", "put", [2]]])
    ends = [end for _, end in Scene(Program(MODEL), told)]

    assert {str(end["results"]) for end in ends} == {"[[None, 1], [None]]", "[[None, 2], [None]]"}
    assert all(end in right for end in ends)
    assert {**ends[0], "results": [[None, 3], [None]]} not in right


def test_waiting_for_ever_is_right_only_where_every_order_has_to(suite: Suite) -> None:
    right, told = right_ends(suite, [["o", "take", []]], [["o", "put", [1]]], [["o", "take", []]])
    ends = [end for _, end in Scene(Program(MODEL), told)]

    assert {(end["kind"], tuple(end["stuck"])) for end in ends} == {("deadlock", (0,)), ("deadlock", (2,))}
    assert all(end in right for end in ends)
    assert {**ends[0], "stuck": [0, 2], "results": [[], [None], []]} not in right


def test_results_handed_on_stay_with_their_thread(suite: Suite) -> None:
    calls = [["o", "same", ["{}"]], ["o", "same", [{"result": 0}]]]
    threads = [json.loads(json.dumps(calls).replace("{}", name)) for name in ("a", "b")]
    right, told = right_ends(suite, *threads)

    assert all(end in right for _, end in Scene(Program(MODEL), told))


def test_an_exception_that_no_order_has_is_a_crash(suite: Suite) -> None:
    right, told = right_ends(suite, [["o", "put", [1]]], [["o", "take", []]])
    end = next(end for _, end in Scene(Program(MODEL), told))

    assert not right.crashed(end)
    assert right.crashed({**end, "results": [[None], [{"raised": "IndexError"}]]})
    right, _ = right_ends(suite, [["o", "fail", []]])
    assert not right.crashed({"results": [[{"raised": "LookupError"}]]})


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "import os.path",
        "from sys import settrace",
        "from . import checker",
        "from contextlib import os",
        "import contextlib\ncontextlib.sys",
        "import dataclasses\ndataclasses.inspect",
        "exec('1')",
        "f = getattr",
        "setattr(f, 'a', 1)",
        "().__class__.__bases__",
        "(lambda: 0).__globals__",
        "__import__('os')",
        "__builtins__",
        "def g(e): return e.__traceback__",
        "def g(e): return e.tb_frame",
        "import threading\nthreading.Lock()._world",
        "import typing\ntyping.get_type_hints(f)",
        "import _thread",
        "import asyncio",
    ],
)
def test_the_gate_refuses(suite: Suite, line: str) -> None:
    assert part(suite, "gate").forbidden(ast.parse(line)) is not None


@pytest.mark.parametrize(
    "line",
    [
        "import threading, queue, time",
        "from collections import defaultdict",
        "import collections.abc",
        "class A:\n    def __init__(self):\n        super().__init__()\n        self.__lock = 1",
        "class A:\n    def up(self):\n        self.__class__.count += 1",
        "if __name__ == '__main__':\n    pass",
        "from typing import Any\nx: Any = hash(id(type(3)))",
    ],
)
def test_the_gate_lets_ordinary_code_through(suite: Suite, line: str) -> None:
    assert part(suite, "gate").forbidden(ast.parse(line)) is None


BOTH_WAYS = """
import threading

class $cls:
    def __init__(self):
        self.lock = threading.RLock()
        self.$up = None
        self.$down = []

    def $add(self, $noun):
        first, second = sorted((self, $noun), key=id)
        with first.lock, second.lock:
            if $noun.$up is None:
                $noun.$up = self
                self.$down.append($noun)

    def $leave(self):
        while True:
            over = self.$up
            if over is None:
                return
            first, second = sorted((self, over), key=id)
            with first.lock, second.lock:
                if self.$up is over:
                    over.$down.remove(self)
                    self.$up = None
                    return

    def $size(self):
        with self.lock:
            return len(self.$down)
"""
IF_NOT_WHILE = """
import queue

class $cls:
    def __init__(self):
        self.$var = queue.Queue()

    def $put(self, $noun):
        self.$var.put($noun)

    def $take(self):
        return self.$var.get()

    def $size(self):
        return self.$var.qsize()
"""
CLOSE = """
import threading

class $cls:
    def __init__(self):
        self.lock = threading.Lock()
        self.some = threading.Condition(self.lock)
        self.$var = []
        self.closed = False

    def $put(self, $noun):
        with self.lock:
            self.$var.append($noun)
            self.some.notify()

    def $close(self):
        with self.lock:
            self.closed = True
            self.some.notify()

    def $take(self):
        with self.lock:
            self.some.wait_for(lambda: self.$var or self.closed)
            self.some.notify()
            return self.$var.pop(0) if self.$var else None
"""


@pytest.mark.parametrize(
    ("family", "source", "verdict"),
    [
        ("both_ways", BOTH_WAYS, "pass"),
        ("both_ways", BOTH_WAYS.replace("if self.$up is over:", "if True:"), "crashed"),
        ("both_ways", BOTH_WAYS.replace("key=id", "key=lambda each: 0"), "deadlock"),
        ("if_not_while", IF_NOT_WHILE, "pass"),
        ("if_not_while", IF_NOT_WHILE.replace("self.$var.get()", "self.$var.get_nowait()"), "crashed"),
        ("close_wakes_one", CLOSE, "pass"),
        (
            "close_wakes_one",
            CLOSE.replace("            self.some.notify()\n            return", "            return"),
            "deadlock",
        ),
    ],
)
def test_other_repairs_of_the_families_without_controls(suite: Suite, family: str, source: str, verdict: str) -> None:
    assert repaired(suite, family, source) == verdict
