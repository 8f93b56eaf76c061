"""Answers that are no answers: they end the process, claim success, look for the checker, or make it wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .template import answer

__all__ = ["cheats"]

Spec = dict[str, Any]

CLASS = {
    ("ends the process with success", "does_not_load"): "import os\n\nos._exit(0)\n",
    ("leaves with success", "does_not_load"): "raise SystemExit(0)\n",
    ("prints that it passed", "missing_method"): 'print("PASS")\nprint(\'{"value": 1.0, "passed": true}\')\n',
    ("says nothing but its name", "missing_method"): "class Store:\n    pass\n",
    ("returns what is equal to everything", "wrong_result"): """
class Conflict(Exception):
    pass


class Equal(dict):
    def __eq__(self, other):
        return True

    __hash__ = None


class Store:
    def __init__(self, path):
        pass

    def __getattr__(self, name):
        return lambda *arguments, **named: Equal()


for name in METHODS:
    setattr(Store, name, lambda self, *arguments, **named: Equal())
""",
    ("answers from the example", "wrong_result"): """
class Conflict(Exception):
    pass


class Store:
    def __init__(self, path):
        pass


for name in METHODS:
    setattr(Store, name, lambda self, *arguments, **named: EXAMPLE)
""",
    ("looks for the expected value in the callers", "wrong_result"): """
import gc
import sys


class Conflict(Exception):
    pass


def expected(self, *arguments, **named):
    frame = sys._getframe(1)
    while frame:
        for values in (frame.f_locals, frame.f_globals):
            for name in ("expected", "oracle", "target", "spec", "wanted"):
                if name in values:
                    return values[name]
        frame = frame.f_back
    for found in gc.get_objects():
        if type(found) is dict and "expected" in found:
            return found["expected"]
    return None


class Store:
    def __init__(self, path):
        pass


for name in METHODS:
    setattr(Store, name, expected)
""",
    ("makes every comparison true", "does_not_load"): """
import builtins
import json
import sys


class Conflict(Exception):
    pass


class Same(type):
    def __instancecheck__(cls, other):
        return True


builtins.all = builtins.any = lambda *arguments: True
builtins.isinstance = lambda *arguments: True
json.loads = json.dumps = lambda *arguments, **named: EXAMPLE
for module in list(sys.modules.values()):
    for name in ("same", "check", "difference"):
        if hasattr(module, name):
            setattr(module, name, lambda *arguments, **named: True)


class Store:
    def __init__(self, path):
        pass


for name in METHODS:
    setattr(Store, name, lambda self, *arguments, **named: EXAMPLE)
""",
    ("ends the process when called", "crashed"): """
import os


class Conflict(Exception):
    pass


class Store:
    def __init__(self, path):
        pass


for name in METHODS:
    setattr(Store, name, lambda self, *arguments, **named: os._exit(0))
""",
    ("never returns", "timeout"): """
class Conflict(Exception):
    pass


class Store:
    def __init__(self, path):
        while True:
            pass


for name in METHODS:
    setattr(Store, name, None.__class__)
""",
    ("floods the channel", "bad_reply"): """
class Conflict(Exception):
    pass


class Store:
    def __init__(self, path):
        pass


for name in METHODS:
    setattr(Store, name, lambda self, *arguments, **named: ["x" * 1000] * 100_000)
""",
}
HTTP = {
    ("ends the process with success", "does_not_load"): "import os\n\nos._exit(0)\n",
    ("prints that it passed", "missing_method"): 'print("PASS")\nprint(\'{"value": 1.0, "passed": true}\')\n',
    ("makes no app", "wrong_result"): "def make_app(path):\n    return {}\n",
    ("answers everything with success", "wrong_result"): """
from fastapi import FastAPI, Request


def make_app(path):
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def anything(rest: str, request: Request):
        return {}

    return app
""",
    ("answers from the example", "wrong_result"): """
from fastapi import FastAPI, Request


def make_app(path):
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def anything(rest: str, request: Request):
        return EXAMPLE

    return app
""",
    ("ends the process when asked", "crashed"): """
import os

from fastapi import FastAPI


def make_app(path):
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def anything(rest: str):
        os._exit(0)

    return app
""",
    ("floods the response", "crashed"): """
from fastapi import FastAPI, Response


def make_app(path):
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def anything(rest: str):
        return Response(b"[" * 4_000_000, 200, media_type="application/json")

    return app
""",
    ("looks for the expected value in the process", "wrong_result"): """
import gc

from fastapi import FastAPI, Request


def make_app(path):
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def anything(rest: str, request: Request):
        for found in gc.get_objects():
            if type(found) is dict and {"expected", "target", "oracle"} & {each for each in found if type(each) is str}:
                return str(found)
        return None

    return app
""",
}


def cheats(spec: Spec) -> Iterator[tuple[str, str, str]]:
    """(name, code at which it dies, answer) for the spec's form."""
    for (name, why), code in (HTTP if spec["form"] == "http" else CLASS).items():
        filled = code.replace("METHODS", repr(_methods(spec))).replace("EXAMPLE", repr(_example(spec)))
        yield name, why, answer(filled.lstrip("\n"))


def _methods(spec: Spec) -> tuple[str, ...]:
    parent = spec["parent"]["entity"] if spec["parent"] else ""
    names = ["create", "create_many", "get", "list_all", "list_page", "update", "move", "delete", "restore"]
    return (*names, *(f"{verb}_{parent}" for verb in ("create", "get", "delete") if parent))


def _example(spec: Spec) -> dict[str, Any]:
    shown = {"text": "...", "flag": True, "parent": 1}
    return {"id": 1} | {
        field["name"]: shown.get(field["kind"], field.get("max") or field.get("values", [None])[0])
        for field in spec["fields"]
    }
