"""The words of one spec that several answers use: names, lists of columns, conditions, tests of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["literal", "literals", "order", "phrases", "refused", "said", "sorts"]

Spec = dict[str, Any]
TYPES = {"text": "TEXT", "number": "INTEGER", "flag": "INTEGER", "choice": "TEXT", "parent": "INTEGER"}


def phrases(spec: Spec) -> dict[str, str]:
    """Everything that the texts put in place of a `$name`."""
    fields, page, parent, moves = spec["fields"], spec["page"] or {}, spec["parent"] or {}, spec["moves"] or {}
    names = [field["name"] for field in fields]
    owned = ["owner"] * spec["owner"]
    stored = [*owned, *names]
    live = ["owner = ?"] * spec["owner"] + ["deleted = 0"] * (spec["delete"] == "soft")
    return {
        "entity": spec["entity"],
        "plural": spec["plural"],
        "Model": spec["entity"].capitalize(),
        "first": names[0],
        "names": literals(names),
        "name_set": "{" + ", ".join(map(literal, names)) + "}",
        "stored": ", ".join(stored),
        "marks": ", ".join("?" * len(stored)),
        "sets": ", ".join(f"{name} = ?" for name in names),
        "columns": ",\n".join(_column(field, parent) for field in fields),
        "own": "owner, " if spec["owner"] else "",
        "own_only": "owner" if spec["owner"] else "",
        "comma_owner": ", owner" if spec["owner"] else "",
        "owner_tuple": "(owner,)" if spec["owner"] else "()",
        "and_live": "".join(f" AND {each}" for each in live),
        "where_live": f" WHERE {' AND '.join(live)}" if live else "",
        "base": " AND ".join(live) or "TRUE",
        "unique": spec["unique"] or "",
        "only_live": " WHERE deleted = 0" if spec["delete"] == "soft" else "",
        "version_argument": ", version" if spec["version"] else "",
        "key_argument": ", key=None" if spec["replay"] else "",
        "bump": ", version = version + 1" if spec["version"] else "",
        "order": order(spec["order"]),
        "orders": "\n".join(f'"{name}": "{order(name)}",' for name in sorts(spec)),
        "listing": "list_page" if spec["page"] else "list_all",
        "list_arguments": _list_arguments(spec),
        "limit": str(page.get("limit", "")),
        "most": str(page.get("most", "")),
        "parent": parent.get("entity", ""),
        "parents": parent.get("plural", ""),
        "label": parent.get("label", ""),
        "start": moves.get("start", ""),
        "moves": "\n".join(f'"{state}": {literals(to)},' for state, to in moves.get("allowed", {}).items()),
        "filters": literals(spec["filter"]),
    }


def refused(field: Spec, value: str, *, null: str = "") -> str:
    """The condition under which a value that is not None is refused; `null` is the field's name where None is fine."""
    low, high = field.get("min"), field.get("max")
    test = {
        "text": f"type({value}) is not str or not {low} <= len({value}) <= {high}",
        "number": f"type({value}) is not int or not {low} <= {value} <= {high}",
        "flag": f"type({value}) is not bool",
        "choice": f"{value} not in {literals(field.get('values', []))}",
        "parent": f"type({value}) is not int",
    }[field["kind"]]
    if not null:
        return test
    return f"{value} is not None and ({test})" if " or " in test else f"{value} is not None and {test}"


def said(field: Spec) -> str:
    """What a refused value should have been."""
    return {
        "text": f"{field['name']} must be a text of {field.get('min')} to {field.get('max')} characters",
        "number": f"{field['name']} must be an integer from {field.get('min')} to {field.get('max')}",
        "flag": f"{field['name']} must be true or false",
        "choice": f"{field['name']} must be one of {', '.join(field.get('values', []))}",
        "parent": f"{field['name']} must be an id",
    }[field["kind"]]


def sorts(spec: Spec) -> list[str]:
    """What a list can be sorted by."""
    return [f"{sign}{name}" for name in spec["sort"] for sign in ("", "-")]


def order(name: str) -> str:
    """The ORDER BY of the list in this order."""
    known = {"oldest": "id", "newest": "id DESC"}
    return known.get(name) or (f"{name[1:]} DESC, id" if name.startswith("-") else f"{name}, id")


def _list_arguments(spec: Spec) -> str:
    page = [f"limit={spec['page']['limit']}", "offset=0"] if spec["page"] else []
    given = [*["owner"] * spec["owner"], *page, *["sort=None"] * bool(spec["sort"])]
    return ", ".join([*given, *["filters=None"] * bool(spec["filter"])])


def _column(field: Spec, parent: Spec) -> str:
    need = "" if field["need"] == "optional" else " NOT NULL"
    text = f"{field['name']} {TYPES[field['kind']]}{need}"
    if field["kind"] == "parent":
        text += f" REFERENCES {parent['plural']} (id) ON DELETE {parent['on_delete'].upper()}"
    return text


def literal(value: object) -> str:
    """A value as Python writes it, a text in double quotes."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def literals(values: Sequence[str]) -> str:
    """Texts as a tuple."""
    quoted = ", ".join(map(literal, values))
    return f"({quoted},)" if len(values) == 1 else f"({quoted})"
