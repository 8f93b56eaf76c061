"""A right answer to any crud sample, built in all things unlike the one in crud_answers."""

from __future__ import annotations

from typing import Any

__all__ = ["documents"]

Spec = dict[str, Any]


def documents(spec: Spec) -> str:
    """A right answer of another build: one JSON document a record, a connection a call, every rule in Python."""
    fields = {field["name"]: {key: value for key, value in field.items() if key != "name"} for field in spec["fields"]}
    own = "owner, " if spec["owner"] else ""
    owner = "owner" if spec["owner"] else "None"
    lines = ["import json", "import sqlite3", "", f"FIELDS = {fields!r}"]
    lines += [
        "",
        "",
        "class Conflict(Exception):",
        "    pass",
        "",
        "",
        _DOCUMENTS.replace("OWN, ", own).replace("OWNER", owner),
    ]
    lines += [_listing(spec, own, owner)]
    for wanted, text in (
        (spec["update"], _document_update(spec, own, owner)),
        (spec["moves"], _document_move(spec)),
        (spec["delete"] != "none", _document_delete(spec, own, owner)),
        (spec["bulk"], _DOCUMENT_BULK),
    ):
        lines += [text] * bool(wanted)
    text = "\n".join(lines)
    extra = ["version"] * spec["version"] + ["state"] * bool(spec["moves"])
    first = {"version": 1, "state": (spec["moves"] or {}).get("start")}
    text = text.replace("UNIQUE", repr(spec["unique"])).replace("EXTRA", repr({name: first[name] for name in extra}))
    return f"Here is the class.\n\n```py\n{text}\n```\nIt stores documents."


_DOCUMENTS = """class Store:
    def __init__(self, path):
        self.path = path
        with self.open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS documents (number INTEGER, body TEXT)")

    def open(self):
        return sqlite3.connect(self.path)

    def load(self, db):
        return [json.loads(body) for (body,) in db.execute("SELECT body FROM documents ORDER BY number")]

    def save(self, db, document):
        db.execute("DELETE FROM documents WHERE number = ?", (document["id"],))
        db.execute("INSERT INTO documents VALUES (?, ?)", (document["id"], json.dumps(document)))

    def find(self, db, owner, id):
        for document in self.load(db):
            if document["id"] == id and document["owner"] == owner and not document["deleted"]:
                return document
        raise KeyError(id)

    def show(self, document):
        return {"id": document["id"], **document["data"], **document["extra"]}

    def validate(self, data, whole):
        for name, value in data.items():
            if name not in FIELDS:
                raise ValueError(f"unknown field {name}")
            rule = FIELDS[name]
            if value is None and rule["need"] == "optional":
                continue
            if rule["kind"] == "text":
                good = isinstance(value, str) and rule["min"] <= len(value) <= rule["max"]
            elif rule["kind"] == "number":
                good = isinstance(value, int) and not isinstance(value, bool) and rule["min"] <= value <= rule["max"]
            elif rule["kind"] == "flag":
                good = value is True or value is False
            else:
                good = isinstance(value, str) and value in rule["values"]
            if not good:
                raise ValueError(f"bad {name}")
        if whole and any(rule["need"] == "required" and name not in data for name, rule in FIELDS.items()):
            raise ValueError("missing field")

    def reserve(self, db, owner, data, id):
        for document in self.load(db):
            taken = document["owner"] == owner and not document["deleted"] and document["id"] != id
            if taken and UNIQUE in data and document["data"][UNIQUE] == data[UNIQUE]:
                raise Conflict(UNIQUE)

    def add(self, db, owner, data, key):
        documents = self.load(db)
        for document in documents:
            if key is not None and document["key"] == key:
                return self.show(document)
        self.validate(data, True)
        self.reserve(db, owner, data, None)
        full = {name: data.get(name, rule.get("default")) for name, rule in FIELDS.items()}
        number = self.next(db)
        document = {"id": number, "owner": owner, "key": key, "deleted": False, "data": full, "extra": EXTRA}
        self.save(db, document)
        return self.show(document)

    def next(self, db):
        return len(self.load(db)) + 1

    def create(self, OWN, data, key=None):
        with self.open() as db:
            return self.add(db, OWNER, data, key)

    def get(self, OWN, id):
        with self.open() as db:
            return self.show(self.find(db, OWNER, id))
"""

_DOCUMENT_BULK = """
    def create_many(self, items):
        with self.open() as db:
            return [self.add(db, None, item, None) for item in items]
"""


def _listing(spec: Spec, own: str, owner: str) -> str:
    key = {"oldest": "r['id']", "newest": "-r['id']"}.get(spec["order"], f"(r[{spec['order']!r}], r['id'])")
    body = f"""
    def ordered(self, owner):
        with self.open() as db:
            mine = [d for d in self.load(db) if d["owner"] == owner and not d["deleted"]]
        return sorted(map(self.show, mine), key=lambda r: {key})
"""
    if not spec["page"]:
        return f"{body}\n    def list_all(self, {own}):\n        return self.ordered({owner})\n".replace(
            "self, )", "self)"
        )
    return f"""{body}
    def list_page(self, limit={spec["page"]["limit"]}, offset=0):
        if limit < 1 or limit > {spec["page"]["most"]} or offset < 0:
            raise ValueError("page")
        found = self.ordered(None)
        return {{"items": found[offset:][:limit], "total": len(found)}}
"""


def _document_update(spec: Spec, own: str, owner: str) -> str:
    version = ", version" if spec["version"] else ""
    check = (
        """
            if version != document["extra"]["version"]:
                raise Conflict("version")
            document["extra"]["version"] += 1"""
        if version
        else ""
    )
    return f"""
    def update(self, {own}id, changes{version}):
        with self.open() as db:
            document = self.find(db, {owner}, id)
            self.validate(changes, False){check}
            self.reserve(db, {owner}, changes, id)
            document["data"].update(changes)
            self.save(db, document)
            return self.show(document)
"""


def _document_move(spec: Spec) -> str:
    ways = [
        [source, target]
        for source, targets in (spec["moves"] or {"allowed": {}})["allowed"].items()
        for target in targets
    ]
    return f"""
    def move(self, id, state):
        ways = {ways!r}
        with self.open() as db:
            document = self.find(db, None, id)
            if all(state not in way for way in ways):
                raise ValueError("state")
            if [document["extra"]["state"], state] not in ways:
                raise Conflict("move")
            document["extra"]["state"] = state
            self.save(db, document)
            return self.show(document)
"""


def _document_delete(spec: Spec, own: str, owner: str) -> str:
    text = f"""
    def delete(self, {own}id):
        with self.open() as db:
            document = self.find(db, {owner}, id)
            document["deleted"] = True
            self.save(db, document)
"""
    if spec["delete"] == "hard":
        return text
    return f"""{text}
    def restore(self, id):
        with self.open() as db:
            gone = [d for d in self.load(db) if d["id"] == id and d["deleted"]]
            if not gone:
                raise KeyError(id)
            self.reserve(db, None, gone[0]["data"], id)
            gone[0]["deleted"] = False
            self.save(db, gone[0])
            return self.show(gone[0])
"""
