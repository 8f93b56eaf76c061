"""The crud suite's checker: what it makes of an answer, beyond the controls."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import suites
from harness.checkers.answers import read_code
from harness.values import Sample, Score, Suite

FOLDER = Path(__file__).parents[2] / "suites" / "crud"


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture(scope="module")
def right(suite: Suite) -> Callable[[Sample], str]:
    """A right answer to a sample."""
    writers = importlib.import_module(f"{sys.modules[suite.check.__module__].__package__}.controls").WRITERS

    def write(sample: Sample) -> str:
        spec: dict[str, Any] = json.loads(sample.target)
        answer = next(iter(writers[spec["form"]].values()))(spec)
        return f"```python\n{read_code(answer)}\n```"

    return write


def first(suite: Suite, form: str, level: int) -> Sample:
    return next(s for s in suite.samples if s.level == level and s.metadata["form"] == form)


def test_the_card_explains_every_code_in_the_order_of_the_groups(suite: Suite) -> None:
    groups = importlib.import_module(f"{sys.modules[suite.check.__module__].__package__}.groups").groups
    explained = re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    elsewhere = {"unparsable", "does_not_load", "missing_method", "crashed", "timeout", "wrong_status", "bad_reply"}

    for sample in suite.samples:
        codes = [group.why for group in groups(json.loads(sample.target))]
        assert codes == [code for code in explained if code in codes]
    assert {control.why for control in suite.controls if control.expect == "fail"} <= {*explained, *elsewhere}
    assert all(f"`{code}`" in (FOLDER / "README.md").read_text(encoding="utf-8") for code in elsewhere)


def test_a_verdict_is_the_same_each_time(suite: Suite, right: Callable[[Sample], str]) -> None:
    sample = first(suite, "class", 5)
    wrong = right(sample).replace("BEGIN IMMEDIATE", "BEGIN")

    scores = {suite.check(sample, answer) for answer in (right(sample), wrong) for _ in range(3)}

    assert len(scores) == 2


def test_data_depend_on_the_answer(suite: Suite, right: Callable[[Sample], str]) -> None:
    """An answer that holds the data of one grading is another answer, with other data."""
    sample = first(suite, "class", 1)
    wrong = right(sample).replace("raise ValueError", "return")

    details = {suite.check(sample, f"{wrong}\n{'x' * count}").details for count in range(3)}

    assert len(details) == 3


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
def test_how_the_code_is_wrapped_is_no_matter(suite: Suite, right: Callable[[Sample], str], dress: Any) -> None:
    sample = first(suite, "class", 1)

    assert suite.check(sample, dress(read_code(right(sample)))) == Score(value=1.0)


def test_the_share_of_requirement_groups_is_the_score(suite: Suite) -> None:
    control = next(control for control in suite.controls if control.why == "wrong_page")
    sample = next(sample for sample in suite.samples if sample.id == control.sample)

    nothing = suite.check(sample, "```python\nprint('done')\n```")
    one = suite.check(sample, control.answer)

    assert (nothing.value, nothing.why) == (0, "missing_method")
    assert (0.7 < one.value < 1, one.why) == (True, "wrong_page")


STATUS = """
from fastapi import FastAPI
from fastapi.responses import JSONResponse
def make_app(path):
    app = FastAPI()
    @app.get("/{rest:path}")
    def get(rest: str): return []
    @app.post("/{rest:path}")
    def post(rest: str): return RESPONSE
    return app
"""


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ("{'id': 1}", "wrong_status"),
        ("JSONResponse({}, 400)", "wrong_result"),
        ("JSONResponse({}, 201)", "wrong_result"),
        ("JSONResponse({}, 503)", "crashed"),
        ("1 / 0", "crashed"),
        ("JSONResponse('x' * 2_000_000, 201)", "crashed"),
    ],
)
def test_a_status_is_called_wrong_only_where_nothing_else_is(suite: Suite, response: str, why: str) -> None:
    sample = first(suite, "http", 1)

    score = suite.check(sample, f"```python\n{STATUS.replace('RESPONSE', response)}```")

    assert score.why == why, score


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def make_app(path): return 5", "wrong_result"),
        ("def make_app(path): raise OSError(path)", "crashed"),
        ("import flask", "does_not_load"),
        ("raise SystemExit", "does_not_load"),
        ("import os; os._exit(0)", "does_not_load"),
        ("make_app = 5", "missing_method"),
        ("def make_app(path:", "unparsable"),
        ("import os\ndef make_app(path): os._exit(3)", "crashed"),
    ],
)
def test_an_app_that_cannot_be_asked_fails_by_what_it_does(suite: Suite, code: str, why: str) -> None:
    score = suite.check(first(suite, "http", 1), f"```python\n{code}\n```")

    assert (score.why, score.value) == (why, 0.0)
    assert len(score.details) <= 200
    assert str(FOLDER.parents[1]) not in score.details
