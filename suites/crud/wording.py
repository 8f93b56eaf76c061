"""The spec in words: everything that the checks look at is said here or in the suite's system prompt."""

from __future__ import annotations

import random

from .spec import Spec

__all__ = ["render"]

OPENINGS = (
    "Write a Store of {plural}.",
    "Store {plural}.",
    "The Store keeps {plural}.",
    "We need a Store for {plural}.",
    "Build the Store for {plural}.",
)


def render(spec: Spec, rng: random.Random) -> str:
    """The sample's input."""
    plural = spec["plural"]
    lines = [rng.choice(OPENINGS).format(plural=plural), "", f"Fields of {_a(spec['entity'])}:"]
    lines += [f"- {_field(field)}" for field in spec["fields"]]
    lines.append(f"A record: {_example(spec)}")
    if spec["version"]:
        lines.append("`version` is never in data: 1 when created, 1 more after each update.")
    if spec["moves"]:
        lines.append(_states(spec["moves"]))
    lines += ["", "Methods:", *(f"- {line}" for line in _methods(spec))]
    rules = [*_conflicts(spec), *_owner(spec)]
    if rules:
        lines += ["", *rules]
    return "\n".join(lines)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _field(field: Spec) -> str:
    name = f"`{field['name']}`"
    if field["need"] == "default":
        default = f'"{field["default"]}"' if field["kind"] == "choice" else repr(field["default"])
        return f"{name}: {_kind(field)}, default {default}"
    return f"{name}: {_kind(field)}, {field['need']}"


def _kind(field: Spec) -> str:
    if field["kind"] == "text":
        return f"str of {field['min']} to {field['max']} characters"
    if field["kind"] == "number":
        return f"int from {field['min']} to {field['max']}"
    if field["kind"] == "flag":
        return "bool, also when returned"
    return "one of " + ", ".join(f'"{value}"' for value in field["values"])


def _example(spec: Spec) -> str:
    shown = {"id": "1"} | {field["name"]: _shown(field) for field in spec["fields"]}
    if spec["version"]:
        shown["version"] = "1"
    if spec["moves"]:
        shown["state"] = f'"{spec["moves"]["start"]}"'
    return "{" + ", ".join(f'"{name}": {value}' for name, value in shown.items()) + "}"


def _shown(field: Spec) -> str:
    if field["kind"] == "number":
        return str(field["max"])
    if field["kind"] == "flag":
        return "True"
    return f'"{field["values"][0]}"' if field["kind"] == "choice" else '"..."'


def _states(moves: Spec) -> str:
    ways = "; ".join(f"{state} -> {' or '.join(targets)}" for state, targets in moves["allowed"].items() if targets)
    return f'`state` is never in data: "{moves["start"]}" when created. Allowed moves: {ways}.'


def _methods(spec: Spec) -> list[str]:
    """One line a method, with everything that it does beyond the rules of the system prompt."""
    owner = "owner, " if spec["owner"] else ""
    version = ", version" if spec["version"] else ""
    create = f"create({owner}data): stores a new record, returns it"
    if spec["replay"]:
        create = (
            "create(data, key=None): stores a new record, returns it. If key (a str) was given to an earlier successful "
            "create, also before reopening, it ignores data, stores nothing and returns the record created then, as it is "
            "now"
        )
    lines = [create]
    if spec["bulk"]:
        lines.append(
            "create_many(items): creates a record from each dict of the list, in order, returns the list of the new "
            "records; if one is invalid or in conflict, raises its error and stores none"
        )
    lines += [f"get({owner}id): returns the record", _listing(spec)]
    if spec["update"]:
        lines.append(
            f"update({owner}id, changes{version}): changes has some of the fields, maybe none; sets these, keeps the "
            "others, returns the record"
        )
    if spec["moves"]:
        lines.append(
            "move(id, state): sets the state, returns the record. ValueError if there is no such state, Conflict if the "
            "move is not allowed"
        )
    if spec["delete"] == "hard":
        lines.append(f"delete({owner}id): removes the record, returns None")
    if spec["delete"] == "soft":
        lines += [
            "delete(id): returns None; all methods but restore then treat the record as missing",
            "restore(id): brings a deleted record back, returns it. KeyError if the id is not that of a deleted record",
        ]
    return lines


def _listing(spec: Spec) -> str:
    owner = "owner" if spec["owner"] else ""
    order = {"oldest": "lowest id first", "newest": "highest id first"}.get(
        spec["order"], f"lowest `{spec['order']}` first, equal ones lowest id first"
    )
    if spec["page"]:
        page = spec["page"]
        return (
            f"list_page(limit={page['limit']}, offset=0): of all records, {order}, skips offset and takes at most limit, returns "
            f'{{"items": [...], "total": number of all records}}. ValueError unless 1 <= limit <= {page["most"]} and offset >= 0'
        )
    return f"list_all({owner}): returns the list of all records, {order}"


def _conflicts(spec: Spec) -> list[str]:
    lines = []
    if spec["unique"] or spec["version"] or spec["moves"]:
        lines.append("Also define `class Conflict(Exception)`.")
    if spec["unique"]:
        where = " of the same owner" if spec["owner"] else ""
        does = "that would make two records" + where + f" equal in `{spec['unique']}` (case matters) raises Conflict"
        if spec["delete"] == "soft":
            does += " (deleted ones don't count)"
        lines.append(f"A call {does}.")
    if spec["version"]:
        lines.append("update raises Conflict if version is not the record's present version.")
    errors = ["KeyError"] * bool(spec["update"] or spec["moves"]) + ["ValueError"] + ["Conflict"] * bool(lines)
    if len(errors) > 1:
        lines.append(f"If several errors apply: {' before '.join(errors)}.")
    return lines


def _owner(spec: Spec) -> list[str]:
    text = (
        "owner is any str and not part of the record. Each owner sees only their own records: the id of somebody else's "
        "record is a KeyError. Ids count over all owners together."
    )
    return [text] if spec["owner"] else []
