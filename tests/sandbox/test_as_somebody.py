"""The same tests of the sandbox, run by an ordinary user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sandbox.elsewhere import run_as_somebody

HERE = Path(__file__).parent
# These see to it themselves.
OWN = {"test_as_somebody.py", "test_isolation.py", "test_walls.py", "test_hostile.py", "test_spoofs.py", "test_left.py"}


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="whoever runs this is one already")
@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("test_*.py") if path.name not in OWN))
def test_they_pass_for_an_ordinary_user_too(name: str) -> None:
    program = (
        "import sys, pytest\nsys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-m', 'not slow', sys.argv[1]]))"
    )

    done = run_as_somebody(program, str(HERE / name))

    assert done.returncode == 0, done.stdout + done.stderr
