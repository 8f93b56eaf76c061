"""Prompts are checked when a suite is loaded and then simply filled."""

from __future__ import annotations

import pytest

from harness import prompts
from harness.errors import BadInput
from harness.values import File, Sample

SAMPLE = Sample(id="a", input="Costs $5?", target="", files=(File(path="a.py", text="x = 1"),), metadata={"level": 1})


def test_fields_are_filled_and_the_sample_is_taken_literally() -> None:
    assert prompts.fill("Q: ${input} $$\n${files}", SAMPLE) == "Q: Costs $5? $\na.py\n```\nx = 1\n```"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("Q: ${inptu}", "no field ${inptu}; use ${input} or ${files}"),
        ("no field at all", "lacks ${input}, so every sample would ask the same"),
        ("${input} costs $", "a $ that starts no field; write $$ for a dollar sign"),
    ],
)
def test_a_template_that_cannot_be_right_is_refused(template: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        prompts.check(template, "suite.toml: prompt.user")

    assert str(caught.value) == f"suite.toml: prompt.user: {said}"
