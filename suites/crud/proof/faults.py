"""Wrong answers: what models really get wrong, each as a small change of a reference, with the code it must fail with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, Final

from .phrases import phrases
from .template import features, holds

__all__ = ["COMMON", "Fault", "broken"]

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A mistake: its name, the code at which it dies, and the edits that make it out of a right answer.

    Each edit is a pattern and what stands in its place, with the spec's words for `$name`; every one must change
    something, so a fault that a spec cannot have makes no answer of it. `needs` are features that the spec must have.
    """

    name: str
    why: str
    edits: Sequence[tuple[str, str]]
    needs: str = ""


def broken(right: str, spec: Spec, fault: Fault) -> str | None:
    """The right answer with the fault, or None if the spec cannot have it."""
    if not holds(fault.needs, features(spec)):
        return None
    words: Mapping[str, str] = phrases(spec)
    wrong = right
    for pattern, text in fault.edits:
        filled = Template(pattern).substitute({name: re.escape(word) for name, word in words.items()})
        after = re.sub(filled, Template(text).substitute(words), wrong, count=1)
        if after == wrong:
            return None
        wrong = after
    return wrong


# Both references are edited alike where they hold the same lines; `db` is `self.db` in the class.
COMMON: Final = (
    Fault(
        name="true is taken for a number",
        why="wrong_validation",
        edits=[(r"type\((\w+)\) is not int or not ([01]) <=", r"not isinstance(\1, int) or not \2 <=")],
    ),
    Fault(
        name="text may be one character too long",
        why="wrong_validation",
        edits=[(r"not 1 <= len\((\w+)\) <= (\d+)", r"not 1 <= len(\1) <= \2 + 1")],
    ),
    Fault(
        name="empty text is taken",
        why="wrong_validation",
        edits=[(r"type\((\w+)\) is not str or not 1 <= len\(\w+\) <= ", r"type(\1) is not str or not len(\1) <= ")],
    ),
    Fault(
        name="number below its limit is taken",
        why="wrong_validation",
        edits=[(r"type\((\w+)\) is not int or not \d+ <= \w+ <= ", r"type(\1) is not int or not \1 <= ")],
    ),
    Fault(
        name="null stands for the default",
        why="wrong_validation",
        edits=[(r'(\n +)(\w+) = data\.get\("(\w+)", (.+)\)', r'\1\2 = data.get("\3")\1\2 = \4 if \2 is None else \2')],
    ),
    Fault(
        name="a choice in other letters is taken",
        why="wrong_validation",
        edits=[(r"if (\w+) not in \(\"(.*)\):", r'if str(\1).lower() not in [each.lower() for each in ("\2)]:')],
    ),
    Fault(
        name="ids are used again",
        why="wrong_delete",
        needs="hard",
        edits=[(r"(EXISTS $plural \(\n +id INTEGER PRIMARY KEY) AUTOINCREMENT", r"\1")],
    ),
    Fault(
        name="yes or no comes back as a number",
        why="wrong_result",
        edits=[(r'bool\(row\["(\w+)"\]\)', r'row["\1"]')],
    ),
    Fault(
        name="texts are stripped",
        why="wrong_text",
        edits=[
            (
                r'(\n +)($first) = data\.get\("$first"\)',
                r'\1\2 = data.get("$first")\1\2 = \2.strip() if isinstance(\2, str) else \2',
            )
        ],
    ),
    Fault(
        name="newest and oldest first mixed up",
        why="wrong_order",
        edits=[(r'ORDER BY id( DESC)?(["L ])', r"ORDER BY -id\1\2")],
        needs="!sort",
    ),
    Fault(
        name="equal ones in the wrong order",
        why="wrong_order",
        edits=[(r'ORDER BY (\w+), id(["L ])', r"ORDER BY \1, id DESC\2")],
    ),
    Fault(
        name="equal ones highest id first when sorted downwards",
        why="wrong_sort",
        edits=[(r'": "((?!$first )\w+) DESC, id"', r'": "\1 DESC, id DESC"')],
    ),
    Fault(
        name="texts are sorted without regard to case",
        why="wrong_sort",
        edits=[(r'"($first)": "$first, id"', r'"\1": "\1 COLLATE NOCASE, id"')],
    ),
    Fault(
        name="total counts the page",
        why="wrong_page",
        edits=[(r'"total": total', '"total": len(rows)')],
    ),
    Fault(
        name="offset is off by one",
        why="wrong_page",
        edits=[(r"limit, offset\)", "limit, max(0, offset - 1))")],
    ),
    Fault(
        name="limit is cut instead of refused",
        why="wrong_page",
        edits=[
            (
                r"(\n +)if not 1 <= limit <= (\d+) or offset < 0:",
                r"\1limit = min(limit, \2)\1if limit < 1 or offset < 0:",
            )
        ],
    ),
    Fault(
        name="negative offset is taken",
        why="wrong_page",
        edits=[(r" or offset < 0:", ":")],
    ),
    Fault(
        name="unique field is not",
        why="wrong_conflict",
        edits=[("CREATE UNIQUE INDEX", "CREATE INDEX")],
        needs="!concurrent",
    ),
    Fault(
        name="unique counts deleted",
        why="wrong_conflict",
        edits=[(r"(ON $plural \(.*\)) WHERE deleted = 0", r"\1")],
    ),
    Fault(
        name="unique without regard to case",
        why="wrong_conflict",
        edits=[(r"$unique\)( WHERE|\n)", r"$unique COLLATE NOCASE)\1")],
        needs="unique",
    ),
    Fault(
        name="unique over all owners",
        why="wrong_owner",
        edits=[(r"ON $plural \(owner, ", "ON $plural (")],
        needs="unique",
    ),
    Fault(
        name="other owners' records by id",
        why="wrong_owner",
        edits=[(r'WHERE id = \? AND owner = \?(.*)", \(id, owner\)', r'WHERE id = ?\1", (id,)')],
    ),
    Fault(
        name="keys of all owners together",
        why="wrong_replay",
        edits=[
            (r'WHERE owner = \? AND key = \?", \(owner, (\w+)\)', r'WHERE key = ?", (\1,)'),
            ("INSERT INTO keys", "INSERT OR IGNORE INTO keys"),
        ],
    ),
    Fault(
        name="update sets what is not given back",
        why="wrong_update",
        edits=[(r"\{name: old\[name\] for name in \(.*?\)\} \| changes", "changes")],
    ),
    Fault(
        name="update is not checked",
        why="wrong_update",
        edits=[
            (
                r"new = (?:self\.)?checked\((?:db, )?(\{name: old\[name\] for name in (\(.*?\))\} \| changes)\)",
                r"new = [(\1)[name] for name in \2]",
            )
        ],
    ),
    Fault(
        name="version does not rise",
        why="wrong_version",
        edits=[(r", version = version \+ 1 WHERE", " WHERE")],
        needs="!moves",
    ),
    Fault(
        name="deleted ones are listed",
        why="wrong_delete",
        edits=[(r"(SELECT \* FROM $plural) WHERE deleted = 0 ORDER", r"\1 ORDER")],
    ),
    Fault(
        name="deleted ones are listed to their owner",
        why="wrong_delete",
        edits=[(r"(SELECT \* FROM $plural WHERE owner = \?) AND deleted = 0 ORDER", r"\1 ORDER")],
    ),
    Fault(
        name="total counts deleted",
        why="wrong_delete",
        edits=[(r"(SELECT COUNT\(\*\) FROM $plural) WHERE deleted = 0", r"\1")],
    ),
    Fault(
        name="deleting what is not there is fine",
        why="wrong_missing",
        edits=[(r"((?:def delete\(.*\):)\n +with .*:)\n +(?:self\.get|found)\(.*\)", r"\1")],
    ),
    Fault(
        name="what was not deleted is restored",
        why="wrong_restore",
        edits=[(" AND deleted = 1", "")],
    ),
    Fault(
        name="any move is allowed",
        why="wrong_move",
        edits=[(r'\n +if (?:state|data\["state"\]) not in MOVES\[old\["state"\]\]:\n +raise .*', "")],
    ),
    Fault(
        name="a move back is allowed too",
        why="wrong_move",
        edits=[
            (
                r'if (state|data\["state"\]) not in MOVES\[old\["state"\]\]:',
                r'if \1 not in MOVES[old["state"]] and old["state"] not in MOVES[\1]:',
            )
        ],
    ),
    Fault(
        name="a move does not raise the version",
        why="wrong_version",
        edits=[(r"SET state = \?, version = version \+ 1", "SET state = ?")],
    ),
    Fault(
        name="a key makes a record each time",
        why="wrong_replay",
        edits=[("            if known:", "            if False:"), ("INSERT INTO keys", "INSERT OR REPLACE INTO keys")],
    ),
    Fault(
        name="foreign keys are not switched on",
        why="wrong_parent",
        edits=[(r'\n +(?:self\.)?db\.execute\("PRAGMA foreign_keys = ON"\)', "")],
    ),
    Fault(
        name="a parent that is not there is a conflict",
        why="wrong_validation",
        edits=[
            (r"\n +if (?:\w+ is not None and )?(?:self\.)?db\.execute\(\"SELECT id FROM .* is None:\n +raise .*", "")
        ],
        needs="restrict",
    ),
    Fault(
        name="SQL is put together from texts",
        why="exposed",
        edits=[
            (
                r'"INSERT INTO ($plural) \((.*)\) VALUES \(\?, (.*)\)",(\n +)((?:self\.)?checked\(.*\)),',
                r"""f"INSERT INTO \1 (\2) VALUES ('{\5[0]}', \3)",\4\5[1:],""",
            )
        ],
        needs="!owner",
    ),
)
