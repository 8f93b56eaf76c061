"""The right behaviour of any spec, in memory: what a checker compares an answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .calls import Call, Refusal
from .spec import Spec

__all__ = ["Oracle", "fits"]

Record = dict[str, Any]

PARENT_LABEL = {"kind": "text", "min": 1, "max": 30, "need": "required"}


@dataclass(slots=True, kw_only=True)
class _Row:
    owner: str
    data: Record
    state: str = "there"  # or "deleted", which can be restored, or "gone"


class Oracle:
    """One store of the spec. A refused call raises Refusal and changes nothing."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._fields: list[Spec] = spec["fields"]
        self._rows: dict[int, _Row] = {}
        self._parents: dict[int, _Row] = {}
        self._keys: dict[tuple[str, str], Record] = {}

    def call(self, call: Call) -> Any:
        """What the call returns. Raises Refusal where the spec wants it refused."""
        if self._spec["owner"] and not call.owner:
            raise Refusal("anonymous")
        return _copied(getattr(self, f"_{call.do}")(call))

    def copy(self) -> Oracle:
        """Another store in the same state."""
        other = Oracle(self._spec)
        vars(other).update(_rows=_rows(self._rows), _parents=_rows(self._parents), _keys=dict(self._keys))
        return other

    def version(self, number: int) -> int:
        """The present version of a record, whoever owns it; 1 for one that was never there."""
        row = self._rows.get(number)
        return int(row.data.get("version", 1)) if row else 1

    def state(self, number: int) -> str:
        """The state that moves change, of a record that was created."""
        return str(self._rows[number].data["state"])

    @property
    def created(self) -> int:
        """How many records were ever created; the last one's id."""
        return len(self._rows)

    def _create(self, call: Call) -> Record:
        key = (self._owner(call), call.key or "")
        if call.key and key in self._keys:
            known = self._keys[key]
            return known if self._spec["replay"] == "then" else self._found(call, known["id"]).data
        record = self._stored(call, call.data)
        if call.key:
            self._keys[key] = dict(record)
        return record

    def _create_many(self, call: Call) -> list[Record]:
        if type(call.data) is not list:
            raise Refusal("invalid")
        before = dict(self._rows)
        try:
            return [self._stored(call, item) for item in call.data]
        except Refusal:
            self._rows = before
            raise

    def _get(self, call: Call) -> Record:
        return self._found(call, call.id).data

    def _list(self, call: Call) -> Any:
        query, page = dict(call.query), self._spec["page"]
        limit, offset = query.pop("limit", page and page["limit"]), query.pop("offset", 0)
        if page and not (type(limit) is type(offset) is int and 1 <= limit <= page["most"] and offset >= 0):
            raise Refusal("invalid")
        order, filters = query.pop("sort", None), query.pop("filters", None) or {}
        if query or (order is not None and order.removeprefix("-") not in self._spec["sort"]):
            raise Refusal("invalid")
        if not all(self._filters_by(name, value) for name, value in filters.items()):
            raise Refusal("invalid")
        there = [row.data for row in self._rows.values() if self._visible(call, row)]
        chosen = [data for data in there if all(data[name] == value for name, value in filters.items())]
        shown = _ordered(chosen, order or self._spec["order"])
        return {"items": shown[offset : offset + limit], "total": len(shown)} if page else shown

    def _filters_by(self, name: str, value: Any) -> bool:
        """Whether the list may be filtered by this value of this field."""
        return name in self._spec["filter"] and any(
            field["name"] == name and fits(field, value) for field in self._fields
        )

    def _update(self, call: Call) -> Record:
        row = self._found(call, call.id)
        self._conditional(call)
        self._valid(call.data, partial=True)
        self._current(call, row)
        self._free(call, call.data, call.id)
        row.data |= call.data
        return self._changed(row)

    def _move(self, call: Call) -> Record:
        row, moves = self._found(call, call.id), self._spec["moves"]
        self._conditional(call)
        if type(call.data) is not str or call.data not in moves["states"]:
            raise Refusal("invalid")
        self._current(call, row)
        if call.data not in moves["allowed"][row.data["state"]]:
            raise Refusal("conflict")
        row.data["state"] = call.data
        return self._changed(row)

    def _delete(self, call: Call) -> None:
        row = self._found(call, call.id)
        self._conditional(call)
        self._current(call, row)
        row.state = "deleted" if self._spec["delete"] == "soft" else "gone"

    def _restore(self, call: Call) -> Record:
        row = self._rows.get(call.id)
        if row is None or row.state != "deleted" or row.owner != self._owner(call):
            raise Refusal("missing")
        self._free(call, row.data, call.id)
        row.state = "there"
        return row.data

    def _create_parent(self, call: Call) -> Record:
        label = self._spec["parent"]["label"]
        if type(call.data) is not dict or call.data.keys() != {label} or not fits(PARENT_LABEL, call.data[label]):
            raise Refusal("invalid")
        record = {"id": len(self._parents) + 1, **call.data}
        self._parents[record["id"]] = _Row(owner="", data=record)
        return record

    def _get_parent(self, call: Call) -> Record:
        return self._parent(call.id).data

    def _delete_parent(self, call: Call) -> None:
        parent = self._parent(call.id)
        name = f"{self._spec['parent']['entity']}_id"
        children = [row for row in self._rows.values() if row.state == "there" and row.data[name] == call.id]
        if children and self._spec["parent"]["on_delete"] == "restrict":
            raise Refusal("conflict")
        for row in [parent, *children]:
            row.state = "gone"

    def _owner(self, call: Call) -> str:
        return call.owner or "" if self._spec["owner"] else ""

    def _visible(self, call: Call, row: _Row) -> bool:
        return row.state == "there" and row.owner == self._owner(call)

    def _found(self, call: Call, number: int) -> _Row:
        row = self._rows.get(number)
        if row is None or not self._visible(call, row):
            raise Refusal("missing")
        return row

    def _parent(self, number: Any) -> _Row:
        row = self._parents.get(number)
        if row is None or row.state != "there":
            raise Refusal("missing")
        return row

    def _conditional(self, call: Call) -> None:
        if self._spec["version"] and call.version is None:
            raise Refusal("unconditional")

    def _current(self, call: Call, row: _Row) -> None:
        if self._spec["version"] and call.version != row.data["version"]:
            raise Refusal("stale")

    def _changed(self, row: _Row) -> Record:
        if self._spec["version"]:
            row.data["version"] += 1
        return row.data

    def _stored(self, call: Call, data: Any) -> Record:
        self._valid(data, partial=False)
        self._free(call, data, 0)
        record = {"id": len(self._rows) + 1}
        record |= {field["name"]: data.get(field["name"], field.get("default")) for field in self._fields}
        if self._spec["version"]:
            record["version"] = 1
        if self._spec["moves"]:
            record["state"] = self._spec["moves"]["start"]
        self._rows[record["id"]] = _Row(owner=self._owner(call), data=record)
        return record

    def _free(self, call: Call, data: Record, number: int) -> None:
        """Refuse data that would make two records equal where the spec forbids it."""
        unique = self._spec["unique"]
        if unique is None or unique not in data:
            return
        for other, row in self._rows.items():
            if other != number and self._visible(call, row) and row.data[unique] == data[unique]:
                raise Refusal("conflict")

    def _valid(self, data: Any, *, partial: bool) -> None:
        if type(data) is not dict or data.keys() - {field["name"] for field in self._fields}:
            raise Refusal("invalid")
        for field in self._fields:
            if field["name"] not in data:
                if field["need"] == "required" and not partial:
                    raise Refusal("invalid")
            elif not self._takes(field, data[field["name"]]):
                raise Refusal("invalid")

    def _takes(self, field: Spec, value: Any) -> bool:
        if not fits(field, value):
            return False
        if field["kind"] != "parent" or value is None:
            return True
        row = self._parents.get(value)
        return row is not None and row.state == "there"


def _copied(value: Any) -> Any:
    """What nobody changes later on: a record, which is flat, a list of them or a page."""
    if isinstance(value, dict):
        return {name: _copied(item) if type(item) is list else item for name, item in value.items()}
    return list(map(dict, value)) if isinstance(value, list) else value


def _rows(rows: dict[int, _Row]) -> dict[int, _Row]:
    return {number: _Row(owner=row.owner, data=dict(row.data), state=row.state) for number, row in rows.items()}


def fits(field: Spec, value: Any) -> bool:
    """Whether a value is of the field's type and within its limits."""
    if value is None:
        return bool(field["need"] == "optional")
    if field["kind"] == "text":
        return type(value) is str and field["min"] <= len(value) <= field["max"]
    if field["kind"] == "number":
        return type(value) is int and field["min"] <= value <= field["max"]
    if field["kind"] == "flag":
        return type(value) is bool
    return type(value) is int if field["kind"] == "parent" else type(value) is str and value in field["values"]


def _ordered(records: list[Record], order: str) -> list[Record]:
    """Records that came by id, in the order of the list: equal ones stay with the lowest id first."""
    if order == "oldest":
        return records
    if order == "newest":
        return records[::-1]
    name = order.removeprefix("-")
    # Python keeps equal ones in their order also in reverse.
    return sorted(records, key=lambda record: record[name], reverse=order.startswith("-"))
