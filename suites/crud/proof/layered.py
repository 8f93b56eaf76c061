"""Another build of the HTTP form: thin routes over the store of documents, whose errors become statuses in one place."""

from __future__ import annotations

from typing import Any

from .documents import documents
from .endpoints import signature
from .phrases import phrases
from .template import fill

__all__ = ["layered"]

Spec = dict[str, Any]

ROUTES = """
                  |
                  |
                  |def make_app(path):
                  |    store = Store(path)
                  |    app = FastAPI()
                  |
                  |    for error, status in $statuses:
                  |        app.add_exception_handler(error, refusal(status))
                  |
owner             |    def user(request: Request):
owner             |        if not request.headers.get("X-User"):
owner             |            raise HTTPException(401)
owner             |        return request.headers["X-User"]
                  |
                  |    async def body(request: Request):
                  |        return await request.body()
                  |
                  |    @app.post("/$plural", status_code=201)
                  |    def create($create_parameters):
!replay           |        return store.create(${own}parsed(raw))
replay            |        return store.create(${own}parsed(raw), idempotency_key)
                  |
bulk              |    @app.post("/$plural/bulk", status_code=201)
bulk              |    def create_many($body_parameters):
bulk              |        return store.create_many(${own}parsed(raw))
                  |
                  |    @app.get("/$plural")
                  |    def list_all($list_parameters):
page/sort/filter  |        given = dict(request.query_params)
page              |        limit = integer(given.pop("limit", "$limit"))
page              |        offset = integer(given.pop("offset", "0"))
sort              |        sort = given.pop("sort", None)
sort !filter      |        if given:
sort !filter      |            raise ValueError("unknown parameter")
filter            |        $numbers
                  |        return store.$listing($list_values)
                  |
                  |    @app.get("/$plural/{id}")
                  |    def get($id_parameters):
                  |        return store.get(${own}id)
                  |
update            |    @app.patch("/$plural/{id}")
update            |    def update($change_parameters):
update            |        store.get(${own}id)
update version    |        version = needed(if_match)
update            |        return store.update(${own}id, parsed(raw)$version_argument)
                  |
moves             |    @app.post("/$plural/{id}/move")
moves             |    def move($change_parameters):
moves             |        store.get(${own}id)
moves version     |        version = needed(if_match)
moves             |        data = parsed(raw)
moves             |        if not isinstance(data, dict) or list(data) != ["state"]:
moves             |            raise ValueError("state is needed")
moves !version    |        return store.move(${own}id, data["state"])
moves version     |        return store.move(${own}id, data["state"], version)
                  |
delete            |    @app.delete("/$plural/{id}", status_code=204)
delete            |    def delete($delete_parameters):
delete version    |        store.get(${own}id)
delete version    |        store.delete(${own}id, needed(if_match))
delete !version   |        store.delete(${own}id)
                  |
soft              |    @app.post("/$plural/{id}/restore")
soft              |    def restore($id_parameters):
soft              |        return store.restore(${own}id)
                  |
parent            |    @app.post("/$parents", status_code=201)
parent            |    def create_$parent(raw: bytes = Depends(body)):
parent            |        return store.create_$parent(parsed(raw))
                  |
parent            |    @app.get("/$parents/{id}")
parent            |    def get_$parent(id: int):
parent            |        return store.get_$parent(id)
                  |
parent            |    @app.delete("/$parents/{id}", status_code=204)
parent            |    def delete_$parent(id: int):
parent            |        store.delete_$parent(id)
                  |
                  |    return app
                  |
                  |
                  |def refusal(status):
                  |    async def handler(request, error):
                  |        return JSONResponse({"detail": str(error)}, status)
                  |
                  |    return handler
                  |
                  |
                  |def parsed(raw):
                  |    try:
                  |        return json.loads(raw)
                  |    except (ValueError, RecursionError):
                  |        return None
                  |
                  |
version           |def needed(if_match):
version           |    if if_match is None:
version           |        raise HTTPException(428)
version           |    return int(if_match) if if_match.isdecimal() and str(int(if_match)) == if_match else -1
                  |
                  |
counts            |def integer(text):
counts            |    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 9:
counts            |        raise ValueError("not an integer")
counts            |    return int(text)
"""


def layered(spec: Spec) -> str:
    """A right answer to a spec of the HTTP form."""
    words = phrases(spec)
    asked = spec["page"] or spec["sort"] or spec["filter"]
    statuses = {"KeyError": 404, "ValueError": 422, "Conflict": 409} | ({"Stale": 412} if spec["version"] else {})
    words |= {
        "statuses": "(" + ", ".join(f"({error}, {status})" for error, status in statuses.items()) + ")",
        "create_parameters": signature(spec, "raw", "owner", *["key"] * bool(spec["replay"])),
        "body_parameters": signature(spec, "raw", "owner"),
        "list_parameters": signature(spec, *["request"] * bool(asked), "owner"),
        "list_values": ", ".join(
            [
                *["owner"] * spec["owner"],
                *["limit", "offset"] * bool(spec["page"]),
                *["sort"] * bool(spec["sort"]),
                *["given"] * bool(spec["filter"]),
            ]
        ),
        "numbers": "\n".join(
            f'if "{field["name"]}" in given:\n    given["{field["name"]}"] = integer(given["{field["name"]}"])'
            for field in spec["fields"]
            if field["kind"] == "number" and field["name"] in spec["filter"]
        ),
        "id_parameters": signature(spec, "id", "owner"),
        "change_parameters": signature(spec, "id", "raw", "owner", "version"),
        "delete_parameters": signature(spec, "id", "owner", "version"),
    }
    routes = fill(ROUTES, spec, words)
    imports = ["Depends", "FastAPI", *["Header"] * bool(spec["version"] or spec["replay"])]
    imports += ["HTTPException"] * bool(spec["owner"] or spec["version"]) + ["Request"]
    head = f"from fastapi import {', '.join(imports)}\nfrom fastapi.responses import JSONResponse\n"
    contexts = "from contextlib import closing, contextmanager\n"
    return documents(spec).replace(contexts, f"{contexts}\n{head}") + "\n\n" + routes
