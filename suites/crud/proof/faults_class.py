"""Mistakes in answers to the class form: edits of its reference."""

from __future__ import annotations

from typing import Final

from .faults import Fault

__all__ = ["CLASS"]

CLASS: Final = (
    Fault(
        name="unknown keys are ignored",
        why="wrong_validation",
        edits=[(r"\n +if set\(data\) - \{.*\}:\n +raise ValueError\(\"unknown field\"\)", "")],
    ),
    Fault(
        name="what is missing is None",
        why="wrong_missing",
        edits=[(r"raise KeyError\(id\)\n(        return self\.record)", r"return None\n\1")],
    ),
    Fault(
        name="kept in memory",
        why="wrong_file",
        edits=[(r"sqlite3\.connect\(path,", 'sqlite3.connect(":memory:",')],
        needs="!concurrent",
    ),
    Fault(
        name="always the same file",
        why="wrong_file",
        edits=[(r"sqlite3\.connect\(path,", 'sqlite3.connect("$plural.db",')],
        needs="!concurrent",
    ),
    Fault(
        name="never committed",
        why="wrong_file",
        edits=[
            (r'self\.db\.execute\("BEGIN IMMEDIATE"\)', "pass"),
            (r"timeout=30, isolation_level=None", "timeout=30"),
            (r'self\.db\.execute\("COMMIT"\)', "pass"),
            (r'self\.db\.execute\("ROLLBACK"\)', "pass"),
        ],
        needs="!broken !bulk !concurrent",
    ),
    Fault(
        name="stale version is a ValueError",
        why="wrong_version",
        edits=[(r'raise Conflict\("stale version"\)', 'raise ValueError("stale version")')],
    ),
    Fault(
        name="version is not compared",
        why="wrong_version",
        edits=[(r'\n +if version != old\["version"\]:\n +raise Conflict\("stale version"\)', "")],
        needs="update",
    ),
    Fault(
        name="version is checked first",
        why="wrong_precedence",
        edits=[
            (
                r'(\n +new = self\.checked\(.*\))(\n +if version != old\["version"\]:\n +raise Conflict.*)',
                r"\2\1",
            )
        ],
    ),
    Fault(
        name="version is not compared before deletion",
        why="wrong_version",
        edits=[
            (r'(def delete.*\n.*\n.*)\n +if version != old\["version"\]:\n +raise Conflict\("stale version"\)', r"\1")
        ],
    ),
    Fault(
        name="unknown state is a Conflict",
        why="wrong_move",
        edits=[(r'raise ValueError\("unknown state"\)', 'raise Conflict("unknown state")')],
    ),
    Fault(
        name="a repeated key gives the record as it is now",
        why="wrong_replay",
        edits=[
            (
                r'return json\.loads\(known\["record"\]\)',
                r'return self.get(${own}json.loads(known["record"])["id"])',
            )
        ],
    ),
    Fault(
        name="a repeated key gives the record as it was",
        why="wrong_replay",
        edits=[
            (r"import sqlite3\n", "import json\nimport sqlite3\n"),
            (r'self\.get\((owner, )?known\["record"\]\)', 'json.loads(known["record"])'),
            (r'key, new\["id"\]\)', "key, json.dumps(new))"),
        ],
        needs="now",
    ),
    Fault(
        name="keys are forgotten when the file is closed",
        why="not_persistent",
        edits=[("CREATE TABLE IF NOT EXISTS keys", "CREATE TEMP TABLE IF NOT EXISTS keys")],
    ),
    Fault(
        name="a refused list leaves what came before",
        why="wrong_bulk",
        edits=[
            (
                r"with self\.transaction\(\):\n +return \[self\.insert\((.*)\) for data in items\]",
                r"return [self.create(\1) for data in items]",
            )
        ],
    ),
    Fault(
        name="a list leaves out what is invalid",
        why="wrong_bulk",
        edits=[
            (
                r"(\n +)return \[self\.insert\((.*)\) for data in items\]",
                (
                    r"\1made = []\1for data in items:\1    try:\1        made.append(self.insert(\2))"
                    r"\1    except ValueError:\1        continue\1return made"
                ),
            )
        ],
    ),
    Fault(
        name="deleting takes the parent and leaves the children",
        why="wrong_parent",
        edits=[(" REFERENCES $parents \\(id\\) ON DELETE CASCADE", "")],
        needs="cascade",
    ),
    Fault(
        name="filters are not checked",
        why="wrong_filter",
        edits=[(r'\n +if "\w+" in filters and .*:\n +raise ValueError.*', "")],
    ),
    Fault(
        name="filters are ignored",
        why="wrong_filter",
        edits=[(r'"".join\(f" AND \{name\} = \?" for name in filters\)', '""'), (r"filters\.values\(\)", "()")],
    ),
    Fault(
        name="any sort is put into the SQL",
        why="wrong_sort",
        edits=[
            (r"\n +if sort not in orders:\n +raise ValueError.*", ""),
            (r"orders\[sort\]", "orders.get(sort, str(sort))"),
        ],
    ),
    Fault(
        name="reads before it locks",
        why="wrong_concurrency",
        edits=[
            (
                r"(def update\(.*)\n +(with self\.transaction\(\):)\n +(old = self\.get\(.*\))",
                r"\1\n        \3\n        \2",
            )
        ],
        needs="concurrent",
    ),
    Fault(
        name="reads the state before it locks",
        why="wrong_concurrency",
        edits=[
            (
                r"(def move\(.*)\n +(with self\.transaction\(\):)\n +(old = self\.get\(.*\))",
                r"\1\n        \3\n        \2",
            )
        ],
        needs="concurrent",
    ),
    Fault(
        name="looks for the key before it locks",
        why="wrong_concurrency",
        edits=[
            (
                r"(def create\(.*)\n +with self\.transaction\(\):\n    ( +known = self\.db\.execute\(.*\.fetchone\(\))",
                r"\1\n\2\n        with self.transaction():",
            ),
            ("INSERT INTO keys", "INSERT OR IGNORE INTO keys"),
        ],
        needs="concurrent !owner",
    ),
    Fault(
        name="locks when it writes",
        why="wrong_concurrency",
        edits=[("BEGIN IMMEDIATE", "BEGIN")],
        needs="concurrent",
    ),
    Fault(
        name="does not wait for a lock",
        why="wrong_concurrency",
        edits=[("timeout=30", "timeout=0")],
        needs="concurrent",
    ),
    Fault(
        name="looks for an equal one, then stores",
        why="wrong_concurrency",
        edits=[
            ("CREATE UNIQUE INDEX", "CREATE INDEX"),
            ('self\\.db\\.execute\\("BEGIN IMMEDIATE"\\)', "pass"),
            ('self\\.db\\.execute\\("ROLLBACK"\\)', "pass"),
            ('self\\.db\\.execute\\("ROLLBACK"\\)', "pass"),
            ('self\\.db\\.execute\\("COMMIT"\\)', "pass"),
            (
                r"(\n +)(return (\w+)(?:, \w+)+\n\n    def insert)",
                (
                    r'\1if self.db.execute("SELECT 1 FROM $plural WHERE $unique = ?", (data["$unique"],)).fetchone():'
                    r'\1    raise Conflict("$unique is taken")\1\2'
                ),
            ),
        ],
        needs="concurrent unique !update !bulk !owner !soft",
    ),
)
