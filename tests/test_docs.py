"""What the README shows is what the results say, and what it tells one to type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harness.cli import parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARKS = ("<!-- floors of results/local: kept equal by tests/test_docs.py -->\n", "<!-- end of floors -->")


def shown() -> str:
    return README.split(MARKS[0])[1].split(MARKS[1])[0].strip()


def published() -> str:
    """The overall rows and the floors of the published table that the README quotes."""
    text = (ROOT / "results" / "local" / "routing.md").read_text(encoding="utf-8")
    rows = text.split("## Quality and cost, all levels together\n\n")[1].split("\n\n")[0].splitlines()
    floors = text.split("## Floors\n\n")[1].split("\n\n")[0]
    wanted = (0, 2, 3, 4, 5, 6, 7)
    picked = ["|" + "|".join(row.strip("|").split("|")[i] for i in wanted) + "|" for row in (rows[0], *rows[2:])]
    return "\n".join([picked[0], "|" + "---|" * len(wanted), *picked[1:], "", floors])


def test_the_readme_shows_the_published_floors() -> None:
    assert shown() == published()


def test_every_picture_and_file_that_the_readme_names_exists() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("text", sorted(set(re.findall(r"(?:^ {4}|&& )(tierfloor [^\n]+)", README, re.MULTILINE))))
def test_every_command_of_the_readme_parses(text: str) -> None:
    assert parser().parse_args(shlex.split(text)[1:]).command


def test_every_command_is_in_the_readme() -> None:
    commands = next(action for action in parser()._actions if action.dest == "command").choices or {}

    for name in commands:
        assert f"`tierfloor {name}" in README, name


def error_rates(text: str, margin: str) -> dict[tuple[str, str], str]:
    """The page's rates for 100 units, by rule and by how it is read."""
    part = text.split(f"## A tier that loses just {margin}:")[1].split("\n## ", maxsplit=1)[0]
    head, _, *rows = (
        [cell.strip() for cell in row.strip("|").split("|")] for row in part.splitlines() if row[:1] == "|"
    )
    read = {"passes and fails": "once", "looked at after every unit": "after every sample"}
    return {(row[0], read[row[1]]): row[head.index("n = 100")].split(" (")[0] for row in rows}


def test_the_readme_shows_the_error_rates_of_the_calibration() -> None:
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    rates = error_rates(page, "0.05")

    quoted = README.split("docs/calibration.md: kept equal by tests/test_docs.py -->\n")[1].split("<!-- end of")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in quoted.strip().splitlines()[2:]]

    assert len(rows) == 5
    assert [wrong for _, _, wrong in rows] == [rates[rule.removesuffix(" (ours)"), read] for rule, read, _ in rows]
