"""The right behaviour of any spec, in memory: what a checker compares a Store with."""

from __future__ import annotations

from typing import Any

from .spec import Spec

__all__ = ["Oracle", "Refusal"]

Record = dict[str, Any]


class Refusal(Exception):
    """The spec wants this call to raise the built-in or the Conflict of this name."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Oracle:
    """One store of the spec, called like the class that a model writes, positionally."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._fields: list[Spec] = spec["fields"]
        self._rows: dict[int, Record] = {}
        self._hidden: dict[int, tuple[str, bool]] = {}  # id -> owner, deleted
        self._keys: dict[str, int] = {}

    def call(self, method: str, arguments: list[Any]) -> Any:
        """What the method returns; raises Refusal where it must raise. A refused call changes nothing."""
        arguments = list(arguments)
        owner = arguments.pop(0) if self._spec["owner"] else ""
        return getattr(self, f"_{method}")(owner, *arguments)

    def version(self, number: int) -> int:
        """The present version of a record, whoever owns it; 1 for one that was never there."""
        return int(self._rows.get(number, {}).get("version", 1))

    def _create(self, owner: str, data: Record, key: str | None = None) -> Record:
        if key is not None and key in self._keys:
            return self._shown(self._keys[key])
        number = self._stored(owner, data)
        if key is not None:
            self._keys[key] = number
        return self._shown(number)

    def _create_many(self, owner: str, items: list[Record]) -> list[Record]:
        before = dict(self._rows), dict(self._hidden)
        try:
            return [self._shown(self._stored(owner, item)) for item in items]
        except Refusal:
            self._rows, self._hidden = before
            raise

    def _get(self, owner: str, number: int) -> Record:
        return self._shown(self._found(owner, number))

    def _list_all(self, owner: str) -> list[Record]:
        order = self._spec["order"]
        shown = [self._shown(number) for number in sorted(self._rows) if self._visible(owner, number)]
        if order == "newest":
            return shown[::-1]
        return shown if order == "oldest" else sorted(shown, key=lambda record: int(record[order]))

    def _list_page(self, owner: str, limit: int | None = None, offset: int = 0) -> Record:
        limit = self._spec["page"]["limit"] if limit is None else limit
        if not 1 <= limit <= self._spec["page"]["most"] or offset < 0:
            raise Refusal("ValueError")
        shown = self._list_all(owner)
        return {"items": shown[offset : offset + limit], "total": len(shown)}

    def _update(self, owner: str, number: int, changes: Record, version: int | None = None) -> Record:
        record = self._rows[self._found(owner, number)]
        self._valid(changes, partial=True)
        if self._spec["version"] and version != record["version"]:
            raise Refusal("Conflict")
        self._free(owner, changes, number)
        record |= changes
        if self._spec["version"]:
            record["version"] += 1
        return self._shown(number)

    def _move(self, owner: str, number: int, state: str) -> Record:
        record = self._rows[self._found(owner, number)]
        if state not in self._spec["moves"]["states"]:
            raise Refusal("ValueError")
        if state not in self._spec["moves"]["allowed"][record["state"]]:
            raise Refusal("Conflict")
        record["state"] = state
        return self._shown(number)

    def _delete(self, owner: str, number: int) -> None:
        self._hidden[self._found(owner, number)] = (owner, True)

    def _restore(self, owner: str, number: int) -> Record:
        if self._hidden.get(number) != (owner, True):
            raise Refusal("KeyError")
        self._free(owner, self._rows[number], number)
        self._hidden[number] = (owner, False)
        return self._shown(number)

    def _visible(self, owner: str, number: int) -> bool:
        return self._hidden.get(number) == (owner, False)

    def _found(self, owner: str, number: int) -> int:
        if not self._visible(owner, number):
            raise Refusal("KeyError")
        return number

    def _shown(self, number: int) -> Record:
        return {"id": number, **self._rows[number]}

    def _stored(self, owner: str, data: Record) -> int:
        self._valid(data, partial=False)
        self._free(owner, data, 0)
        number = len(self._rows) + 1
        record = {field["name"]: data.get(field["name"], field.get("default")) for field in self._fields}
        if self._spec["version"]:
            record["version"] = 1
        if self._spec["moves"]:
            record["state"] = self._spec["moves"]["start"]
        self._rows[number] = record
        self._hidden[number] = (owner, False)
        return number

    def _free(self, owner: str, data: Record, number: int) -> None:
        """Refuse data that would make two records equal where the spec forbids it."""
        unique = self._spec["unique"]
        if unique is None or unique not in data:
            return
        for other, record in self._rows.items():
            if other != number and self._visible(owner, other) and record[unique] == data[unique]:
                raise Refusal("Conflict")

    def _valid(self, data: Record, *, partial: bool) -> None:
        if data.keys() - {field["name"] for field in self._fields}:
            raise Refusal("ValueError")
        for field in self._fields:
            if field["name"] not in data:
                if field["need"] == "required" and not partial:
                    raise Refusal("ValueError")
            elif not _fits(field, data[field["name"]]):
                raise Refusal("ValueError")


def _fits(field: Spec, value: Any) -> bool:
    """Whether the field can hold the value."""
    if value is None:
        return bool(field["need"] == "optional")
    if field["kind"] == "text":
        return type(value) is str and field["min"] <= len(value) <= field["max"]
    if field["kind"] == "number":
        return type(value) is int and field["min"] <= value <= field["max"]
    if field["kind"] == "flag":
        return type(value) is bool
    return type(value) is str and value in field["values"]
