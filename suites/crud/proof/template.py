"""Texts of answers with a margin: each line says left of the bar which specs have it, and right of it what it is.

The condition is empty or a list of features that a spec must all have; `!x` is one that it must not have, `x/y` either.
`$name` in the code stands for a word of the spec; alone on its line for several lines, indented alike, or none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Template
from typing import Any

__all__ = ["answer", "features", "fill", "holds"]

Spec = dict[str, Any]


def fill(text: str, spec: Spec, words: Mapping[str, str]) -> str:
    """The lines that the spec has, with its words in them."""
    has = features(spec)
    lines: list[str] = []
    for number, line in enumerate(text.strip("\n").split("\n")):
        condition, bar, code = line.partition("|")
        assert bar, f"line {number} has no margin: {line}"
        if holds(condition, has):
            lines += _filled(code, words)
    code = re.sub(r"\n{3,}(?= )", "\n\n", "\n".join(lines))
    return re.sub(r"\n{4,}", "\n\n\n", code).strip("\n") + "\n"


def answer(code: str) -> str:
    """The code as a model hands it in."""
    return f"```python\n{code}```\n"


def features(spec: Spec) -> set[str]:
    """What a spec has, one word each."""
    parent, moves = spec["parent"] or {}, spec["moves"]
    kinds = {field["kind"] for field in spec["fields"]}
    restricts = parent.get("on_delete") == "restrict"
    numbers = {field["name"] for field in spec["fields"] if field["kind"] == "number"}
    names = {
        "http": spec["form"] == "http",
        "owner": spec["owner"],
        "version": spec["version"],
        "unique": spec["unique"],
        "update": spec["update"],
        "page": spec["page"],
        "sort": spec["sort"],
        "filter": spec["filter"],
        "moves": moves,
        "bulk": spec["bulk"],
        "replay": spec["replay"],
        "then": spec["replay"] == "then",
        "now": spec["replay"] == "now",
        "hard": spec["delete"] == "hard",
        "soft": spec["delete"] == "soft",
        "delete": spec["delete"] != "none",
        "parent": parent,
        "cascade": parent.get("on_delete") == "cascade",
        "restrict": restricts,
        "flag": "flag" in kinds,
        "concurrent": spec["concurrent"],
        "broken": spec["unique"] or restricts,  # what SQLite can find out by itself
        "counts": spec["page"] or numbers & set(spec["filter"]),  # what a query has to be read as a number
        "conflict": spec["unique"] or restricts or spec["version"] or moves,
    }
    return {name for name, held in names.items() if held}


def holds(condition: str, has: set[str]) -> bool:
    """Whether a spec with these features is one that the condition means."""
    return all(any(_has(each, has) for each in term.split("/")) for term in condition.split())


def _has(term: str, has: set[str]) -> bool:
    return term[1:] not in has if term.startswith("!") else term in has


def _filled(code: str, words: Mapping[str, str]) -> list[str]:
    alone = re.fullmatch(r"( *)\$(\w+)", code)
    if alone is None:
        return [Template(code).substitute(words)]
    return [f"{alone[1]}{line}" if line else "" for line in words[alone[2]].split("\n") if words[alone[2]]]
