"""Scenarios are played as told and their ends are told as data, here and in the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from harness.explore import DRIVER, Explorer, Program, Scene, modules
from harness.explore.shown import Numbering, freeze
from harness.sandbox import CandidateTimeout, Limits, session

SOURCE = """
import threading
class Box:
    def __init__(self, start=0, hook=None):
        self.value, self.hook, self.items, self.lock = start, hook, [], threading.Lock()
    def add(self, n):
        old = self.value
        self.value = old + n
        return self.value
    def keep(self, n):
        self.items.append(n)
        return self.items
    def ask(self, *n):
        return self.hook(*n)
    def locked(self, n):
        with self.lock:
            return self.hook(n)
    def hang(self):
        self.lock.acquire()
        self.lock.acquire()
    def fail(self):
        raise LookupError
    def leave(self):
        raise SystemExit(0)
def double(n):
    return 2 * n
"""


def scenario(*threads: list[Any], **rest: Any) -> dict[str, Any]:
    return {"objects": [["o", "Box", []]], "hooks": {}, "threads": list(threads), "after": [], **rest}


def only(told: dict[str, Any], **options: Any) -> dict[str, Any]:
    [(_, end)] = Scene(Program(SOURCE), told, **options)
    return end


def test_an_end_tells_results_and_what_was_asked_afterwards() -> None:
    told = scenario([["o", "add", [2]], ["", "double", [4]]], after=[["o", "add", [1]]])

    end = only(told)

    assert end["kind"] == "done"
    assert end["results"] == [[2, 8]]
    assert end["after"] == [3]
    assert end["stuck"] == []


def test_arguments_name_objects_hooks_and_earlier_results() -> None:
    told = scenario(
        [["o", "add", [5]], ["o", "add", [{"result": 0}]], ["p", "ask", [{"ref": "o"}]]],
        objects=[["o", "Box", [1]], ["p", "Box", [0, {"ref": "hook"}]]],
        hooks={"hook": {"kind": "log"}},
    )

    end = only(told)

    assert end["results"] == [[6, 12, None]]
    assert end["hooks"] == {"hook": [[{"object": 0}]]}


@pytest.mark.parametrize(
    ("hook", "asked", "answer"),
    [
        ({"kind": "log"}, ["x"], None),
        ({"kind": "load"}, ["x"], "<x>"),
        ({"kind": "make"}, [], {"object": 0}),
        ({"kind": "plus", "n": 3}, [4], 7),
        ({"kind": "meet", "parties": 1}, ["x"], "<x>"),
        ({"kind": "call", "call": ["o", "add", [9]], "on": "x"}, ["x"], None),
    ],
)
def test_hooks(hook: dict[str, Any], asked: list[Any], answer: Any) -> None:
    told = scenario(
        [["o", "ask", asked]], objects=[["o", "Box", [0, {"ref": "h"}]]], hooks={"h": hook}, after=[["o", "add", [0]]]
    )

    end = only(told)

    assert end["results"] == [[answer]]
    assert end["hooks"] == {"h": [asked]}
    assert end["after"] == [9 if hook["kind"] == "call" else 0]


def test_meeting_inside_a_lock_is_a_deadlock_and_outside_is_not() -> None:
    def told(method: str) -> dict[str, Any]:
        return scenario(
            [["o", method, [1]]],
            [["o", method, [2]]],
            objects=[["o", "Box", [0, {"ref": "h"}]]],
            hooks={"h": {"kind": "meet", "parties": 2}},
        )

    assert {end["kind"] for _, end in Scene(Program(SOURCE), told("ask"))} == {"done"}
    assert {end["kind"] for _, end in Scene(Program(SOURCE), told("locked"))} == {"deadlock"}


def test_a_deadlock_names_the_threads_that_are_stuck() -> None:
    ends = [end for _, end in Scene(Program(SOURCE), scenario([["o", "add", [1]]], [["o", "hang", []]]), bound=0)]

    assert {(end["kind"], tuple(end["stuck"]), end["after"]) for end in ends} == {("deadlock", (1,), None)}


def test_calls_made_inline_end_alike_without_any_thread() -> None:
    told = scenario([["o", "add", [1]], ["o", "add", [1]]], after=[["o", "add", [1]]])
    stuck = scenario([["o", "add", [1]], ["o", "hang", []]])

    assert only(told, inline=True) == only(told)
    end = only(stuck, inline=True)
    assert (end["kind"], end["results"], end["after"]) == ("deadlock", [[1]], None)


@pytest.mark.parametrize(("method", "name"), [("fail", "LookupError"), ("leave", "SystemExit")])
def test_what_a_call_raises_is_its_result(method: str, name: str) -> None:
    assert only(scenario([["o", method, []], ["o", "add", [1]]]))["results"] == [[{"raised": name}, 1]]


def test_a_result_is_told_as_it_was_when_it_was_returned() -> None:
    assert only(scenario([["o", "keep", [1]], ["o", "keep", [2]]]))["results"] == [[[1], [1, 2]]]


def test_an_object_that_cannot_be_built_is_told() -> None:
    end = only(scenario([["o", "add", [1]]], objects=[["o", "Box", [1, 2, 3]]]))

    assert (end["kind"], end["broken"]) == ("broken", "TypeError")


class Odd(list[int]):
    def __iter__(self) -> Any:
        raise AssertionError("no code of theirs runs")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, True),
        (1.0, 1),
        (0.5, {"float": "0.5"}),
        (float("nan"), {"float": "nan"}),
        (1 << 60, {"int": "huge"}),
        ("x" * 300, {"text": "x" * 200}),
        ((1, [2]), [1, [2]]),
        ({"b": 1, "a": 2}, {"dict": [["a", 2], ["b", 1]]}),
        ({2, 1}, {"set": [1, 2]}),
        (Odd([1]), [1]),
        ([object()], [{"object": 0}]),
        (ValueError("x"), {"raised": "ValueError"}),
    ],
)
def test_values_become_json(value: Any, told: Any) -> None:
    assert Numbering()(freeze(value)) == told


def test_equal_objects_get_equal_numbers() -> None:
    one, two = object(), object()

    assert Numbering()(freeze([two, one, two])) == [{"object": 0}, {"object": 1}, {"object": 0}]


def test_nesting_and_size_are_bounded() -> None:
    deep: list[Any] = []
    deep.append(deep)

    assert "object" in str(Numbering()(freeze(deep)))
    assert len(freeze(list(range(1000)))) == 200


RACE = scenario([["o", "add", [1]]], [["o", "add", [2]]], after=[["o", "add", [0]]])
EXPLORE = {"do": "explore", "scenario": RACE, "bound": 1, "cap": 1000}


def conversation(answer: Any) -> list[dict[str, Any]]:
    replies = [answer({"do": "load", "source": SOURCE, "names": ["Box", "Box.add", "double"]}), answer(EXPLORE)]
    while replies[-1]["end"] is not None:
        replies.append(answer({"do": "next"}))
    return replies


def test_each_new_end_is_told_once_and_the_last_reply_counts() -> None:
    replies = conversation(Explorer().answer)

    assert replies[0] == {"problem": None, "missing": []}
    assert (
        sorted(reply["end"]["after"][0] for reply in replies[1:-1]) == sorted({3: 0, 1: 0, 2: 0} | {})
        or len(replies) > 4
    )
    assert replies[-1]["end"] is None
    assert replies[-1]["exhausted"] is True
    assert len({str(reply["end"]) for reply in replies[1:-1]}) == len(replies) - 2


def test_the_text_of_the_driver_does_the_same_in_the_sandbox() -> None:
    with session(DRIVER, Limits(), modules=modules()) as talk:
        told = conversation(talk.call)

    assert [{**reply, "trail": tuple(reply.get("trail", ()))} for reply in told] == [
        {**reply, "trail": tuple(reply.get("trail", ()))} for reply in conversation(Explorer().answer)
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def", "SyntaxError"),
        ("import os", "ImportError"),
        ("raise SystemExit", "SystemExit"),
        ("while True: pass", "livelock"),
    ],
)
def test_a_source_that_does_not_load_is_told(source: str, problem: str) -> None:
    reply = Explorer().answer({"do": "load", "source": source, "names": []})

    assert problem in reply["problem"]


def test_missing_names_are_told() -> None:
    reply = Explorer().answer(
        {"do": "load", "source": SOURCE + "VALUE = 1", "names": ["Box", "Box.take", "Bag.add", "VALUE"]}
    )

    assert reply["missing"] == ["Box.take", "Bag.add", "VALUE"]


@pytest.mark.slow
def test_code_that_never_comes_back_is_ended_by_the_sandbox() -> None:
    source = SOURCE.replace("return 2 * n", "return sum(iter(int, 1))")
    with session(DRIVER, Limits(cpu_seconds=1), modules=modules()) as talk:
        talk.call({"do": "load", "source": source, "names": []})
        with pytest.raises(CandidateTimeout):
            talk.call({"do": "explore", "scenario": scenario([["", "double", [1]]]), "bound": 1, "cap": 10})
