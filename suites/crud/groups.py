"""The requirement groups of a spec. Each plays on a store of its own and raises Mismatch at the first difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .draws import TRICKY, Draw
from .mixed import mixed
from .play import Mismatch, Play
from .spec import Spec

__all__ = ["Group", "groups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one group of requirements is called when it fails, and the calls that check it."""

    why: str
    play: Callable[[Play, Draw], None]


def groups(spec: Spec) -> list[Group]:
    """The groups that the spec has. Each uses only what the groups before it have checked, so that its name is the fault."""
    found = {
        "wrong_result": (basics, True),
        "wrong_file": (file, True),
        "wrong_missing": (missing, True),
        "wrong_validation": (validation, True),
        "wrong_order": (order, True),
        "wrong_version": (version, spec["version"]),
        "wrong_update": (update, spec["update"]),
        "wrong_delete": (delete, spec["delete"] != "none"),
        "wrong_restore": (restore, spec["delete"] == "soft"),
        "wrong_page": (page, spec["page"]),
        "wrong_conflict": (conflict, spec["unique"]),
        "wrong_owner": (owner, spec["owner"]),
        "wrong_move": (move, spec["moves"]),
        "wrong_replay": (replay, spec["replay"]),
        "wrong_bulk": (bulk, spec["bulk"]),
        "wrong_text": (text, True),
        "not_persistent": (persistence, True),
        "not_sqlite": (sqlite, True),
        "wrong_sequence": (mixed, True),
    }
    return [Group(why=why, play=play) for why, (play, wanted) in found.items() if wanted]


def basics(play: Play, draw: Draw) -> None:
    """What is created comes back: all fields, and defaults or None for those not given."""
    play.all()
    play.do("create", draw.full())
    play.do("get", 1)
    play.all()
    play.do("create", draw.least())
    play.do("create", draw.full())
    for number in (3, 1, 2):
        play.do("get", number)


def file(play: Play, draw: Draw) -> None:
    """A store lives in the file of its own path: another path is another store."""
    play.all()
    play.do("create", draw.full())
    twin = play.twin()
    twin.reopen()
    twin.all()
    twin.do("create", draw.full())


def missing(play: Play, draw: Draw) -> None:
    """An id that was never given out is a KeyError in every method."""
    play.do("get", 1)
    play.do("create", draw.full())
    for number in (2, 0, -1, 99):
        play.do("get", number)
        if play.spec["update"]:
            play.do("update", number, {}, *_version(play, 1))
        if play.spec["moves"]:
            play.do("move", number, play.spec["moves"]["states"][1])
        if play.spec["delete"] != "none":
            play.do("delete", number)
        if play.spec["delete"] == "soft":
            play.do("restore", number)
    play.do("get", 1)


def validation(play: Play, draw: Draw) -> None:
    """Each field at its edges, absent and null; keys that are no fields; nothing stored and no id used up by refusals."""
    for field in play.spec["fields"]:
        for value in draw.edges(field):
            play.do("create", draw.full(**{field["name"]: value}))
        absent = draw.full()
        del absent[field["name"]]
        play.do("create", absent)
    for key in ("id", "colour", "version", "state", "owner", ""):
        play.do("create", draw.full(**{key: 7}))
    play.do("create", {})
    play.do("create", draw.least())


def text(play: Play, draw: Draw) -> None:
    """Quotes, SQL, format marks, outer spaces, line breaks and other scripts come back as they went in."""
    texts = [field for field in play.spec["fields"] if field["kind"] == "text"]
    for tricky in TRICKY:
        data = draw.full()
        fitting = [field for field in texts if len(tricky) <= field["max"]]
        record = play.do("create", data | {field["name"]: tricky for field in fitting})
        play.do("get", record["id"])
        if play.spec["update"]:
            play.do("update", record["id"], {draw.first["name"]: f"{tricky[:11]}!"}, *_version(play, record["id"]))
        if play.spec["owner"]:
            play.do("create", draw.full(), owner=tricky)
            play.all(owner=tricky)
        if play.spec["replay"]:
            play.do("create", draw.full(), tricky)
            play.do("create", draw.full(), tricky)
        if play.spec["moves"]:
            play.do("move", record["id"], tricky)
    play.all()


def persistence(play: Play, draw: Draw) -> None:
    """After each kind of change a new Store(path) finds all of it."""
    play.do("create", draw.full())
    for change in _changes(play, draw):
        change()
        play.reopen()
        play.all()
        play.do("get", 1)
    play.do("create", draw.least())


def _changes(play: Play, draw: Draw) -> Iterator[Callable[[], object]]:
    spec = play.spec
    yield lambda: play.do("create", draw.full())
    if spec["update"]:
        yield lambda: play.do("update", 1, draw.full(), *_version(play, 1))
    if spec["moves"]:
        yield lambda: play.do("move", 1, spec["moves"]["allowed"][spec["moves"]["start"]][0])
    if spec["bulk"]:
        yield lambda: play.do("create_many", [draw.full(), draw.full()])
    if spec["replay"]:
        yield lambda: play.do("create", draw.full(), "k1")
        yield lambda: play.do("create", draw.full(), "k1")
    if spec["delete"] != "none":
        yield lambda: play.do("delete", 2)
    if spec["delete"] == "soft":
        yield lambda: play.do("restore", 2)


def sqlite(play: Play, draw: Draw) -> None:
    """The file is an SQLite database."""
    play.do("create", draw.full())
    if not play.is_sqlite():
        raise Mismatch("the file at path is no SQLite database")


def order(play: Play, draw: Draw) -> None:
    """The list is in the order of the spec, whatever the texts and numbers are."""
    key = _order_key(play.spec)
    for name, step in zip(("mm", "Zz", "aa", "éé", "10"), (2, 0, 3, 0, 2), strict=True):
        chosen = {draw.first["name"]: name} | ({key["name"]: key["min"] + step} if key else {})
        play.do("create", draw.full(**chosen))
    play.all()


def _order_key(spec: Spec) -> Spec | None:
    """The field that the list is sorted by, if it is one."""
    return next((field for field in spec["fields"] if field["name"] == spec["order"]), None)


def update(play: Play, draw: Draw) -> None:
    """Only the named fields change, also to null; a refused change changes nothing; a missing id comes first."""
    key = _order_key(play.spec)
    for _ in range(3):
        play.do("create", draw.full(**({key["name"]: key["min"]} if key else {})))
    for field in play.spec["fields"]:
        play.do("update", 2, {field["name"]: draw.value(field)}, *_version(play, 2))
    play.do("update", 2, {}, *_version(play, 2))
    play.do("update", 2, {key["name"]: key["max"]} if key else draw.full(), *_version(play, 2))
    play.all()
    for field in play.spec["fields"]:
        for value in draw.edges(field):
            play.do("update", 1, {field["name"]: value}, *_version(play, 1))
        play.do("get", 1)
    for name in ("id", "colour"):
        play.do("update", 1, draw.full(**{name: 7}), *_version(play, 1))
    play.do("update", 9, {"colour": 7}, *_version(play, 9))
    if play.spec["version"]:
        play.do("update", 1, {"colour": 7}, play.version(1) - 1)
        play.do("update", 9, {}, 0)
    for number in (1, 2):
        play.do("get", number)


def delete(play: Play, draw: Draw) -> None:
    """What is deleted is gone from every method, and its id is not used again."""
    for _ in range(4):
        play.do("create", draw.full())
    for number in (2, 4):
        play.do("delete", number)
        play.all()
        play.do("get", number)
        play.do("delete", number)
        if play.spec["update"]:
            play.do("update", number, {}, *_version(play, 1))
    play.do("create", draw.full())
    play.all()
    for number in (5, 3, 1):
        play.do("delete", number)
    play.all()
    play.do("create", draw.full())


def restore(play: Play, draw: Draw) -> None:
    """Restoring gives back the same record in its old place; only what is deleted can be restored."""
    for _ in range(3):
        play.do("create", draw.full())
    play.do("restore", 2)
    play.do("delete", 2)
    play.do("delete", 3)
    for _ in range(2):
        play.do("restore", 2)
        play.all()
    play.do("get", 2)
    play.do("delete", 2)
    play.do("restore", 2)
    play.do("restore", 3)
    play.do("restore", 4)


def conflict(play: Play, draw: Draw) -> None:
    """No two records are equal in the unique field; deleted ones and the record itself don't count."""
    unique = play.spec["unique"]
    play.do("create", draw.full(**{unique: "Alpha"}))
    play.do("create", draw.full(**{unique: "Alpha"}))
    for near in ("alpha", "Alphas", "Alph"):
        play.do("create", draw.full(**{unique: near}))
    play.do("create", draw.full(**{unique: "Alpha"}, colour=1))
    play.do("create", draw.full())
    play.all()
    if play.spec["update"]:
        play.do("update", 1, {unique: "Alpha"}, *_version(play, 1))
        play.do("update", 2, {unique: "Alpha"}, *_version(play, 2))
        play.do("update", 2, {unique: "Alpha", "colour": 1}, *_version(play, 2))
        play.do("update", 9, {unique: "Alpha"}, *_version(play, 9))
        play.do("get", 2)
        play.do("update", 1, {unique: "Beta"}, *_version(play, 1))
        play.do("create", draw.full(**{unique: "Alpha"}))
    if play.spec["delete"] != "none":
        play.do("delete", 2)
        play.do("create", draw.full(**{unique: "alpha"}))
        play.do("create", draw.full(**{unique: "alpha"}))
    if play.spec["delete"] == "soft":
        play.do("restore", 2)
        play.all()


def page(play: Play, draw: Draw) -> None:
    """Pages cut the list without gap or overlap, the total counts all of it, limits out of range are refused."""
    default, most = play.spec["page"]["limit"], play.spec["page"]["most"]
    for _ in range(default + 2):
        play.do("create", draw.least())
    play.do("list_page")
    for limit, offset in (
        (2, 0),
        (2, 2),
        (3, 1),
        (1, default + 1),
        (default, default),
        (5, default + 2),
        (most, 50),
        (most, 0),
    ):
        play.do("list_page", limit, offset)
    for limit, offset in ((0, 0), (-1, 0), (most + 1, 0), (2, -1), (0, -1)):
        play.do("list_page", limit, offset)
    play.do("delete", 2)
    play.do("delete", default + 2)
    for limit, offset in ((2, 0), (3, 1), (most, 0)):
        play.do("list_page", limit, offset)


def owner(play: Play, draw: Draw) -> None:
    """Nobody sees or touches the records of somebody else, and nobody's data stand in another's way."""
    name = draw.first["name"]
    play.do("create", draw.full(**{name: "same"}), owner="ann")
    play.do("create", draw.full(**{name: "same"}), owner="bob")
    play.do("create", draw.full(), owner="ann")
    for who in ("ann", "bob", "eve", "Ann", ""):
        play.all(owner=who)
        for number in (1, 2, 3):
            play.do("get", number, owner=who)
    for who, number in (("bob", 1), ("ann", 2), ("eve", 3)):
        play.do("update", number, draw.full(), 1, owner=who)
        play.do("update", number, {"colour": 1}, 1, owner=who)
        if play.spec["delete"] != "none":
            play.do("delete", number, owner=who)
    for who, number in (("ann", 1), ("bob", 2), ("ann", 3)):
        play.do("get", number, owner=who)


def version(play: Play, draw: Draw) -> None:
    """A version rises by one with each update, and only the present one lets an update through."""
    play.do("create", draw.full())
    play.do("create", draw.full())
    for given in (1, 1, 3, 0, 2, 1, 2, 3):
        play.do("update", 1, draw.full(), given)
        play.do("get", 1)
    play.do("get", 2)


def move(play: Play, draw: Draw) -> None:
    """Every pair of states, reached by an allowed way: moves that the spec has pass, others are in conflict."""
    moves = play.spec["moves"]
    for source in moves["states"]:
        for target in [*moves["states"], "lost", source.upper(), ""]:
            number = play.do("create", draw.full())["id"]
            for step in _way(moves, source):
                play.do("move", number, step)
            play.do("move", number, target)
            play.do("get", number)
    play.do("move", 999, "lost")


def _way(moves: Spec, goal: str) -> list[str]:
    """The shortest allowed way from the first state to the goal."""
    ways: dict[str, list[str]] = {moves["start"]: []}
    waiting = [moves["start"]]
    while goal not in ways:
        state = waiting.pop(0)
        for target in moves["allowed"][state]:
            if target not in ways:
                ways[target] = [*ways[state], target]
                waiting.append(target)
    return ways[goal]


def replay(play: Play, draw: Draw) -> None:
    """A key creates once, for ever; it gives back the record as it is now; a refused create does not use it up."""
    data = draw.full()
    play.do("create", data, "a")
    play.do("create", data, "a")
    play.do("create", draw.full(), "a")
    play.do("create", {"colour": 1}, "a")
    play.do("create", draw.full(), "A")
    play.do("create", {}, "b")
    play.do("create", draw.full(), "b")
    play.do("create", draw.full(), None)
    play.do("create", draw.full(), None)
    play.do("create", draw.full())
    play.do("move", 1, play.spec["moves"]["allowed"][play.spec["moves"]["start"]][0])
    play.do("create", draw.full(), "a")
    play.all()


def bulk(play: Play, draw: Draw) -> None:
    """All items are stored or none is, wherever the bad one stands."""
    play.do("create", draw.full())
    play.do("create_many", [])
    play.do("create_many", [draw.full(), draw.least(), draw.full()])
    bad: list[dict[str, Any]] = [draw.full(colour=1), {}]
    if unique := play.spec["unique"]:
        play.do("create", draw.full(**{unique: "taken"}))
        bad.append(draw.full(**{unique: "taken"}))
    for item in bad:
        for at in (0, 1, 2):
            items = [draw.full(), draw.full()]
            play.do("create_many", [*items[:at], item, *items[at:]])
    if unique:
        play.do("create_many", [draw.full(**{unique: "twice"}), draw.full(), draw.full(**{unique: "twice"})])
    play.all()
    play.do("create_many", [draw.full()])


def _version(play: Play, number: int) -> list[int]:
    """The version argument of an update that is meant to pass, where the spec has versions."""
    return [play.version(number)] if play.spec["version"] else []
