"""A third build of the class form: a log of events that is only ever added to; what is true follows from the log."""

from __future__ import annotations

from typing import Any

from .columns import filter_tests, tests
from .phrases import literals, phrases
from .template import fill

__all__ = ["events"]

Spec = dict[str, Any]

TEXT = """
                  |import json
                  |import sqlite3
                  |from contextlib import contextmanager
                  |
                  |
moves             |MOVES = {
moves             |    $pairs
moves             |}
moves             |STATES = {state for move in MOVES for state in move}
                  |
                  |
conflict          |class Conflict(Exception):
conflict          |    pass
                  |
                  |
                  |class State:
                  |    def __init__(self, events):
                  |        self.records = {}
                  |        self.gone = set()
owner             |        self.owners = {}
replay            |        self.keys = {}
parent            |        self.$parents = {}
parent            |        self.gone_$parents = set()
                  |        for kind, body in events:
                  |            getattr(self, kind)(**json.loads(body))
                  |
                  |    def created(self, record$made_owner$made_key):
                  |        self.records[record["id"]] = dict(record)
owner             |        self.owners[record["id"]] = owner
replay owner      |        if key is not None:
replay owner      |            self.keys[owner, key] = record
replay !owner     |        if key is not None:
replay !owner     |            self.keys[key] = record
                  |
update/moves      |    def changed(self, id, changes):
update/moves      |        self.records[id].update(changes)
version           |        self.records[id]["version"] += 1
                  |
delete            |    def deleted(self, id):
delete            |        self.gone.add(id)
                  |
soft              |    def restored(self, id):
soft              |        self.gone.remove(id)
                  |
parent            |    def created_$parent(self, record):
parent            |        self.$parents[record["id"]] = record
                  |
parent            |    def deleted_$parent(self, id):
parent            |        self.gone_$parents.add(id)
cascade           |        self.gone.update(self.children(id))
                  |
parent            |    def children(self, id):
parent            |        return [
parent            |            number
parent            |            for number, record in self.records.items()
parent            |            if record["${parent}_id"] == id and number not in self.gone
parent            |        ]
                  |
                  |    def visible(self$comma_owner):
                  |        return [
                  |            record
                  |            for id, record in self.records.items()
                  |            if id not in self.gone$and_owned
                  |        ]
                  |
                  |    def get(self, ${own}id):
                  |        if id not in self.records or id in self.gone$or_foreign:
                  |            raise KeyError(id)
                  |        return self.records[id]
                  |
parent            |    def get_$parent(self, id):
parent            |        if id not in self.$parents or id in self.gone_$parents:
parent            |            raise KeyError(id)
parent            |        return self.$parents[id]
                  |
unique            |    def free(self, ${own}value, id=None):
unique            |        for record in self.visible($own_only):
unique            |            if record["$unique"] == value and record["id"] != id:
unique            |                raise Conflict("$unique must be unique")
                  |
                  |
                  |class Store:
                  |    def __init__(self, path):
                  |        self.db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
                  |        self.db.execute("CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, kind TEXT, body TEXT)")
                  |
                  |    def state(self):
                  |        return State(self.db.execute("SELECT kind, body FROM events ORDER BY number").fetchall())
                  |
                  |    @contextmanager
                  |    def appending(self):
                  |        self.db.execute("BEGIN IMMEDIATE")
                  |        try:
                  |            yield self.state()
                  |            self.db.execute("COMMIT")
                  |        finally:
                  |            if self.db.in_transaction:
                  |                self.db.execute("ROLLBACK")
                  |
                  |    def append(self, state, kind, **body):
                  |        text = json.dumps(body)
                  |        self.db.execute("INSERT INTO events (kind, body) VALUES (?, ?)", (kind, text))
                  |        getattr(state, kind)(**json.loads(text))
                  |
                  |    def checked(self, state, data):
                  |        for name in data:
                  |            if name not in $names:
                  |                raise ValueError(f"unknown field {name}")
                  |        $tests
                  |        return {$names_returned}
                  |
                  |    def add(self, state, ${own}data$key_argument):
                  |        values = self.checked(state, data)
unique            |        state.free(${own}values["$unique"])
                  |        record = {"id": len(state.records) + 1, **values$extra}
                  |        self.append(state, "created", record=record$owner_given$key_given)
                  |        return record
                  |
                  |    def create(self, ${own}data$key_argument):
                  |        with self.appending() as state:
replay            |            if $key_of in state.keys:
then              |                return state.keys[$key_of]
now               |                return state.get(${own}state.keys[$key_of]["id"])
                  |            return self.add(state, ${own}data$key_passed)
                  |
bulk              |    def create_many(self, ${own}items):
bulk              |        with self.appending() as state:
bulk              |            return [self.add(state, ${own}item) for item in items]
                  |
                  |    def get(self, ${own}id):
                  |        return self.state().get(${own}id)
                  |
                  |    def $listing(self$list_self):
page              |        if limit not in range(1, $most + 1) or offset < 0:
page              |            raise ValueError("page out of range")
filter            |        filters = filters or {}
filter            |        if not set(filters) <= set($filters):
filter            |            raise ValueError("unknown filter")
filter            |        $filter_tests
                  |        records = self.state().visible($own_only)
filter            |        for name, value in filters.items():
filter            |            records = [record for record in records if record[name] == value]
sort              |        if sort is None:
sort              |            $default_order
sort              |        elif sort in $sort:
sort              |            records = sorted(records, key=lambda record: record[sort])
sort              |        elif sort in $reversed:
sort              |            records = sorted(records, key=lambda record: record[sort[1:]], reverse=True)
sort              |        else:
sort              |            raise ValueError("unknown sort")
!sort             |        $default_order
page              |        return {"items": records[offset:][:limit], "total": len(records)}
!page             |        return records
                  |
update            |    def update(self, ${own}id, changes$version_argument):
update            |        with self.appending() as state:
update            |            record = state.get(${own}id)
update            |            self.checked(state, {name: record[name] for name in $names} | changes)
update version    |            if version != record["version"]:
update version    |                raise Conflict(f"version is {record['version']}")
update unique     |            state.free(${own}changes.get("$unique", record["$unique"]), id)
update            |            self.append(state, "changed", id=id, changes=changes)
update            |            return state.get(${own}id)
                  |
moves             |    def move(self, ${own}id, state$version_argument):
moves             |        with self.appending() as now:
moves             |            record = now.get(${own}id)
moves             |            if state not in STATES:
moves             |                raise ValueError(f"no state {state}")
moves version     |            if version != record["version"]:
moves version     |                raise Conflict(f"version is {record['version']}")
moves             |            if (record["state"], state) not in MOVES:
moves             |                raise Conflict(f"no way from {record['state']} to {state}")
moves             |            self.append(now, "changed", id=id, changes={"state": state})
moves             |            return now.get(${own}id)
                  |
delete            |    def delete(self, ${own}id$version_argument):
delete            |        with self.appending() as state:
delete !version   |            state.get(${own}id)
delete version    |            if version != state.get(${own}id)["version"]:
delete version    |                raise Conflict("version has changed")
delete            |            self.append(state, "deleted", id=id)
                  |
soft              |    def restore(self, ${own}id):
soft              |        with self.appending() as state:
soft              |            if id not in state.gone$or_foreign_state:
soft              |                raise KeyError(id)
soft unique       |            state.free(${own}state.records[id]["$unique"])
soft              |            self.append(state, "restored", id=id)
soft              |            return state.get(${own}id)
                  |
parent            |    def create_$parent(self, data):
parent            |        match data:
parent            |            case {"$label": str() as $label} if len(data) == 1 and 0 < len($label) <= 30:
parent            |                pass
parent            |            case _:
parent            |                raise ValueError("$label is needed")
parent            |        with self.appending() as state:
parent            |            record = {"id": len(state.$parents) + 1, "$label": $label}
parent            |            self.append(state, "created_$parent", record=record)
parent            |            return record
                  |
parent            |    def get_$parent(self, id):
parent            |        return self.state().get_$parent(id)
                  |
parent            |    def delete_$parent(self, id):
parent            |        with self.appending() as state:
parent            |            state.get_$parent(id)
restrict          |            if state.children(id):
restrict          |                raise Conflict("not empty")
parent            |            self.append(state, "deleted_$parent", id=id)
"""


def events(spec: Spec) -> str:
    """A right answer to a spec of the class form."""
    words = phrases(spec)
    owner = spec["owner"]
    moves = spec["moves"] or {"allowed": {}}
    pairs = [(state, target) for state, targets in moves["allowed"].items() for target in targets]
    extra = {"version": "1"} if spec["version"] else {}
    extra |= {"state": f'"{words["start"]}"'} if spec["moves"] else {}
    words |= {
        "pairs": "\n".join(f'("{state}", "{target}"),' for state, target in pairs),
        "made_owner": ", owner" if owner else "",
        "made_key": ", key" if spec["replay"] else "",
        "and_owned": " and self.owners[id] == owner" if owner else "",
        "or_foreign": " or self.owners[id] != owner" if owner else "",
        "or_foreign_state": " or state.owners[id] != owner" if owner else "",
        "tests": _parents_from_state(spec, tests(spec, "db", "ValueError({})")),
        "names_returned": ", ".join(f'"{field["name"]}": {field["name"]}' for field in spec["fields"]),
        "extra": "".join(f', "{name}": {value}' for name, value in extra.items()),
        "owner_given": ", owner=owner" if owner else "",
        "key_given": ", key=key" if spec["replay"] else "",
        "key_passed": ", key" if spec["replay"] else "",
        "key_of": "(owner, key)" if owner else "key",
        "list_self": f", {words['list_arguments']}" if words["list_arguments"] else "",
        "filter_tests": filter_tests(spec),
        "sort": literals(spec["sort"]),
        "reversed": literals([f"-{name}" for name in spec["sort"]]),
        "default_order": {"oldest": "pass" if spec["sort"] else "", "newest": "records = records[::-1]"}.get(
            spec["order"], f'records = sorted(records, key=lambda record: record["{spec["order"]}"])'
        ),
    }
    return fill(TEXT, spec, words)


def _parents_from_state(spec: Spec, text: str) -> str:
    """The tests, with a look at the events' state where there would be one at a table."""
    if not spec["parent"]:
        return text
    name, parents = f"{spec['parent']['entity']}_id", spec["parent"]["plural"]
    query = f'db.execute("SELECT id FROM {parents} WHERE id = ?", ({name},)).fetchone() is None'  # noqa: S608  see there
    return text.replace(query, f"{name} not in state.{parents}.keys() - state.gone_{parents}")
