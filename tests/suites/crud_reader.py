"""Reads a crud prompt back into its spec. Shares no code with the generator: what it recovers, the words do say."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["read"]

FIELD = re.compile(r"- `(?P<name>\w+)`: (?P<kind>.+), (?:(?P<need>required|optional)|default (?P<default>\S+))")
TEXT = re.compile(r"str of (\d+) to (\d+) characters")
NUMBER = re.compile(r"int from (\d+) to (\d+)")
PAGE = re.compile(r"list_page\(limit=(\d+), offset=0\): .*ValueError unless 1 <= limit <= (\d+) and offset >= 0")
ORDER = re.compile(
    r"list_\w+\(.*?\): .*?(?:(lowest|highest) id first|lowest `(\w+)` first, equal ones lowest id first)"
)
UNIQUE = re.compile(
    r"A call that would make two records( of the same owner)? equal in `(\w+)` \(case matters\) raises Conflict"
)


def read(text: str) -> dict[str, Any]:
    """The spec that a reader of the prompt would write down, without level and plural."""
    methods = {
        re.split(r"\W", line[2:], maxsplit=1)[0]: line[2:] for line in text.splitlines() if line.startswith("- ")
    }
    listing = methods.get("list_page") or methods["list_all"]
    order = ORDER.match(listing)
    assert order is not None
    unique = UNIQUE.search(text)
    page = PAGE.fullmatch(methods.get("list_page", ""))
    owned = methods["create"].startswith("create(owner, data)")
    assert owned == ("the id of somebody else's record is a KeyError" in text)
    assert owned == bool(unique and unique[1]) or unique is None
    return {
        "entity": re.search(r"Fields of an? (\w+):", text)[1],  # type: ignore[index]
        "fields": [_field(line) for line in text.splitlines() if FIELD.fullmatch(line)],
        "order": order[2] or {"lowest": "oldest", "highest": "newest"}[order[1]],
        "unique": unique and unique[2],
        "update": "update" in methods,
        "delete": "soft" if "restore" in methods else "hard" if "delete" in methods else "none",
        "page": page and {"limit": int(page[1]), "most": int(page[2])},
        "owner": owned,
        "version": "changes, version)" in methods.get("update", "")
        and "update raises Conflict if version is not" in text,
        "moves": _moves(text) if "move" in methods else None,
        "replay": "key=None" in methods["create"],
        "bulk": "create_many" in methods,
    }


def _field(line: str) -> dict[str, Any]:
    found = FIELD.fullmatch(line)
    assert found is not None
    field: dict[str, Any] = {"name": found["name"]}
    if bounds := TEXT.fullmatch(found["kind"]):
        field |= {"kind": "text", "min": int(bounds[1]), "max": int(bounds[2])}
    elif bounds := NUMBER.fullmatch(found["kind"]):
        field |= {"kind": "number", "min": int(bounds[1]), "max": int(bounds[2])}
    elif found["kind"] == "bool, also when returned":
        field |= {"kind": "flag"}
    else:
        field |= {"kind": "choice", "values": json.loads(f"[{found['kind'].removeprefix('one of ')}]")}
    if found["default"]:
        default = {"True": "true", "False": "false"}.get(found["default"], found["default"])
        return field | {"need": "default", "default": json.loads(default)}
    return field | {"need": found["need"]}


def _moves(text: str) -> dict[str, Any]:
    said = re.search(r'`state` is never in data: "(\w+)" when created. Allowed moves: (.*)\.', text)
    assert said is not None
    ways = [way.split(" -> ") for way in said[2].split("; ")]
    allowed = {source: targets.split(" or ") for source, targets in ways}
    states = {state for source, targets in allowed.items() for state in [source, *targets]}
    return {"states": states, "start": said[1], "allowed": {state: allowed.get(state, []) for state in states}}
