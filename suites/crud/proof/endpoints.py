"""The reference of the HTTP form: endpoints that run in threads, typed columns, a connection and a lock a request."""

from __future__ import annotations

from typing import Any

from .columns import SCHEMA, record, tests
from .phrases import phrases, refused, said
from .template import fill

__all__ = ["endpoints", "signature"]

Spec = dict[str, Any]

TEXT = """
                  |import json
counts            |import re
                  |import sqlite3
                  |from contextlib import contextmanager
                  |
                  |from fastapi import $imports
                  |
                  |
moves             |MOVES = {
moves             |    $moves
moves             |}
sort              |ORDERS = {
sort              |    None: "$order",
sort              |    $orders
sort              |}
                  |
                  |
                  |async def body(request: Request):
                  |    return await request.body()
                  |
                  |
                  |def parsed(raw):
                  |    try:
                  |        return json.loads(raw)
                  |    except (ValueError, RecursionError):
                  |        raise HTTPException(422, "not JSON") from None
                  |
                  |
owner             |async def user(x_user: str = Header("")):
owner             |    if not x_user:
owner             |        raise HTTPException(401, "X-User is missing")
owner             |    return x_user
                  |
                  |
counts            |def integer(text):
counts            |    if not re.fullmatch(r"-?[0-9]{1,9}", text):
counts            |        raise HTTPException(422, "not an integer")
counts            |    return int(text)
                  |
                  |
                  |def shown(row):
                  |    return {
                  |        $record
                  |    }
                  |
                  |
                  |def checked(db, data):
                  |    if type(data) is not dict or set(data) - $name_set:
                  |        raise HTTPException(422, "not an object of known fields")
                  |    $tests
                  |    return $names_returned
                  |
                  |
                  |def found(db, ${own}id):
                  |    row = db.execute("SELECT * FROM $plural WHERE id = ?$and_live", (id$comma_owner$lone)).fetchone()
                  |    if row is None:
                  |        raise HTTPException(404, "no such $entity")
                  |    return shown(row)
                  |
                  |
                  |def inserted(db, ${own}data):
                  |    cursor = db.execute(
                  |        "INSERT INTO $plural ($stored) VALUES ($marks)",
owner             |        (owner, *checked(db, data)),
!owner            |        checked(db, data),
                  |    )
                  |    return found(db, ${own}cursor.lastrowid)
                  |
                  |
parent            |def found_$parent(db, id):
parent            |    row = db.execute("SELECT id, $label FROM $parents WHERE id = ?", (id,)).fetchone()
parent            |    if row is None:
parent            |        raise HTTPException(404, "no such $parent")
parent            |    return dict(row)
                  |
                  |
                  |def make_app(path):
                  |    app = FastAPI()
                  |
                  |    @contextmanager
                  |    def transaction():
                  |        db = sqlite3.connect(path, timeout=30, isolation_level=None)
                  |        db.row_factory = sqlite3.Row
                  |        try:
parent            |            db.execute("PRAGMA foreign_keys = ON")
                  |            db.execute("BEGIN IMMEDIATE")
                  |            yield db
                  |            db.execute("COMMIT")
broken            |        except sqlite3.IntegrityError as error:
broken            |            raise HTTPException(409, str(error)) from None
                  |        finally:
                  |            db.close()
                  |
                  |    with transaction() as db:
                  |        $schema
                  |
                  |    @app.post("/$plural", status_code=201)
                  |    def create($create_parameters):
                  |        with transaction() as db:
replay owner      |            known = db.execute(
replay owner      |                "SELECT record FROM keys WHERE owner = ? AND key = ?", (owner, idempotency_key)
replay owner      |            ).fetchone()
replay !owner     |            known = db.execute("SELECT record FROM keys WHERE key = ?", (idempotency_key,)).fetchone()
replay            |            if known:
then              |                return json.loads(known["record"])
now               |                return found(db, ${own}known["record"])
replay            |            new = inserted(db, ${own}parsed(raw))
replay            |            if idempotency_key is not None:
then owner        |                db.execute("INSERT INTO keys VALUES (?, ?, ?)", (owner, idempotency_key, json.dumps(new)))
then !owner       |                db.execute("INSERT INTO keys VALUES (?, ?)", (idempotency_key, json.dumps(new)))
now owner         |                db.execute("INSERT INTO keys VALUES (?, ?, ?)", (owner, idempotency_key, new["id"]))
now !owner        |                db.execute("INSERT INTO keys VALUES (?, ?)", (idempotency_key, new["id"]))
replay            |            return new
!replay           |            return inserted(db, ${own}parsed(raw))
                  |
bulk              |    @app.post("/$plural/bulk", status_code=201)
bulk              |    def create_many($body_parameters):
bulk              |        items = parsed(raw)
bulk              |        if type(items) is not list:
bulk              |            raise HTTPException(422, "not an array")
bulk              |        with transaction() as db:
bulk              |            return [inserted(db, ${own}item) for item in items]
                  |
                  |    @app.get("/$plural")
                  |    def list_all($list_parameters):
sort/filter       |        if set(request.query_params) - $parameter_set:
sort/filter       |            raise HTTPException(422, "unknown parameter")
page              |        limit = integer(request.query_params.get("limit", "$limit"))
page              |        offset = integer(request.query_params.get("offset", "0"))
page              |        if not 1 <= limit <= $most or offset < 0:
page              |            raise HTTPException(422, "limit or offset out of range")
sort              |        sort = request.query_params.get("sort")
sort              |        if sort not in ORDERS:
sort              |            raise HTTPException(422, "unknown sort")
filter            |        where, values = "$base", [$own_only]
filter            |        $filter_tests
                  |        with transaction() as db:
page !filter      |            (total,) = db.execute("SELECT COUNT(*) FROM $plural$where_live", $owner_tuple).fetchone()
page filter       |            (total,) = db.execute("SELECT COUNT(*) FROM $plural WHERE " + where, values).fetchone()
page              |            rows = db.execute(
page !filter      |                "SELECT * FROM $plural$where_live ORDER BY $ordered LIMIT ? OFFSET ?", (${own}limit, offset)
page filter       |                "SELECT * FROM $plural WHERE " + where + " ORDER BY $ordered LIMIT ? OFFSET ?",
page filter       |                (*values, limit, offset),
page              |            ).fetchall()
page              |        return {"items": [shown(row) for row in rows], "total": total}
!page !filter     |            rows = db.execute("SELECT * FROM $plural$where_live ORDER BY $ordered", $owner_tuple).fetchall()
!page filter      |            rows = db.execute("SELECT * FROM $plural WHERE " + where + " ORDER BY $ordered", values).fetchall()
!page             |        return [shown(row) for row in rows]
                  |
                  |    @app.get("/$plural/{id}")
                  |    def get($id_parameters):
                  |        with transaction() as db:
                  |            return found(db, ${own}id)
                  |
update            |    @app.patch("/$plural/{id}")
update            |    def update($change_parameters):
update            |        with transaction() as db:
update            |            old = found(db, ${own}id)
update version    |            if if_match is None:
update version    |                raise HTTPException(428, "If-Match is missing")
update            |            changes = parsed(raw)
update            |            if type(changes) is not dict:
update            |                raise HTTPException(422, "not an object")
update            |            new = checked(db, {name: old[name] for name in $names} | changes)
update version    |            if if_match != str(old["version"]):
update version    |                raise HTTPException(412, "stale version")
update            |            db.execute("UPDATE $plural SET $sets$bump WHERE id = ?", (*new, id))
update            |            return found(db, ${own}id)
                  |
moves             |    @app.post("/$plural/{id}/move")
moves             |    def move($change_parameters):
moves             |        with transaction() as db:
moves             |            old = found(db, ${own}id)
moves version     |            if if_match is None:
moves version     |                raise HTTPException(428, "If-Match is missing")
moves             |            data = parsed(raw)
moves             |            if type(data) is not dict or set(data) != {"state"} or data["state"] not in list(MOVES):
moves             |                raise HTTPException(422, "unknown state")
moves version     |            if if_match != str(old["version"]):
moves version     |                raise HTTPException(412, "stale version")
moves             |            if data["state"] not in MOVES[old["state"]]:
moves             |                raise HTTPException(409, "move not allowed")
moves             |            db.execute("UPDATE $plural SET state = ?$bump WHERE id = ?", (data["state"], id))
moves             |            return found(db, ${own}id)
                  |
delete            |    @app.delete("/$plural/{id}", status_code=204)
delete            |    def delete($delete_parameters):
delete            |        with transaction() as db:
delete !version   |            found(db, ${own}id)
delete version    |            old = found(db, ${own}id)
delete version    |            if if_match is None:
delete version    |                raise HTTPException(428, "If-Match is missing")
delete version    |            if if_match != str(old["version"]):
delete version    |                raise HTTPException(412, "stale version")
hard              |            db.execute("DELETE FROM $plural WHERE id = ?", (id,))
soft              |            db.execute("UPDATE $plural SET deleted = 1 WHERE id = ?", (id,))
                  |
soft              |    @app.post("/$plural/{id}/restore")
soft              |    def restore($id_parameters):
soft              |        with transaction() as db:
soft !owner       |            done = db.execute("UPDATE $plural SET deleted = 0 WHERE id = ? AND deleted = 1", (id,))
soft owner        |            done = db.execute(
soft owner        |                "UPDATE $plural SET deleted = 0 WHERE id = ? AND owner = ? AND deleted = 1", (id, owner)
soft owner        |            )
soft              |            if done.rowcount == 0:
soft              |                raise HTTPException(404, "no such deleted $entity")
soft              |            return found(db, ${own}id)
                  |
parent            |    @app.post("/$parents", status_code=201)
parent            |    def create_$parent(raw: bytes = Depends(body)):
parent            |        data = parsed(raw)
parent            |        if type(data) is not dict or set(data) != {"$label"}:
parent            |            raise HTTPException(422, "$label and nothing else is needed")
parent            |        if type(data["$label"]) is not str or not 1 <= len(data["$label"]) <= 30:
parent            |            raise HTTPException(422, "$label must be a text of 1 to 30 characters")
parent            |        with transaction() as db:
parent            |            cursor = db.execute("INSERT INTO $parents ($label) VALUES (?)", (data["$label"],))
parent            |            return found_$parent(db, cursor.lastrowid)
                  |
parent            |    @app.get("/$parents/{id}")
parent            |    def get_$parent(id: int):
parent            |        with transaction() as db:
parent            |            return found_$parent(db, id)
                  |
parent            |    @app.delete("/$parents/{id}", status_code=204)
parent            |    def delete_$parent(id: int):
parent            |        with transaction() as db:
parent            |            found_$parent(db, id)
parent            |            db.execute("DELETE FROM $parents WHERE id = ?", (id,))
                  |
                  |    return app
"""


def endpoints(spec: Spec) -> str:
    """The reference answer to a spec of the HTTP form."""
    words = phrases(spec)
    page = ["limit", "offset"] if spec["page"] else []
    sort = ["sort"] if spec["sort"] else []
    header = spec["owner"] or spec["version"] or spec["replay"]
    words |= {
        "imports": ", ".join(["Depends", "FastAPI", *["Header"] * bool(header), "HTTPException", "Request"]),
        "schema": fill(SCHEMA, spec, words).replace("self.db", "db").rstrip("\n"),
        "tests": tests(spec, "db", "HTTPException(422, {})"),
        "names_returned": ", ".join(field["name"] for field in spec["fields"]),
        "lone": "" if spec["owner"] else ",",
        "record": record(spec),
        "ordered": '" + ORDERS[sort] + "' if spec["sort"] else words["order"],
        "parameter_set": "{" + ", ".join(f'"{name}"' for name in [*page, *sort, *spec["filter"]]) + "}",
        "filter_tests": _filter_tests(spec),
        "create_parameters": signature(spec, "raw", "owner", *["key"] * bool(spec["replay"])),
        "body_parameters": signature(spec, "raw", "owner"),
        "list_parameters": signature(spec, *["request"] * bool(page or sort or spec["filter"]), "owner"),
        "id_parameters": signature(spec, "id", "owner"),
        "change_parameters": signature(spec, "id", "raw", "owner", "version"),
        "delete_parameters": signature(spec, "id", "owner", "version"),
    }
    return fill(TEXT, spec, words).replace(' + "",', ",")


def signature(spec: Spec, *wanted: str) -> str:
    """The parameters of an endpoint, those that the spec has."""
    known = {
        "id": "id: int",
        "request": "request: Request",
        "raw": "raw: bytes = Depends(body)",
        "owner": "owner: str = Depends(user)" if spec["owner"] else "",
        "version": "if_match: str | None = Header(None)" if spec["version"] else "",
        "key": "idempotency_key: str | None = Header(None)",
    }
    return ", ".join(filter(None, (known[name] for name in wanted)))


def _filter_tests(spec: Spec) -> str:
    """The statements that read each filter, refuse what its field cannot have and add a condition."""
    lines = []
    for field in spec["fields"]:
        if field["name"] in spec["filter"]:
            name = field["name"]
            value = f'request.query_params["{name}"]'
            lines += [
                f'if "{name}" in request.query_params:',
                f"    {name} = {f'integer({value})' if field['kind'] == 'number' else value}",
                f"    if {refused(field, name)}:",
                f'        raise HTTPException(422, "{said(field)}")',
                f'    where += " AND {name} = ?"',
                f"    values.append({name})",
            ]
    return "\n".join(lines)
