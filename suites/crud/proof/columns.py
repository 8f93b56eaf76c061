"""The reference of the class form: typed columns, constraints that SQLite keeps, one connection, a lock from the start."""

from __future__ import annotations

from typing import Any

from .phrases import literal, phrases, refused, said
from .template import fill

__all__ = ["SCHEMA", "columns", "filter_tests", "record", "tests"]

Spec = dict[str, Any]

TEXT = """
then              |import json
                  |import sqlite3
                  |from contextlib import contextmanager
                  |
                  |
moves             |MOVES = {
moves             |    $moves
moves             |}
                  |
                  |
conflict          |class Conflict(Exception):
conflict          |    pass
                  |
                  |
                  |class Store:
                  |    def __init__(self, path):
                  |        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
                  |        self.db.row_factory = sqlite3.Row
parent            |        self.db.execute("PRAGMA foreign_keys = ON")
                  |        with self.transaction():
                  |            $schema
                  |
                  |    @contextmanager
                  |    def transaction(self):
                  |        self.db.execute("BEGIN IMMEDIATE")
                  |        try:
                  |            yield
broken            |        except sqlite3.IntegrityError as error:
broken            |            self.db.execute("ROLLBACK")
broken            |            raise Conflict(str(error)) from None
                  |        except BaseException:
                  |            self.db.execute("ROLLBACK")
                  |            raise
                  |        else:
                  |            self.db.execute("COMMIT")
                  |
                  |    def checked(self, data):
                  |        if set(data) - $name_set:
                  |            raise ValueError("unknown field")
                  |        $tests
                  |        return $names_returned
                  |
                  |    def insert(self, ${own}data):
                  |        cursor = self.db.execute(
                  |            "INSERT INTO $plural ($stored) VALUES ($marks)",
owner             |            (owner, *self.checked(data)),
!owner            |            self.checked(data),
                  |        )
                  |        return self.get(${own}cursor.lastrowid)
                  |
                  |    def create(self, ${own}data$key_argument):
                  |        with self.transaction():
!replay           |            return self.insert(${own}data)
replay owner      |            known = self.db.execute(
replay owner      |                "SELECT record FROM keys WHERE owner = ? AND key = ?", (owner, key)
replay owner      |            ).fetchone()
replay !owner     |            known = self.db.execute("SELECT record FROM keys WHERE key = ?", (key,)).fetchone()
replay            |            if known:
then              |                return json.loads(known["record"])
now               |                return self.get(${own}known["record"])
replay            |            new = self.insert(${own}data)
replay            |            if key is not None:
then owner        |                self.db.execute("INSERT INTO keys VALUES (?, ?, ?)", (owner, key, json.dumps(new)))
then !owner       |                self.db.execute("INSERT INTO keys VALUES (?, ?)", (key, json.dumps(new)))
now owner         |                self.db.execute("INSERT INTO keys VALUES (?, ?, ?)", (owner, key, new["id"]))
now !owner        |                self.db.execute("INSERT INTO keys VALUES (?, ?)", (key, new["id"]))
replay            |            return new
                  |
bulk              |    def create_many(self, ${own}items):
bulk              |        with self.transaction():
bulk              |            return [self.insert(${own}data) for data in items]
                  |
                  |    def get(self, ${own}id):
                  |        row = self.db.execute("SELECT * FROM $plural WHERE id = ?$and_live", (id$comma_owner$lone)).fetchone()
                  |        if row is None:
                  |            raise KeyError(id)
                  |        return self.record(row)
                  |
                  |    def record(self, row):
                  |        return {
                  |            $record
                  |        }
                  |
                  |    def $listing(self$list_self):
page              |        if not 1 <= limit <= $most or offset < 0:
page              |            raise ValueError("limit or offset out of range")
sort              |        orders = {
sort              |            None: "$order",
sort              |            $orders
sort              |        }
sort              |        if sort not in orders:
sort              |            raise ValueError("unknown sort")
filter            |        filters = filters or {}
filter            |        if set(filters) - set($filters):
filter            |            raise ValueError("unknown filter")
filter            |        $filter_tests
filter            |        where = "$base" + "".join(f" AND {name} = ?" for name in filters)
filter owner      |        values = (owner, *filters.values())
filter !owner     |        values = tuple(filters.values())
page              |        with self.transaction():
page !filter      |            (total,) = self.db.execute("SELECT COUNT(*) FROM $plural$where_live", $owner_tuple).fetchone()
page filter       |            (total,) = self.db.execute("SELECT COUNT(*) FROM $plural WHERE " + where, values).fetchone()
page              |            rows = self.db.execute(
page !filter      |                "SELECT * FROM $plural$where_live ORDER BY $ordered LIMIT ? OFFSET ?", (${own}limit, offset)
page filter       |                "SELECT * FROM $plural WHERE " + where + " ORDER BY $ordered LIMIT ? OFFSET ?",
page filter       |                (*values, limit, offset),
page              |            ).fetchall()
page              |        return {"items": [self.record(row) for row in rows], "total": total}
!page !filter     |        rows = self.db.execute("SELECT * FROM $plural$where_live ORDER BY $ordered", $owner_tuple).fetchall()
!page filter      |        rows = self.db.execute("SELECT * FROM $plural WHERE " + where + " ORDER BY $ordered", values).fetchall()
!page             |        return [self.record(row) for row in rows]
                  |
update            |    def update(self, ${own}id, changes$version_argument):
update            |        with self.transaction():
update            |            old = self.get(${own}id)
update            |            new = self.checked({name: old[name] for name in $names} | changes)
update version    |            if version != old["version"]:
update version    |                raise Conflict("stale version")
update            |            self.db.execute("UPDATE $plural SET $sets$bump WHERE id = ?", (*new, id))
update            |            return self.get(${own}id)
                  |
moves             |    def move(self, ${own}id, state$version_argument):
moves             |        with self.transaction():
moves             |            old = self.get(${own}id)
moves             |            if state not in MOVES:
moves             |                raise ValueError("unknown state")
moves version     |            if version != old["version"]:
moves version     |                raise Conflict("stale version")
moves             |            if state not in MOVES[old["state"]]:
moves             |                raise Conflict("move not allowed")
moves             |            self.db.execute("UPDATE $plural SET state = ?$bump WHERE id = ?", (state, id))
moves             |            return self.get(${own}id)
                  |
delete            |    def delete(self, ${own}id$version_argument):
delete            |        with self.transaction():
delete !version   |            self.get(${own}id)
delete version    |            old = self.get(${own}id)
delete version    |            if version != old["version"]:
delete version    |                raise Conflict("stale version")
hard              |            self.db.execute("DELETE FROM $plural WHERE id = ?", (id,))
soft              |            self.db.execute("UPDATE $plural SET deleted = 1 WHERE id = ?", (id,))
                  |
soft              |    def restore(self, ${own}id):
soft              |        with self.transaction():
soft !owner       |            found = self.db.execute("UPDATE $plural SET deleted = 0 WHERE id = ? AND deleted = 1", (id,))
soft owner        |            found = self.db.execute(
soft owner        |                "UPDATE $plural SET deleted = 0 WHERE id = ? AND owner = ? AND deleted = 1", (id, owner)
soft owner        |            )
soft              |            if found.rowcount == 0:
soft              |                raise KeyError(id)
soft              |            return self.get(${own}id)
                  |
parent            |    def create_$parent(self, data):
parent            |        if set(data) != {"$label"}:
parent            |            raise ValueError("$label and nothing else is needed")
parent            |        $label = data["$label"]
parent            |        if type($label) is not str or not 1 <= len($label) <= 30:
parent            |            raise ValueError("$label must be a text of 1 to 30 characters")
parent            |        with self.transaction():
parent            |            cursor = self.db.execute("INSERT INTO $parents ($label) VALUES (?)", ($label,))
parent            |            return self.get_$parent(cursor.lastrowid)
                  |
parent            |    def get_$parent(self, id):
parent            |        row = self.db.execute("SELECT id, $label FROM $parents WHERE id = ?", (id,)).fetchone()
parent            |        if row is None:
parent            |            raise KeyError(id)
parent            |        return dict(row)
                  |
parent            |    def delete_$parent(self, id):
parent            |        with self.transaction():
parent            |            self.get_$parent(id)
parent            |            self.db.execute("DELETE FROM $parents WHERE id = ?", (id,))
"""
SCHEMA = '''
parent            |self.db.execute("""
parent            |    CREATE TABLE IF NOT EXISTS $parents (
parent            |        id INTEGER PRIMARY KEY AUTOINCREMENT,
parent            |        $label TEXT NOT NULL
parent            |    )
parent            |""")
                  |self.db.execute("""
                  |    CREATE TABLE IF NOT EXISTS $plural (
hard/cascade      |        id INTEGER PRIMARY KEY AUTOINCREMENT,
!hard !cascade    |        id INTEGER PRIMARY KEY,
owner             |        owner TEXT NOT NULL,
version           |        version INTEGER NOT NULL DEFAULT 1,
moves             |        state TEXT NOT NULL DEFAULT '$start',
soft              |        deleted INTEGER NOT NULL DEFAULT 0,
                  |        $columns
                  |    )
                  |""")
unique            |self.db.execute("""
unique            |    CREATE UNIQUE INDEX IF NOT EXISTS unique_$unique ON $plural ($own$unique)$only_live
unique            |""")
replay            |self.db.execute("""
replay            |    CREATE TABLE IF NOT EXISTS keys (
replay owner      |        owner TEXT NOT NULL,
replay            |        key TEXT NOT NULL,
then              |        record TEXT NOT NULL,
now               |        record INTEGER NOT NULL,
replay            |        PRIMARY KEY (${own}key)
replay            |    )
replay            |""")
'''


def columns(spec: Spec) -> str:
    """The reference answer to a spec of the class form."""
    words = phrases(spec)
    words |= {
        "schema": fill(SCHEMA, spec, words).rstrip("\n"),
        "tests": tests(spec, "self.db", "ValueError({})"),
        "names_returned": ", ".join(field["name"] for field in spec["fields"]),
        "lone": "" if spec["owner"] else ",",
        "record": record(spec),
        "list_self": f", {words['list_arguments']}" if words["list_arguments"] else "",
        "ordered": '" + orders[sort] + "' if spec["sort"] else words["order"],
        "filter_tests": filter_tests(spec),
    }
    return fill(TEXT, spec, words).replace(' + "",', ",")


def tests(spec: Spec, db: str, error: str) -> str:
    """The statements that fetch each field from `data` and refuse what it must not be."""
    lines = []
    for field in spec["fields"]:
        name = field["name"]
        default = f", {literal(field['default'])}" if field["need"] == "default" else ""
        null = name if field["need"] == "optional" else ""
        lines += [
            f'{name} = data.get("{name}"{default})',
            f"if {refused(field, name, null=null)}:",
            f"    raise {error.format(literal(said(field)))}",
        ]
        if field["kind"] == "parent":
            parents = spec["parent"]["plural"]
            known = f'{db}.execute("SELECT id FROM {parents} WHERE id = ?", ({name},)).fetchone()'  # noqa: S608  a part of an answer, not a query of ours
            exists = f"{name} is not None and {known} is None" if null else f"{known} is None"
            lines += [f"if {exists}:", f"    raise {error.format(literal(f'there is no such {name[:-3]}'))}"]
    return "\n".join(lines)


def record(spec: Spec) -> str:
    """The entries of a record's dict, from a row."""
    names = ["id", *(field["name"] for field in spec["fields"])]
    names += ["version"] * spec["version"] + ["state"] * bool(spec["moves"])
    flags = {field["name"] for field in spec["fields"] if field["kind"] == "flag"}
    return "\n".join(
        f'"{name}": {f"bool(row[{literal(name)}])" if name in flags else f"row[{literal(name)}]"},' for name in names
    )


def filter_tests(spec: Spec) -> str:
    """The statements that refuse values of `filters` that a field cannot have."""
    lines = []
    for field in spec["fields"]:
        if field["name"] in spec["filter"]:
            value = f'filters["{field["name"]}"]'
            test = refused(field, value)
            lines += [
                f'if "{field["name"]}" in filters and ({test}):',
                f"    raise ValueError({literal(said(field))})",
            ]
    return "\n".join(lines)
