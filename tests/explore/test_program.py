"""A candidate sees stand-ins and a few pure modules, and nothing that differs from run to run."""

from __future__ import annotations

import pytest

from harness.explore import IMPORTABLE, Program, Search


def value(source: str) -> object:
    """What `result` is after the module was loaded."""
    [run] = Search(Program(source), lambda module, _: module.result)
    return run.value


@pytest.mark.parametrize(
    "name", ["os", "sys", "_thread", "socket", "subprocess", "harness", "asyncio", "multiprocessing"]
)
def test_other_modules_cannot_be_imported(name: str) -> None:
    with pytest.raises(ImportError, match=name):
        value(f"import {name}")


@pytest.mark.parametrize("name", sorted(IMPORTABLE | {"threading", "queue", "time", "collections.abc"}))
def test_pure_modules_and_stand_ins_can(name: str) -> None:
    assert value(f"import {name}\nresult = 1") == 1


@pytest.mark.parametrize("name", ["open", "exec", "eval", "compile", "input", "breakpoint"])
def test_builtins_that_reach_out_are_withheld(name: str) -> None:
    with pytest.raises(NameError):
        value(f"result = {name}")


def test_printing_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    value("print('noise')\nresult = 1")

    assert capfd.readouterr() == ("", "")


def test_identities_are_the_same_in_every_run() -> None:
    source = "a, b = object(), object()\nresult = (id(b), id(a), id(b), hash(a), hash('x') == hash('x'), hash(7))"

    assert value(source) == value(source) == (1, 2, 1, 2, True, 7)


def test_dataclasses_with_postponed_annotations_load() -> None:
    source = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 3\nresult = P().x"

    assert value(source) == 3


def test_each_run_loads_afresh_and_spoils_nothing_for_the_next() -> None:
    program = Program(
        "import threading\nthreading.Lock = 5\nstate = []\ndef add():\n    state.append(1)\n    return len(state)"
    )
    search = Search(program, lambda module, _: module.add())

    assert [search.replay(()).value for _ in range(3)] == [1, 1, 1]


def test_a_demonstration_at_the_end_is_not_run() -> None:
    assert value("result = 1\nif __name__ == '__main__':\n    result = 2") == 1


@pytest.mark.parametrize("source", ["def", "x = '\0'"])
def test_what_is_no_python_is_refused(source: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        Program(source)
