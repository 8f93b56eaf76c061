"""Another build of the class form: one JSON document a record, every rule in Python, a connection a call.

The layered answer to the HTTP form has the same store below its routes.
"""

from __future__ import annotations

from typing import Any

from .phrases import literal, literals, phrases, sorts
from .template import fill

__all__ = ["documents"]

Spec = dict[str, Any]

TEXT = """
                  |import json
                  |import sqlite3
                  |from contextlib import closing, contextmanager
                  |
                  |
                  |def is_text(value, low, high):
                  |    return isinstance(value, str) and low <= len(value) <= high
                  |
                  |
                  |def is_integer(value, low, high):
                  |    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
                  |
                  |
                  |CHECKS = {
                  |    $checks
                  |}
                  |REQUIRED = $required
                  |DEFAULTS = {$defaults}
moves             |NEXT = {
moves             |    $moves
moves             |}
                  |
                  |
conflict/http     |class Conflict(Exception):
conflict/http     |    pass
                  |
                  |
http version      |class Stale(Exception):
http version      |    pass
                  |
                  |
                  |class Store:
                  |    def __init__(self, path):
                  |        self.path = path
                  |        with self.changing() as db:
                  |            db.execute(
                  |                "CREATE TABLE IF NOT EXISTS documents (kind TEXT, number INTEGER, body TEXT, PRIMARY KEY (kind, number))"
                  |            )
                  |
                  |    @contextmanager
                  |    def changing(self):
                  |        with closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as db:
                  |            db.execute("BEGIN EXCLUSIVE")
                  |            yield db
                  |            db.execute("COMMIT")
                  |
                  |    @contextmanager
                  |    def reading(self):
                  |        with closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as db:
                  |            yield db
                  |
                  |    def load(self, db, kind):
                  |        found = db.execute("SELECT body FROM documents WHERE kind = ? ORDER BY number", (kind,)).fetchall()
                  |        return [json.loads(body) for (body,) in found]
                  |
                  |    def save(self, db, kind, document):
                  |        row = (kind, document["id"], json.dumps(document))
                  |        db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", row)
                  |
                  |    def find(self, db, $own_first id):
                  |        for document in self.load(db, "$entity"):
                  |            if document["id"] == id and not document["deleted"]$and_owned:
                  |                return document
                  |        raise KeyError(id)
                  |
                  |    def validate(self, db, data):
http              |        if not isinstance(data, dict):
http              |            raise ValueError("not an object")
                  |        for name, value in data.items():
                  |            if name not in CHECKS or not CHECKS[name](value):
                  |                raise ValueError(f"bad {name}")
parent            |        ${parent}_id = data.get("${parent}_id")
parent            |        if ${parent}_id is not None and ${parent}_id not in self.live_$parents(db):
parent            |            raise ValueError("no such $parent")
                  |
unique            |    def reserve(self, db, ${own}value, id):
unique            |        for document in self.load(db, "$entity"):
unique            |            other = document["id"] != id and not document["deleted"]$and_owned
unique            |            if other and document["record"]["$unique"] == value:
unique            |                raise Conflict("$unique is taken")
                  |
                  |    def add(self, db, ${own}data$key_required):
replay            |        for document in self.load(db, "$entity"):
replay            |            if key is not None and document["key"] == key$and_owned:
then              |                return document["first"]
now delete/cascade|                if document["deleted"]:
now delete/cascade|                    raise KeyError(document["id"])
now               |                return document["record"]
                  |        self.validate(db, data)
                  |        for name in REQUIRED:
                  |            if name not in data:
                  |                raise ValueError(f"{name} is missing")
unique            |        self.reserve(db, ${own}data["$unique"], None)
                  |        record = {"id": len(self.load(db, "$entity")) + 1, **DEFAULTS, **data$extra}
                  |        document = {"id": record["id"], "deleted": False, "record": record}
owner             |        document["owner"] = owner
replay            |        document["key"] = key
then              |        document["first"] = record
                  |        self.save(db, "$entity", document)
                  |        return record
                  |
                  |    def create(self, ${own}data$key_argument):
                  |        with self.changing() as db:
                  |            return self.add(db, ${own}data$key_passed)
                  |
bulk              |    def create_many(self, ${own}items):
bulk http         |        if not isinstance(items, list):
bulk http         |            raise ValueError("not an array")
bulk              |        with self.changing() as db:
bulk              |            return [self.add(db, ${own}data$no_key) for data in items]
                  |
                  |    def get(self, ${own}id):
                  |        with self.reading() as db:
                  |            return self.find(db, ${own}id)["record"]
                  |
                  |    def $listing(self$list_self):
page              |        if limit < 1 or limit > $most or offset < 0:
page              |            raise ValueError("bad page")
sort              |        if sort is not None and sort not in $sorts:
sort              |            raise ValueError("bad sort")
filter            |        filters = filters or {}
filter            |        for name, value in filters.items():
filter            |            if name not in $filters or not CHECKS[name](value):
filter            |                raise ValueError(f"bad filter {name}")
                  |        with self.reading() as db:
                  |            found = self.load(db, "$entity")
                  |        records = [document["record"] for document in found if not document["deleted"]$and_owned]
filter            |        records = [
filter            |            record for record in records if all(record[name] == value for name, value in filters.items())
filter            |        ]
sort              |        if sort is not None:
sort              |            records.sort(key=lambda record: record[sort.removeprefix("-")], reverse=sort.startswith("-"))
sort              |        else:
sort              |            $ordering
!sort             |        $ordering
page              |        return {"items": records[offset : offset + limit], "total": len(records)}
!page             |        return records
                  |
update            |    def update(self, ${own}id, changes$version_argument):
update            |        with self.changing() as db:
update            |            document = self.find(db, ${own}id)
update            |            self.validate(db, changes)
update version    |            if document["record"]["version"] != version:
update version    |                $stale
update unique     |            if "$unique" in changes:
update unique     |                self.reserve(db, ${own}changes["$unique"], id)
update            |            document["record"] |= changes
update version    |            document["record"]["version"] += 1
update            |            self.save(db, "$entity", document)
update            |            return document["record"]
                  |
moves             |    def move(self, ${own}id, state$version_argument):
moves             |        with self.changing() as db:
moves             |            document = self.find(db, ${own}id)
moves             |            if not isinstance(state, str) or state not in NEXT:
moves             |                raise ValueError("no such state")
moves version     |            if document["record"]["version"] != version:
moves version     |                $stale
moves             |            if state not in NEXT[document["record"]["state"]]:
moves             |                raise Conflict("not from here")
moves             |            document["record"]["state"] = state
moves version     |            document["record"]["version"] += 1
moves             |            self.save(db, "$entity", document)
moves             |            return document["record"]
                  |
delete            |    def delete(self, ${own}id$version_argument):
delete            |        with self.changing() as db:
delete            |            document = self.find(db, ${own}id)
delete version    |            if document["record"]["version"] != version:
delete version    |                $stale
delete            |            document["deleted"] = True
delete            |            self.save(db, "$entity", document)
                  |
soft              |    def restore(self, ${own}id):
soft              |        with self.changing() as db:
soft              |            for document in self.load(db, "$entity"):
soft              |                if document["id"] == id and document["deleted"]$and_owned:
soft unique       |                    self.reserve(db, ${own}document["record"]["$unique"], id)
soft              |                    document["deleted"] = False
soft              |                    self.save(db, "$entity", document)
soft              |                    return document["record"]
soft              |        raise KeyError(id)
                  |
parent            |    def live_$parents(self, db):
parent            |        found = self.load(db, "$parent")
parent            |        return {document["id"]: document["record"] for document in found if not document["deleted"]}
                  |
parent            |    def create_$parent(self, data):
parent http       |        if not isinstance(data, dict):
parent http       |            raise ValueError("not an object")
parent            |        if list(data) != ["$label"] or not is_text(data["$label"], 1, 30):
parent            |            raise ValueError("bad $label")
parent            |        with self.changing() as db:
parent            |            record = {"id": len(self.load(db, "$parent")) + 1, **data}
parent            |            self.save(db, "$parent", {"id": record["id"], "deleted": False, "record": record})
parent            |            return record
                  |
parent            |    def get_$parent(self, id):
parent            |        with self.reading() as db:
parent            |            return self.live_$parents(db)[id]
                  |
parent            |    def delete_$parent(self, id):
parent            |        with self.changing() as db:
parent            |            record = self.live_$parents(db)[id]
parent            |            for document in self.load(db, "$entity"):
parent            |                if document["record"]["${parent}_id"] == id and not document["deleted"]:
restrict          |                    raise Conflict("there are still $plural")
cascade           |                    document["deleted"] = True
cascade           |                    self.save(db, "$entity", document)
parent            |            self.save(db, "$parent", {"id": id, "deleted": True, "record": record})
"""


def documents(spec: Spec) -> str:
    """A right answer to a spec of the class form; for the HTTP form the store alone."""
    words = phrases(spec)
    fields, order = spec["fields"], spec["order"]
    extra = {"version": "1"} if spec["version"] else {}
    extra |= {"state": f'"{words["start"]}"'} if spec["moves"] else {}
    words |= {
        "checks": "\n".join(f'"{field["name"]}": lambda value: {_check(field)},' for field in fields),
        "required": literals([field["name"] for field in fields if field["need"] == "required"]),
        "defaults": ", ".join(
            f'"{field["name"]}": {literal(field.get("default"))}' for field in fields if field["need"] != "required"
        ),
        "own_first": "owner," if spec["owner"] else "",
        "and_owned": ' and document["owner"] == owner' if spec["owner"] else "",
        "key_required": ", key" if spec["replay"] else "",
        "key_passed": ", key" if spec["replay"] else "",
        "no_key": ", None" if spec["replay"] else "",
        "extra": "".join(f', "{name}": {value}' for name, value in extra.items()),
        "list_self": f", {words['list_arguments']}" if words["list_arguments"] else "",
        "sorts": literals(sorts(spec)),
        "stale": 'raise Stale("stale version")' if spec["form"] == "http" else 'raise Conflict("stale version")',
        "ordering": {"oldest": "pass" if spec["sort"] else "", "newest": "records.reverse()"}.get(
            order, f'records.sort(key=lambda record: record["{order}"])'
        ),
    }
    return fill(TEXT, spec, words).replace("db,  id", "db, id")


def _check(field: Spec) -> str:
    low, high = field.get("min"), field.get("max")
    test = {
        "text": f"is_text(value, {low}, {high})",
        "number": f"is_integer(value, {low}, {high})",
        "flag": "isinstance(value, bool)",
        "choice": f"value in {literals(field.get('values', []))}",
        "parent": "isinstance(value, int) and not isinstance(value, bool)",
    }[field["kind"]]
    return f"value is None or {test}" if field["need"] == "optional" else test
