"""Filling a suite's prompt from a sample."""

from __future__ import annotations

from string import Template

from .errors import BadInput
from .values import File, Sample

__all__ = ["FIELDS", "check", "fill"]

FIELDS = ("files", "input")


def check(template: str, place: str) -> None:
    """Raise BadInput unless `template` is well formed, uses `${input}` and no unknown field."""
    parsed = Template(template)
    if not parsed.is_valid():
        raise BadInput(place, "a $ that starts no field; write $$ for a dollar sign")
    named = set(parsed.get_identifiers())
    unknown = sorted(named - set(FIELDS))
    if unknown:
        raise BadInput(place, f"no field ${{{unknown[0]}}}; use ${{input}} or ${{files}}")
    if "input" not in named:
        raise BadInput(place, "lacks ${input}, so every sample would ask the same")


def fill(template: str, sample: Sample) -> str:
    """The prompt for one sample; the template has been checked."""
    return Template(template).substitute(input=sample.input, files="\n\n".join(_file(each) for each in sample.files))


def _file(file: File) -> str:
    return f"{file.path}\n```\n{file.text}\n```"
