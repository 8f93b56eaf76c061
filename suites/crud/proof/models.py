"""A third build of the HTTP form: pydantic models, endpoints on the event loop, one connection, rules asked of SQL."""

from __future__ import annotations

from typing import Any

from .columns import record
from .phrases import literal, phrases, sorts
from .template import fill

__all__ = ["models"]

Spec = dict[str, Any]

TEXT = """
then              |import json
counts            |import re
                  |import sqlite3
                  |from typing import Annotated, Literal
                  |
                  |from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
                  |from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
                  |
                  |
                  |class Strict(BaseModel):
                  |    model_config = ConfigDict(strict=True, extra="forbid")
                  |
                  |
                  |class $Model(Strict):
                  |    $model_fields
                  |
                  |
bulk              |Many = TypeAdapter(list[$Model])
                  |Changes = TypeAdapter(dict)
                  |
                  |
parent            |class $ParentModel(Strict):
parent            |    $label: Annotated[str, Field(min_length=1, max_length=30)]
                  |
                  |
moves             |class Move(Strict):
moves             |    state: Literal[$states]
                  |
                  |
counts            |def digits(text):
counts            |    if not re.fullmatch("-?[0-9]+", text):
counts            |        raise ValueError("not an integer")
counts            |    return text
                  |
                  |
page/sort/filter  |class Query(BaseModel):
page !sort !filter|    model_config = ConfigDict(extra="ignore")
sort/filter       |    model_config = ConfigDict(extra="forbid")
page              |    limit: Annotated[int, BeforeValidator(digits), Field(ge=1, le=$most)] = $limit
page              |    offset: Annotated[int, BeforeValidator(digits), Field(ge=0)] = 0
sort              |    sort: Literal[$sorts] | None = None
filter            |    $filter_fields
                  |
                  |
                  |def make_app(path):
                  |    db = sqlite3.connect(path, timeout=30, check_same_thread=False)
                  |    db.row_factory = sqlite3.Row
                  |    with db:
parent            |        db.execute(
parent            |            "CREATE TABLE IF NOT EXISTS $parents (id INTEGER PRIMARY KEY AUTOINCREMENT, $label TEXT NOT NULL)"
parent            |        )
                  |        db.execute(
                  |            "CREATE TABLE IF NOT EXISTS $plural (id INTEGER PRIMARY KEY AUTOINCREMENT, $all_columns)"
                  |        )
replay            |        db.execute("CREATE TABLE IF NOT EXISTS replies (who TEXT, key TEXT, reply TEXT, PRIMARY KEY (who, key))")
                  |
                  |    def one(sql, *values):
                  |        return db.execute(sql, values).fetchone()
                  |
                  |    def show(row):
                  |        return {
                  |            $record
                  |        }
                  |
                  |    def known(request, id):
                  |        row = one("SELECT * FROM $plural WHERE id = ?$and_gone$and_owner", id$who_passed)
                  |        if row is None:
                  |            raise HTTPException(404)
                  |        return row
                  |
owner             |    def who(request):
owner             |        return request.headers["X-User"]
                  |
                  |    async def load(request, shape):
                  |        try:
                  |            if isinstance(shape, TypeAdapter):
                  |                return shape.validate_json(await request.body())
                  |            return shape.model_validate_json(await request.body())
                  |        except ValidationError:
                  |            raise HTTPException(422) from None
                  |
version           |    def given_version(request):
version           |        if "If-Match" not in request.headers:
version           |            raise HTTPException(428)
version           |        return request.headers["If-Match"]
                  |
parent            |    def allow(item):
parent            |        if item.${parent}_id is not None and not one("SELECT 1 FROM $parents WHERE id = ?", item.${parent}_id):
parent            |            raise HTTPException(422)
                  |
unique            |    def free(request, item, id):
unique            |        if one(
unique            |            "SELECT 1 FROM $plural WHERE $unique = ? AND id != ?$and_gone$and_owner", item.$unique, id$who_passed
unique            |        ):
unique            |            raise HTTPException(409)
                  |
                  |    def add(request, item):
parent            |        allow(item)
unique            |        free(request, item, 0)
                  |        values = [*item.model_dump().values()$who_listed$start_listed]
                  |        new = db.execute("INSERT INTO $plural ($inserted) VALUES ($inserted_marks)", values).lastrowid
                  |        return show(known(request, new))
                  |
                  |    router = APIRouter()
                  |
                  |    @router.post("/$plural", status_code=201)
                  |    async def create(request: Request):
replay            |        await request.body()
replay            |        key = request.headers.get("Idempotency-Key")
replay            |        before = one("SELECT reply FROM replies WHERE who = ? AND key = ?", $who, key)
then              |        if before:
then              |            return json.loads(before["reply"])
now               |        if before:
now               |            return show(known(request, int(before["reply"])))
                  |        item = await load(request, $Model)
                  |        with db:
!replay           |            return add(request, item)
replay            |            new = add(request, item)
then              |            if key is not None:
then              |                db.execute("INSERT INTO replies VALUES (?, ?, ?)", ($who, key, json.dumps(new)))
now               |            if key is not None:
now               |                db.execute("INSERT INTO replies VALUES (?, ?, ?)", ($who, key, str(new["id"])))
replay            |        return new
                  |
bulk              |    @router.post("/$plural/bulk", status_code=201)
bulk              |    async def create_many(request: Request):
bulk              |        items = await load(request, Many)
bulk              |        with db:
bulk              |            return [add(request, item) for item in items]
                  |
                  |    @router.get("/$plural")
                  |    async def list_all(request: Request):
page/sort/filter  |        try:
page/sort/filter  |            query = Query.model_validate(dict(request.query_params))
page/sort/filter  |        except ValidationError:
page/sort/filter  |            raise HTTPException(422) from None
                  |        sql, values = "FROM $plural WHERE TRUE$and_gone$and_owner", [$who_only]
filter            |        for name in $filters:
filter            |            if getattr(query, name) is not None:
filter            |                sql += f" AND {name} = ?"
filter            |                values.append(getattr(query, name))
sort              |        order = "$order"
sort              |        if query.sort:
sort              |            order = query.sort.lstrip("-") + (" DESC" if query.sort.startswith("-") else "") + ", id"
!sort             |        order = "$order"
                  |        rows = db.execute(f"SELECT * {sql} ORDER BY {order}", values).fetchall()
page              |        part = rows[query.offset : query.offset + query.limit]
page              |        return {"items": [show(row) for row in part], "total": len(rows)}
!page             |        return [show(row) for row in rows]
                  |
                  |    @router.get("/$plural/{id}")
                  |    async def get(id: int, request: Request):
                  |        return show(known(request, id))
                  |
update            |    @router.patch("/$plural/{id}")
update            |    async def update(id: int, request: Request):
update            |        await request.body()
update            |        row = known(request, id)
update version    |        version = given_version(request)
update            |        changes = await load(request, Changes)
update            |        old = show(row)
update            |        try:
update            |            item = $Model.model_validate({name: old[name] for name in $names} | changes)
update            |        except ValidationError:
update            |            raise HTTPException(422) from None
update parent     |        allow(item)
update version    |        if version != str(row["version"]):
update version    |            raise HTTPException(412)
update unique     |        free(request, item, id)
update            |        with db:
update            |            db.execute("UPDATE $plural SET $sets$bump WHERE id = ?", (*item.model_dump().values(), id))
update            |        return show(known(request, id))
                  |
moves             |    @router.post("/$plural/{id}/move")
moves             |    async def move(id: int, request: Request):
moves             |        await request.body()
moves             |        row = known(request, id)
moves version     |        version = given_version(request)
moves             |        target = (await load(request, Move)).state
moves version     |        if version != str(row["version"]):
moves version     |            raise HTTPException(412)
moves             |        if f"{row['state']} {target}" not in {$ways}:
moves             |            raise HTTPException(409)
moves             |        with db:
moves             |            db.execute("UPDATE $plural SET state = ?$bump WHERE id = ?", (target, id))
moves             |        return show(known(request, id))
                  |
delete            |    @router.delete("/$plural/{id}")
delete            |    async def delete(id: int, request: Request):
delete !version   |        known(request, id)
delete version    |        row = known(request, id)
delete version    |        if given_version(request) != str(row["version"]):
delete version    |            raise HTTPException(412)
delete            |        with db:
hard              |            db.execute("DELETE FROM $plural WHERE id = ?", (id,))
soft              |            db.execute("UPDATE $plural SET gone = 1 WHERE id = ?", (id,))
delete            |        return Response(status_code=204)
                  |
soft              |    @router.post("/$plural/{id}/restore")
soft              |    async def restore(id: int, request: Request):
soft              |        row = one("SELECT * FROM $plural WHERE id = ? AND gone = 1$and_owner", id$who_passed)
soft              |        if row is None:
soft              |            raise HTTPException(404)
soft unique       |        free(request, $Model.model_validate({name: show(row)[name] for name in $names}), id)
soft              |        with db:
soft              |            db.execute("UPDATE $plural SET gone = 0 WHERE id = ?", (id,))
soft              |        return show(row)
                  |
parent            |    @router.post("/$parents", status_code=201)
parent            |    async def create_$parent(request: Request):
parent            |        new = await load(request, $ParentModel)
parent            |        with db:
parent            |            id = db.execute("INSERT INTO $parents ($label) VALUES (?)", (new.$label,)).lastrowid
parent            |        return {"id": id, "$label": new.$label}
                  |
parent            |    @router.get("/$parents/{id}")
parent            |    async def get_$parent(id: int):
parent            |        row = one("SELECT id, $label FROM $parents WHERE id = ?", id)
parent            |        if row is None:
parent            |            raise HTTPException(404)
parent            |        return dict(row)
                  |
parent            |    @router.delete("/$parents/{id}")
parent            |    async def delete_$parent(id: int):
parent            |        await get_$parent(id)
restrict          |        if one("SELECT 1 FROM $plural WHERE ${parent}_id = ?", id):
restrict          |            raise HTTPException(409)
parent            |        with db:
cascade           |            db.execute("DELETE FROM $plural WHERE ${parent}_id = ?", (id,))
parent            |            db.execute("DELETE FROM $parents WHERE id = ?", (id,))
parent            |        return Response(status_code=204)
                  |
                  |    app = FastAPI()
owner             |
owner             |    @app.middleware("http")
owner             |    async def only_users(request: Request, call_next):
owner             |        if not request.headers.get("X-User"):
owner             |            return Response(status_code=401)
owner             |        return await call_next(request)
owner             |
                  |    app.include_router(router)
                  |    return app
"""


def models(spec: Spec) -> str:
    """A right answer to a spec of the HTTP form."""
    words = phrases(spec)
    owner, moves, parent = spec["owner"], spec["moves"] or {"allowed": {}, "states": []}, spec["parent"] or {}
    names = [field["name"] for field in spec["fields"]]
    inserted = [*names, *["who"] * owner, *["state"] * bool(spec["moves"])]
    extra = ["who TEXT"] * owner + ["version INTEGER DEFAULT 1"] * spec["version"]
    extra += ["state TEXT"] * bool(spec["moves"]) + ["gone INTEGER DEFAULT 0"] * (spec["delete"] == "soft")
    by_name = {field["name"]: field for field in spec["fields"]}
    words |= {
        "model_fields": "\n".join(f"{field['name']}: {_type(field)}{_default(field)}" for field in spec["fields"]),
        "filter_fields": "\n".join(
            f"{name}: {_type(by_name[name] | {'need': 'optional'}).replace('[int,', '[int, BeforeValidator(digits),')} = None"
            for name in spec["filter"]
        ),
        "ParentModel": parent.get("entity", "").capitalize(),
        "states": _listed(moves["states"]),
        "sorts": _listed(sorts(spec)),
        "ways": _listed([f"{state} {to}" for state, targets in moves["allowed"].items() for to in targets]),
        "all_columns": ", ".join([*names, *extra]),
        "record": record(spec),
        "and_gone": " AND gone = 0" if spec["delete"] == "soft" else "",
        "and_owner": " AND who = ?" if owner else "",
        "who": "who(request)" if owner else '""',
        "who_only": "who(request)" if owner else "",
        "who_passed": ", who(request)" if owner else "",
        "who_listed": ", who(request)" if owner else "",
        "start_listed": f', "{words["start"]}"' if spec["moves"] else "",
        "inserted": ", ".join(inserted),
        "inserted_marks": ", ".join("?" * len(inserted)),
    }
    return fill(TEXT, spec, words)


def _type(field: Spec) -> str:
    low, high = field.get("min"), field.get("max")
    text = {
        "text": f"Annotated[str, Field(min_length={low}, max_length={high})]",
        "number": f"Annotated[int, Field(ge={low}, le={high})]",
        "flag": "bool",
        "choice": f"Literal[{_listed(field.get('values', []))}]",
        "parent": "int",
    }[field["kind"]]
    return f"{text} | None" if field["need"] == "optional" else text


def _default(field: Spec) -> str:
    if field["need"] == "required":
        return ""
    return f" = {literal(field.get('default'))}"


def _listed(values: list[str]) -> str:
    return ", ".join(map(literal, values))
