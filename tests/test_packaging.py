"""What is declared about the distribution holds."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

# Written with brackets so that this file does not contain what it looks for.
PRIVATE = re.compile(
    r"(?<![\w.])/(?:wor[k]|roo[t]|tm[p]|far[m])/"
    r"|pyp[i]\.org|pythonhoste[d]\.org|registry\.npmj[s]|prototype[s]/|(?<![\w/])fact[s]/|(?<![\w/])share[d]/"
)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def tracked() -> list[Path]:
    """Every file that a commit of everything would hold, except data that models or generators wrote."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in names if name and not name.endswith((".jsonl", ".png")) and (ROOT / name).is_file()]


def test_the_names_are_as_documented(project: dict[str, Any]) -> None:
    assert project["name"] == "tierfloor"
    assert project["scripts"] == {"tierfloor": "harness.cli:main"}
    assert project["requires-python"] == ">=3.11"
    assert project["license"] == "Apache-2.0"


def test_every_dependency_has_a_lower_and_an_upper_bound(project: dict[str, Any]) -> None:
    assert [
        each for each in project["dependencies"] if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=[\d.]+,<[\d.]+", each)
    ] == []
    assert project["dependencies"] == sorted(project["dependencies"])


def imported(folder: Path) -> set[str]:
    """The top-level names that the Python files of a folder import from elsewhere, wherever in the file."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"harness"}


def test_whatever_the_program_imports_is_a_dependency_of_its_own(project: dict[str, Any]) -> None:
    declared = {re.match(r"[a-z0-9-]+", each)[0] for each in project["dependencies"]}  # type: ignore[index]
    owners = packages_distributions()

    needed = {name: {each.lower() for each in owners.get(name, [name])} for name in imported(ROOT / "harness")}

    # pydantic pins its core exactly; the engine is in the extra `local`.
    assert {name for name, given in needed.items() if not given & declared} <= {"pydantic_core", "xllamacpp"}


def test_what_only_tests_compare_with_stays_out_of_the_program(project: dict[str, Any]) -> None:
    core, development = " ".join(project["dependencies"]), " ".join(project["optional-dependencies"]["dev"])

    for name in ("scipy", "evalstats"):
        assert name not in imported(ROOT / "harness") | imported(ROOT / "suites")
        assert name not in core
        assert name in development


def test_the_engine_in_the_extra_is_the_one_that_the_ladder_names(project: dict[str, Any]) -> None:
    (pinned,) = project["optional-dependencies"]["local"]
    ladder = tomllib.loads((ROOT / "harness" / "ladders" / "local.toml").read_text())
    assert {tier["engine"] for tier in ladder["tier"]} == {pinned.replace("==", " ")}


@pytest.mark.parametrize("name", ["anthropic", "google", "local", "openai", "openai-compatible"])
def test_every_provider_is_an_entry_point_that_leads_to_a_callable(project: dict[str, Any], name: str) -> None:
    module, _, attribute = project["entry-points"]["tierfloor.providers"][name].partition(":")
    assert callable(getattr(importlib.import_module(module), attribute))


def test_the_latest_release_in_the_changelog_is_this_version(project: dict[str, Any]) -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert headings[0] == "Unreleased"
    assert (released or ["0.1.0"])[0] == project["version"]


def test_the_licence_texts_are_there(project: dict[str, Any]) -> None:
    assert project["license-files"] == ["LICENSE", "NOTICE"]
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
    weights = tomllib.loads((ROOT / "harness" / "weights.toml").read_text())
    assert {pin["license"] for pin in weights.values()} == {"Apache-2.0"}
    notice = (ROOT / "NOTICE").read_text().lower()
    assert [name for name in weights if name.rpartition("-q4")[0] not in notice] == []


def test_no_private_path_or_index_host_is_in_the_project() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        # A jail of the sandbox has a folder of this name that is its own.
        if PRIVATE.search(line.replace("/tm" + "p/", "") if "sandbox" in path.parts else line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["/wor" + "k/main", "open('/tm" + "p/x')", "https://pyp" + "i.org/simple", "see fact" + "s/x"]
)
def test_a_private_path_would_be_found(line: str) -> None:
    assert PRIVATE.search(line)


def test_a_relative_path_of_our_own_is_not_private() -> None:
    assert not PRIVATE.search("tests/work/x ./tmp/y suites/crud/data")


def test_the_workflow_runs_the_same_sessions_as_everybody() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "run: python -m nox\n" in workflow
    assert {"3.11", "3.12", "3.13"} <= set(re.findall(r'"(3\.\d+)"', workflow))
