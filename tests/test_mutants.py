"""One small fault at a time, everything else as it was, each named so that the name outlives other edits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.mutants import mutants

ROOT = Path(__file__).parent.parent

SOURCE = '''\
import sqlite3

class Store:
    """Keeps texts = 1."""

    def __init__(self, path, limit=5):
        self.db = sqlite3.connect(path)  # é
        self.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")

    def get(self, id):
        if not (0 < id and id in self.ids):
            raise KeyError(f"no {id + 1}")
        return self.ids[id - 1]
'''


def changes(source: str, where: str) -> list[str]:
    return [mutant.change for mutant in mutants(source) if mutant.where == where]


def test_every_kind_of_fault_is_made() -> None:
    found = changes(SOURCE, "Store.get")

    assert found == [
        "if not (0 < id and id in self.ids): -> pass",
        "if not (0 < id and id in self.ids): -> if (0 < id and id in self.ids):",
        "if not (0 < id and id in self.ids): -> if not ((0 < id or id in self.ids)):",
        "if not (0 < id and id in self.ids): -> if not (0 <= id and id in self.ids):",
        "if not (0 < id and id in self.ids): -> if not (1 < id and id in self.ids):",
        "if not (0 < id and id in self.ids): -> if not (-1 < id and id in self.ids):",
        "if not (0 < id and id in self.ids): -> if not (0 < id and id not in self.ids):",
        'raise KeyError(f"no {id + 1}") -> pass',
        "return self.ids[id - 1] -> return None",
        "return self.ids[id - 1] -> return self.ids[(id + 1)]",
        "return self.ids[id - 1] -> return self.ids[id - 2]",
        "return self.ids[id - 1] -> return self.ids[id - 0]",
    ]


def test_defaults_and_sql_are_changed_too() -> None:
    found = changes(SOURCE, "Store.__init__")

    assert found == [
        "def __init__(self, path, limit=5): -> def __init__(self, path, limit=6):",
        "def __init__(self, path, limit=5): -> def __init__(self, path, limit=4):",
        "self.db = sqlite3.connect(path) # é -> pass # é",
        'self.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)") -> pass',
        'self.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)") -> self.run("CREATE TABLE t (id INTEGER PRIMARY KEY)")',
    ]


def test_a_decorator_and_a_bare_condition_are_changed() -> None:
    source = "@app.post('/x', status_code=201)\nasync def made(flag):\n    while flag:\n        x = 2 * x\n"

    assert changes(source, "made") == [
        "@app.post('/x', status_code=201) -> @app.post('/x', status_code=202)",
        "@app.post('/x', status_code=201) -> @app.post('/x', status_code=200)",
        "while flag: -> while not flag:",
        "x = 2 * x -> pass",
        "x = 2 * x -> x = (2 // x)",
        "x = 2 * x -> x = 3 * x",
        "x = 2 * x -> x = 1 * x",
    ]


def test_of_a_text_over_several_lines_only_the_changed_one_is_named() -> None:
    source = """def f(db):\n    db.run(\'\'\'\n        SELECT a\n        FROM t ORDER BY b DESC\n    \'\'\')\n"""

    assert changes(source, "f") == [
        "db.run(''' -> pass",
        "FROM t ORDER BY b DESC -> FROM t ORDER BY b ASC",
    ]


def test_only_a_newline_ends_a_line() -> None:
    source = "def f(a):\n    text = 'one\x0ctwo\u2028three'\n    return a + 1\n"

    assert changes(source, "f")[-1] == "return a + 1 -> return a + 0"


def test_equal_lines_of_one_function_have_different_names() -> None:
    found = changes("def f(a):\n    g(a)\n    g(a)\n", "f")

    assert found == ["g(a) -> pass", "g(a) -> pass #2"]


def test_a_name_outlives_edits_elsewhere() -> None:
    edited = SOURCE.replace("import sqlite3", "import json\nimport sqlite3\n\n# What is kept.")

    assert changes(edited, "Store.get") == changes(SOURCE, "Store.get")


@pytest.mark.parametrize("module", ["mutants", "records"])
def test_mutants_of_real_modules_compile_differ_and_have_names_of_their_own(module: str) -> None:
    source = (ROOT / "harness" / f"{module}.py").read_text(encoding="utf-8")
    right = ast.dump(ast.parse(source))

    found = list(mutants(source))

    assert len({(mutant.where, mutant.change) for mutant in found}) == len(found)
    assert [mutant.change for mutant in found if ast.dump(ast.parse(mutant.source)) == right] == []
