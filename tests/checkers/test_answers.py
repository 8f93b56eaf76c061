"""Whatever a model writes, the readers give a value or a short reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.checkers.answers import MAX_CHARACTERS, Unreadable, read_code, read_json_object

OBJECT = {"label": "tests"}


@pytest.mark.parametrize(
    "answer",
    [
        '{"label": "tests"}',
        '  \n{"label":\n  "tests"}\n',
        '\ufeff{"label": "tests"}',
        '```json\n{"label": "tests"}\n```',
        '```\n{"label": "tests"}\n```',
        '```JSON\r\n{"label": "tests"}\r\n```\r\n',
        '~~~\n{"label": "tests"}\n~~~',
        '```json\n{"label": "tests"}',
        '```json\n{"label": "tests"}\n``` \n\n',
    ],
)
def test_one_object_is_read_bare_or_in_one_fence(answer: str) -> None:
    assert read_json_object(answer) == OBJECT


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty answer"),
        (" \n ", "empty answer"),
        ("tests", "not one JSON object"),
        ('The label is {"label": "tests"}', "not one JSON object"),
        ('{"label": "tests"} because', "not one JSON object"),
        ('{"label": "tests"}\n{"label": "tests"}', "not one JSON object"),
        ('Here:\n```json\n{"label": "tests"}\n```', "text or another fence"),
        ('```\n{"a": 1}\n```\n```\n{"a": 1}\n```', "text or another fence"),
        ('{"label": "tests"', "not one JSON object"),
        ("{'label': 'tests'}", "not one JSON object"),
        ('["tests"]', "a list instead of an object"),
        ('"tests"', "a str instead of an object"),
        ("null", "a NoneType instead of an object"),
        ('{"a": 1, "a": 1}', "a key twice"),
        ('{"a": {"b": 1, "b": 2}}', "a key twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "too large"),
        ('{"a": "\\ud800"}', "unpaired surrogate"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON that can be read"),
        ('{"a":' * 60_000 + "1" + "}" * 60_000, "nested too deeply"),
        ('{"a":' + "[" * 100_000, "nested too deeply"),
        ("x" * (MAX_CHARACTERS + 1), "longer than"),
    ],
)
def test_anything_else_is_refused_with_its_reason(answer: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_json_object(answer)


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)))
@example({"a": "```\n"})
@example({"```": 1})
def test_every_object_is_read_back(value: dict[str, object]) -> None:
    text = json.dumps(value)

    assert read_json_object(text) == value
    assert read_json_object(f"```json\n{json.dumps(value, indent=2)}\n```") == value


@given(st.text() | st.text(alphabet='`~\n{}[]":,1eNa \\u\x00'))
def test_no_text_crashes_a_reader(answer: str) -> None:
    for read in (read_json_object, read_code):
        reason = ""
        try:
            read(answer)
        except Unreadable as error:
            reason = str(error)
        assert len(reason) <= 160


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("```\nx = 1\n```", "x = 1\n"),
        ("Here you are:\n\n```py\nx = 1\n```\nEnjoy.", "x = 1\n"),
        ("```Python title=a.py\nx = 1\n```", "x = 1\n"),
        ("```python\nx = 1\n```\n```python\ny = 2\n```", "x = 1\n"),
        ("```bash\npip install x\n```\n```python\nx = 1\n```", "x = 1\n"),
        ("```python\nx = 1\r\ny = 2\r\n```", "x = 1\ny = 2\n"),
        ("```python\ndef f():\n    return", "def f():\n    return\n"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("  ```python\nx = 1\n  ```", "x = 1\n"),
        ("import os\n\nx = os.sep", "import os\n\nx = os.sep"),
        ("```python\nnot ( python\n```", "not ( python\n"),
    ],
)
def test_the_first_python_block_is_the_code(answer: str, code: str) -> None:
    assert read_code(answer) == code


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty answer"),
        ("I would add a lock.", "not Python"),
        ("```python\n```", "the code block is empty"),
        ("```python", "the code block is empty"),
        ("```rust\nlet x = 1;\n```", "no code block marked as Python"),
        ("x = 1\x00", "not Python"),
        ("(" * 50_000, "not Python"),
        ("-" * 200_000 + "1", "not Python"),
        ("x = 1\n" * 200_000, "longer than"),
    ],
)
def test_an_answer_without_code_is_refused_with_its_reason(answer: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_code(answer)


def test_reading_code_warns_about_nothing(recwarn: pytest.WarningsRecorder) -> None:
    assert read_code(r"x = '\d'") == r"x = '\d'"

    assert not recwarn.list
