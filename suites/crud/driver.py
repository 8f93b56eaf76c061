"""The program that runs in the sandbox: it loads the class that a model wrote and calls it as it is told."""

from __future__ import annotations

__all__ = ["DRIVER"]

DRIVER = '''
import gc
import os
import sys

state = {"code": None, "module": None, "store": None}
Module = type(sys)


def run(order):
    if order["do"] == "load":
        try:
            state["code"] = compile(order["source"], "answer.py", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return {"syntax": text(error)}
        try:
            fresh()
        except BaseException as error:
            return {"raised": "other", "text": text(error)}
        return {"missing": missing(order["methods"], order["conflict"])}
    if order["do"] == "open":
        return attempt(lambda: opened(order["name"]))
    if order["do"] == "is_sqlite":
        return attempt(lambda: header(order["name"]) == b"SQLite format 3\\0")
    return attempt(lambda: getattr(state["store"], order["method"])(*order["arguments"]))


def path(name):
    return os.path.join(folder, name)


def header(name):
    with open(path(name), "rb") as file:
        return file.read(16)


def fresh():
    """Forget the store and the module it came from as a restart would, then run the answer's code anew."""
    state["store"] = None
    state["module"] = None
    sys.modules.pop("answer", None)
    gc.collect()
    module = Module("answer")
    sys.modules["answer"] = module
    exec(state["code"], module.__dict__)
    state["module"] = module


def missing(methods, conflict):
    module = state["module"]
    store = getattr(module, "Store", None)
    if not isinstance(store, type):
        return ["class Store"]
    names = [name for name in methods if not callable(getattr(store, name, None))]
    error = getattr(module, "Conflict", None)
    if conflict and not (isinstance(error, type) and issubclass(error, Exception)):
        names.append("class Conflict(Exception)")
    return names


def opened(name):
    fresh()
    state["store"] = state["module"].Store(path(name))


def attempt(do):
    try:
        value = do()
    except BaseException as error:
        return {"raised": kind(error), "text": text(error)}
    odd = oddity(value, 0)
    return {"odd": odd} if odd else {"value": value}


def kind(error):
    conflict = getattr(state["module"], "Conflict", None)
    if isinstance(conflict, type) and isinstance(error, conflict):
        return "Conflict"
    for known in (KeyError, ValueError):
        if isinstance(error, known):
            return known.__name__
    return "other"


def text(error):
    try:
        return f"{type(error).__name__}: {error}"[:120]
    except BaseException:
        return type(error).__name__


def oddity(value, depth):
    """The type of whatever in the value JSON would not carry unchanged."""
    if value is None or type(value) in (bool, int, str):
        return ""
    if type(value) is float and value - value == 0:
        return ""
    if depth < 6 and type(value) is list:
        return next(filter(None, (oddity(item, depth + 1) for item in value)), "")
    if depth < 6 and type(value) is dict:
        if any(type(key) is not str for key in value):
            return "dict with keys that are not str"
        return next(filter(None, (oddity(item, depth + 1) for item in value.values())), "")
    return type(value).__name__


folder = os.getcwd()
while True:
    order = receive()
    reply = run(order)
    try:
        send(reply)
    except ValueError:
        send({"odd": "int too long to print"})
'''
