"""Reads a crud prompt back into its spec. Shares no code with the generator: what it recovers, the words do say."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["read"]

FIELD = re.compile(r"- `(?P<name>\w+)`: (?P<kind>.+), (?:(?P<need>required|optional)|default (?P<default>\S+))")
TEXT = re.compile(r"(?:str|string) of (\d+) to (\d+) characters")
NUMBER = re.compile(r"(?:int|integer) from (\d+) to (\d+)")
PARENT = re.compile(r"the id of an? (\w+) that exists")
ORDER = re.compile(
    r"records(?: that the filters leave)?, (?:(lowest|highest) id first|lowest `(\w+)` first, equal ones by lowest id first)"
)
UNIQUE = re.compile(r"No two records( of the same owner)? may be equal in `(\w+)` \(case matters\)")


def read(text: str) -> dict[str, Any]:
    """The spec that a reader of the prompt would write down, without its level."""
    form = "http" if "FastAPI" in text else "class"
    plural = re.search(r"keeps? (\w+) in", text)
    assert plural is not None
    calls = _calls(text, plural[1])
    entity = re.search(r"^(?:Fields of an?|What is known of an?|An?) (\w+)(?: has these fields)?:$", text, re.MULTILINE)
    assert entity is not None
    listing = calls["list"]
    order = ORDER.search(listing)
    assert order is not None
    unique = UNIQUE.search(text)
    owner = "owner" in text
    assert unique is None or bool(unique[1]) == owner
    spec = {
        "form": form,
        "entity": entity[1],
        "plural": plural[1],
        "fields": [_field(line) for line in text.splitlines() if FIELD.fullmatch(line)],
        "order": order[2] or {"lowest": "oldest", "highest": "newest"}[order[1]],
        "unique": unique and unique[2],
        "update": "update" in calls,
        "delete": "soft" if "restore" in calls else "hard" if "delete" in calls else "none",
        "page": _page(form, listing),
        "parent": _parent(text),
        "owner": owner,
        "version": "`version` is 1 in a new record" in text,
        "sort": _sort(form, listing),
        "filter": re.findall(r"`(\w+)`", (re.search(r"the (?:key|query parameter)s? (`.*?`):", listing) or [""])[0]),
        "moves": _moves(text) if "move" in calls else None,
        "replay": _replay(form, text),
        "bulk": "create_many" in calls,
        "concurrent": "at the same time" in text,
    }
    _agrees(spec, calls, text)
    return spec


def _calls(text: str, plural: str) -> dict[str, str]:
    """Each line of a method or a request, by what it does."""
    found = {}
    for line in text.splitlines():
        if method := re.match(r"- `(\w+)\(", line):
            found[{"list_all": "list", "list_page": "list"}.get(method[1], method[1])] = line
        elif request := re.match(r"- `(\w+) /(\w+)(/\{id\})?(?:/(\w+))?`", line):
            verb, of, one, more = request.groups()
            known = {"POST": "create", "GET": "get" if one else "list", "PATCH": "update", "DELETE": "delete"}[verb]
            name = {"bulk": "create_many"}.get(more, more) if more else known
            found[name if of == plural else f"{name}_parent"] = line
    return found


def _agrees(spec: dict[str, Any], calls: dict[str, str], text: str) -> None:
    """What is said in more than one place is said alike."""
    kinds = {field["kind"] for field in spec["fields"]}
    assert ("parent" in kinds) == bool(spec["parent"])
    assert spec["parent"] is None or len(calls) >= 5
    conflict = spec["unique"] or spec["moves"] or (spec["parent"] or {}).get("on_delete") == "restrict"
    if spec["form"] == "class":
        assert ("class Conflict(Exception)" in text) == bool(conflict or spec["version"])
        assert all(("owner, " in calls[name]) == spec["owner"] for name in ("create", "get"))
        assert all(
            "version)" in calls[name] for name in ("update", "move", "delete") if name in calls and spec["version"]
        )
        wanted = ["KeyError", "ValueError", *["Conflict"] * bool(conflict or spec["version"])]
        said = re.search(r"If several errors apply, raise (.*)\.", text)
        assert said is None or said[1].split(" before ") == wanted
    else:
        assert ("X-User" in text) == spec["owner"]
        assert ("If-Match" in text) == spec["version"]
        codes = {
            "401": spec["owner"],
            "404": True,
            "428": spec["version"],
            "422": True,
            "412": spec["version"],
            "409": conflict,
        }
        said = re.search(r"If several errors apply, the first of these counts: (.*)\.", text)
        assert said is None or said[1].split(", ") == [code for code, wanted in codes.items() if wanted]
    assert said or not (spec["update"] or conflict or spec["version"])


def _field(line: str) -> dict[str, Any]:
    found = FIELD.fullmatch(line)
    assert found is not None
    field: dict[str, Any] = {"name": found["name"]}
    if bounds := TEXT.fullmatch(found["kind"]):
        field |= {"kind": "text", "min": int(bounds[1]), "max": int(bounds[2])}
    elif bounds := NUMBER.fullmatch(found["kind"]):
        field |= {"kind": "number", "min": int(bounds[1]), "max": int(bounds[2])}
    elif parent := PARENT.fullmatch(found["kind"]):
        field |= {"kind": "parent"}
        assert field["name"] == f"{parent[1]}_id"
    elif found["kind"] in {"bool", "true or false"}:
        field |= {"kind": "flag"}
    else:
        field |= {"kind": "choice", "values": json.loads(f"[{found['kind'].removeprefix('one of ')}]")}
    if found["default"]:
        default = {"True": "true", "False": "false"}.get(found["default"], found["default"])
        return field | {"need": "default", "default": json.loads(default)}
    return field | {"need": found["need"]}


def _page(form: str, listing: str) -> dict[str, int] | None:
    if form == "class":
        limit = re.search(r"list_page\((?:owner, )?limit=(\d+), offset=0", listing)
    else:
        limit = re.search(r"limit \(default (\d+)\) and offset \(default 0\)", listing)
    if limit is None:
        assert "offset" not in listing
        return None
    most = re.search(r"1 <= limit <= (\d+) and offset >= 0", listing)
    assert most is not None
    return {"limit": int(limit[1]), "most": int(most[1])}


def _sort(form: str, listing: str) -> list[str]:
    if form == "class":
        found = re.search(
            r'sort is None or "(\w+)" or "(\w+)" \(lowest first\) or "-\1" or "-\2" \(highest first\)', listing
        )
    else:
        found = re.search(
            r"sort, may be missing: (\w+) or (\w+) \(lowest first\) or -\1 or -\2 \(highest first\)", listing
        )
    assert (found is None) == ("sort" not in listing)
    return list(found.groups()) if found else []


def _parent(text: str) -> dict[str, str] | None:
    found = re.search(r"An? \w+ belongs to an? (\w+)\. An? \1 is (?:a dict|a JSON object) of `id` and `(\w+)`", text)
    if found is None:
        return None
    entity, label = found.groups()
    plural = re.search(r"Ids of (\w+) count on their own", text)
    assert plural is not None
    cascade = re.search(r"removes all its \w+ too", text)
    restrict = re.search(r"(?:Conflict|409) if an? \w+ still belongs to it", text)
    assert bool(cascade) != bool(restrict)
    on_delete = "cascade" if cascade else "restrict"
    return {"entity": entity, "plural": plural[1], "label": label, "on_delete": on_delete}


def _moves(text: str) -> dict[str, Any]:
    said = re.search(r'`state` is "(\w+)" in a new record\. Allowed moves: (.*)\.', text)
    assert said is not None
    ways = [way.split(" -> ") for way in said[2].split("; ")]
    allowed = {source: targets.split(" or ") for source, targets in ways}
    states = {state for source, targets in allowed.items() for state in [source, *targets]}
    return {"states": states, "start": said[1], "allowed": {state: allowed.get(state, []) for state in states}}


def _replay(form: str, text: str) -> str | None:
    if ("key=None" if form == "class" else "Idempotency-Key") not in text:
        return None
    now, then = "as it is now" in text, "even if it was changed or deleted since" in text
    assert now != then
    return "now" if now else "then"
