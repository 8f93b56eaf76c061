"""A module imports only from layers above its own, so that the flow stays one way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = {
    0: ("values", "errors"),
    1: ("prices", "secrets", "stats", "prompts", "records", "hub", "mutants"),
    2: (
        *(
            "suites",
            "tiers",
            "answers",
            "cache",
            "judgements",
            "ledger",
            "pace",
            "sandbox",
            "explore",
            "plugins",
            "weights",
        ),
        *("providers", "checkers", "exporters", "importers", "registry"),
    ),
    3: ("plan", "count", "run", "batch", "grade", "kinds"),
    4: (
        *("table", "floors", "savings", "plots", "report", "console"),
        *("doctor", "lint", "misses", "sizing", "rounds", "prospect"),
    ),
    5: ("job", "asking"),
    6: ("commands",),
    7: ("cli",),
}
LAYER = {name: layer for layer, names in LAYERS.items() for name in names}

# Sideways imports, each with the reason why neither side can move.
SIDEWAYS = {
    ("values", "errors"): "a recorded attempt names its fault",
    ("providers", "weights"): "the local provider runs the weights that `weights` verified",
    ("sandbox", "plugins"): "another package may bring a wall to run code behind",
    ("suites", "plugins"): "a suite may name a checker that another package brings",
    ("tiers", "plugins"): "a ladder may name a provider that another package brings",
    ("tiers", "weights"): "a ladder's local tier names weights that must be pinned",
    ("batch", "run"): "what no provider takes as a batch is asked live, under the same terms",
    ("asking", "job"): "a round follows from the measurement of those before it",
    ("cache", "answers"): "a row of the cache is a line of an answers file",
    ("cache", "judgements"): "both live in one folder, which is claimed for both",
    ("prospect", "rounds"): "what a run is expected to ask follows from how it asks",
    ("prospect", "sizing"): "tiers that nothing is known of are assumed as in sizing",
    ("ledger", "answers"): "recorded answers are lines of the same file format, with one reader",
}

# What a suite's generator and checker may use of the program.
FOR_SUITES = {"values", "errors", "sandbox", "explore", "checkers"}


def harness_imports(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """(line, first name below the package) of everything a file imports from the package, wherever in the file."""
    inside = ("harness", *path.relative_to(package).parent.parts) if path.is_relative_to(package) else ()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            full = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            base = (*base, *(node.module.split(".") if node.module else ()))
            full = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for parts in full:
            if parts[0] == "harness":
                yield node.lineno, parts[1] if len(parts) > 1 else ""


def violations(package: Path) -> list[str]:
    """Everything below the package that breaks the layers, one line each."""
    found = []
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        own = relative.parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        if own not in LAYER:
            found.append(f"{relative}: {own!r} has no layer: give it one in tests/test_layers.py")
            continue
        for line, used in harness_imports(path, package):
            if used == own:
                continue
            if used not in LAYER:
                found.append(f"{relative}:{line}: imports {used!r}, which has no layer")
            elif LAYER[used] >= LAYER[own] and (own, used) not in SIDEWAYS:
                found.append(f"{relative}:{line}: layer {LAYER[own]} imports {used!r} of layer {LAYER[used]}")
    return found


def early_imports(path: Path) -> Iterator[str]:
    """What a file imports, when it is imported, that is neither the standard library nor its own package."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        else:
            continue
        yield from (
            f"{path.name}:{node.lineno}: {name}" for name in names if name.split(".")[0] not in sys.stdlib_module_names
        )


def test_the_package_keeps_its_layers() -> None:
    assert violations(ROOT / "harness") == []


def test_nothing_outside_the_standard_library_is_imported_early() -> None:
    files = sorted((ROOT / "harness").rglob("*.py"))
    assert [line for path in files for line in early_imports(path)] == []


def test_a_suite_uses_only_what_is_made_for_suites() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {used}"
        for path in sorted((ROOT / "suites").rglob("*.py"))
        for line, used in harness_imports(path, ROOT / "harness")
        if used not in FOR_SUITES
    ]
    assert found == []


def test_each_module_has_one_layer_and_each_exception_is_needed() -> None:
    assert len(LAYER) == sum(map(len, LAYERS.values()))
    assert [pair for pair in SIDEWAYS if LAYER[pair[0]] != LAYER[pair[1]]] == []


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("errors.py", "from . import values", "layer 0 imports 'values' of layer 0"),
        ("stats/exact.py", "from ..suites import load", "layer 1 imports 'suites' of layer 2"),
        ("stats/exact.py", "def f():\n    from .. import grade", "layer 1 imports 'grade' of layer 3"),
        ("grade.py", "import harness.table", "layer 3 imports 'table' of layer 4"),
        ("grade.py", "from harness import cli", "layer 3 imports 'cli' of layer 7"),
        ("providers/openai.py", "from ..cache import Cache", "layer 2 imports 'cache' of layer 2"),
        ("utils.py", "", "has no layer"),
        ("__main__.py", "", "has no layer"),
        ("job.py", "from . import manager", "imports 'manager', which has no layer"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, name: str, source: str, problem: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    (found,) = violations(tmp_path)
    assert problem in found


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("stats/__init__.py", "from .exact import p\nfrom . import exact"),
        ("stats/exact.py", "from ..values import Rule\nfrom .intervals import tango\nimport math"),
        ("providers/local.py", "from .. import weights\nfrom . import Connection, openai_compatible"),
        ("__init__.py", ""),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path: Path, name: str, source: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    assert violations(tmp_path) == []
