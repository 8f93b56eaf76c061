"""What is importable is what was asked for and what that needs."""

from __future__ import annotations

import pytest

from harness.errors import BadInput
from harness.sandbox.packages import needed


def test_the_standard_library_needs_nothing() -> None:
    assert needed(("sqlite3", "asyncio.subprocess")) == ()


def test_a_package_comes_with_what_it_requires_and_nothing_else() -> None:
    names = {path.stem for path in needed(("uvicorn",))}

    assert {"uvicorn", "click", "h11"} <= names
    assert not names & {"harness", "suites", "pytest", "numpy", "fastapi"}
    assert all(path.exists() for path in needed(("uvicorn",)))


def test_a_module_of_another_name_than_its_distribution_is_found() -> None:
    assert "dateutil" in {path.name for path in needed(("dateutil.parser",))}


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(BadInput, match="flask_of_nowhere is not installed"):
        needed(("flask_of_nowhere.app",))
