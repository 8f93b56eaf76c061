"""What a store of records must do at all: create, find, check, order, change and delete them, page by page."""

from __future__ import annotations

from typing import Any

from .calls import MALFORMED
from .draws import TRICKY
from .play import Play
from .port import Mismatch
from .spec import Spec

__all__ = [
    "basics",
    "conflict",
    "delete",
    "file",
    "missing",
    "order",
    "page",
    "restore",
    "sqlite",
    "text",
    "update",
    "validation",
]


def basics(play: Play) -> None:
    """What is created comes back: all fields, and defaults or null for those not given."""
    play.all()
    play.create()
    play.do("get", 1)
    play.all()
    play.create(play.draw.least())
    play.create()
    for number in (3, 1, 2):
        play.do("get", number)


def file(play: Play) -> None:
    """A store lives in the file of its own path: another path is another store."""
    play.create()
    twin = play.beside("twin")
    twin.open()
    twin.all()
    twin.create()
    play.reopen()
    play.all()


def missing(play: Play) -> None:
    """An id that was never given out is refused by every call."""
    play.do("get", 1)
    play.create()
    for number in (2, 0, 99):
        play.do("get", number)
        if play.spec["update"]:
            play.do("update", number, {})
        if play.spec["moves"]:
            play.do("move", number, play.spec["moves"]["states"][1])
        if play.spec["delete"] != "none":
            play.do("delete", number)
        if play.spec["delete"] == "soft":
            play.do("restore", number)
    play.do("get", 1)


def validation(play: Play) -> None:
    """Each field at its edges, absent and null; keys that are no fields; nothing stored and no id used up by refusals."""
    for field in play.draw.fields:
        for value in play.draw.edges(field):
            play.create(play.draw.full(**{field["name"]: value}))
        absent = play.draw.full()
        del absent[field["name"]]
        play.create(absent)
    for key in ("colour", ""):
        play.create(play.draw.full(**{key: 7}))
    play.create({})
    if play.spec["form"] == "http":
        for body in (MALFORMED, [], [play.draw.full()], "text", 7):
            play.create(body)
    play.create(play.draw.least())
    play.all()


def order(play: Play) -> None:
    """The list is in the order of the spec, whatever the texts and numbers are."""
    key = _order_key(play.spec)
    for name, step in zip(("mm", "Zz", "aa", "éé", "10"), (2, 0, 3, 0, 2), strict=True):
        chosen = {play.draw.first["name"]: name} | ({key["name"]: key["min"] + step} if key else {})
        play.create(play.draw.full(**chosen))
    play.all()


def _order_key(spec: Spec) -> Spec | None:
    """The field that the list is sorted by, if it is one."""
    return next((field for field in spec["fields"] if field["name"] == spec["order"]), None)


def update(play: Play) -> None:
    """Only the named fields change, also to null; a refused change changes nothing."""
    key = _order_key(play.spec)
    record: dict[str, Any] = {}
    for _ in range(3):
        record = play.create(play.draw.full(**({key["name"]: key["min"]} if key else {})))
    for field in play.draw.fields:
        play.do("update", 3, {field["name"]: play.draw.other(field, record[field["name"]])})
    play.do("update", 2, {})
    play.do("update", 2, {key["name"]: key["max"]} if key else play.draw.full())
    play.all()
    for field in play.draw.fields:
        for value in play.draw.edges(field):
            play.do("update", 1, {field["name"]: value})
        play.do("get", 1)
    play.do("update", 1, play.draw.full(colour=7))
    if play.spec["form"] == "http":
        for body in (MALFORMED, [], "text"):
            play.do("update", 1, body)
    for number in (1, 2, 3):
        play.do("get", number)


def delete(play: Play) -> None:
    """What is deleted is gone from every call, and its id is not used again."""
    for _ in range(4):
        play.create()
    for number in (2, 4):
        play.do("delete", number)
        play.all()
        play.do("get", number)
        play.do("delete", number)
        if play.spec["update"]:
            play.do("update", number, {})
        if play.spec["moves"]:
            play.do("move", number, play.spec["moves"]["states"][1])
    play.create()
    for number in (5, 3, 1):
        play.do("delete", number)
    play.all()
    play.create()


def restore(play: Play) -> None:
    """Restoring gives back the same record in its old place; only what is deleted can be restored."""
    for _ in range(3):
        play.create()
    play.do("restore", 2)
    play.do("delete", 2)
    play.do("delete", 3)
    for _ in range(2):
        play.do("restore", 2)
        play.all()
    play.do("get", 2)
    play.do("delete", 2)
    for number in (2, 3, 4):
        play.do("restore", number)
    play.all()


def page(play: Play) -> None:
    """Pages cut the list without gap or overlap, the total counts all of it, limits out of range are refused."""
    default, most = play.spec["page"]["limit"], play.spec["page"]["most"]
    for _ in range(default + 2):
        play.create(play.draw.least())
    play.do("list")
    play.do("list", offset=1)
    for limit, offset in ((2, 0), (2, 2), (1, default + 1), (default, default), (2, default + 2), (most, 50)):
        play.do("list", limit=limit, offset=offset)
    for limit, offset in ((0, 0), (-1, 0), (most + 1, 0), (2, -1)):
        play.do("list", limit=limit, offset=offset)
    if play.spec["form"] == "http":
        play.do("list", limit="two")
        play.do("list", offset="1.5")
    if play.spec["delete"] != "none":
        play.do("delete", 2)
        play.do("list", limit=2, offset=1)


def conflict(play: Play) -> None:
    """No two records are equal in the unique field; deleted ones and the record itself don't count."""
    unique = play.spec["unique"]
    for value in ("Alpha", "Alpha", "alpha", "Alphas", "Alph"):
        play.create(play.draw.full(**{unique: value}))
    play.create()
    play.all()
    if play.spec["update"]:
        play.do("update", 1, {unique: "Alpha"})
        play.do("update", 2, {unique: "Alpha"})
        play.do("get", 2)
        play.do("update", 1, {unique: "Beta"})
        play.create(play.draw.full(**{unique: "Alpha"}))
    if play.spec["delete"] != "none":
        play.do("delete", 2)
        for _ in range(2):
            play.create(play.draw.full(**{unique: "alpha"}))
    if play.spec["delete"] == "soft":
        play.do("restore", 2)
        play.all()


def text(play: Play) -> None:
    """Quotes, format marks, outer spaces, line breaks and other scripts come back as they went in."""
    texts = [field for field in play.draw.fields if field["kind"] == "text"]
    for count, tricky in enumerate(TRICKY):
        fitting: dict[str, Any] = {field["name"]: tricky for field in texts if len(tricky) <= field["max"]}
        record = play.create(play.draw.full() | fitting)
        if play.spec["update"] and count % 3 == 0:
            play.do("update", record["id"], {play.draw.first["name"]: f"{tricky[:11]}!"})
    play.all()


def sqlite(play: Play) -> None:
    """The file is an SQLite database."""
    play.create()
    if not play.is_sqlite():
        raise Mismatch("the file at path is no SQLite database")
