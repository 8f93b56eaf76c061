"""Nothing is left of gradings: counted over hundreds of them, and after a grader that was killed in the middle of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("left.py")
LEVELS = pytest.mark.parametrize("without", [(), ("namespaces",)], ids=["strongest", "no namespaces"])


def left(*arguments: str) -> Any:
    """What the program tells. It is ended, and this fails, if an orphan of the grader does not end."""
    done = subprocess.run([sys.executable, PROGRAM, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.slow
@LEVELS
def test_five_hundred_gradings_leave_nothing_behind(without: tuple[str, ...]) -> None:
    """With daemons, restarts, litter and candidates that are broken off among them."""
    told = left("many", "500", *without)

    before, after = told["before"], told["after"]
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}
    assert before["processes"] > 1
    assert (told["orphans"], told["folder"]) == (0, False)


@LEVELS
def test_a_grader_that_is_killed_leaves_nothing_behind(without: tuple[str, ...]) -> None:
    """The grader, what forks candidates, the jail's first process, a candidate and its daemon were alive."""
    told = left("killed", *without)

    assert told["alive"] >= 5
    assert told["orphans"] > 0
    assert not told["folder"]
