"""What specs of the higher levels ask for: parents, owners, versions, states, keys, and no way round any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .calls import MALFORMED
from .draws import INJECTIONS
from .play import Play
from .spec import Spec

__all__ = [
    "bulk",
    "exposed",
    "filters",
    "move",
    "owner",
    "parent",
    "persistence",
    "precedence",
    "replay",
    "sort",
    "version",
]


def parent(play: Play) -> None:
    """A record's parent must exist, and is deleted as the spec has it."""
    name, label = f"{play.spec['parent']['entity']}_id", play.spec["parent"]["label"]
    play.do("create_parent", data=play.draw.parent())
    for number in (1, 3, 4, 0):
        play.do("get_parent", number)
    for bad in (
        {},
        {label: ""},
        {label: "x" * 31},
        {label: 5},
        {label: None},
        {label: "x", "colour": 1},
        {label: "x", "id": 9},
    ):
        play.do("create_parent", data=bad)
    for number in (1, 2, 2, 3, 4):
        play.create(play.draw.full(**{name: number}))
    if play.spec["update"]:
        for number in (2, 9, 1):
            play.do("update", 1, {name: number})
    for number in (3, 1, 9, 3):
        play.do("delete_parent", number)
        play.all()
    for number in (1, 3):
        play.do("get_parent", number)
        play.create(play.draw.full(**{name: number}))
    if play.spec["delete"] != "none":
        play.do("delete", 2)
        play.do("delete", 3)
        play.do("delete_parent", 2)
    for given in (play.draw.parent(), {label: "x"}, {label: "é" * 30}):
        last = play.do("create_parent", data=given)["id"]
    play.do("delete_parent", last)
    again = play.do("create_parent", data=play.draw.parent())["id"]
    play.create(play.draw.full(**{name: again}))
    play.all()


def sort(play: Play) -> None:
    """Both ways, equal ones by id, and by nothing that is not on the list."""
    draw = play.draw
    fields = [field for field in draw.fields if field["name"] in play.spec["sort"]]
    for name in ("mm", "Zz", "aa", "éé", "10", "a"):
        chosen = {field["name"]: field["min"] + draw.rng.randint(0, 1) for field in fields if field["kind"] == "number"}
        play.create(draw.full(**{draw.first["name"]: name}, **chosen))
    for name in play.spec["sort"]:
        for given in (name, f"-{name}"):
            play.all(sort=given)
    others = [field["name"] for field in draw.fields if field["name"] not in play.spec["sort"]]
    for given in ("id", *others, f"--{name}", f"{name} desc", name.upper(), "colour", "-"):
        play.all(sort=given)
    if play.spec["form"] == "http":
        play.all(filters={"colour": "red"})


def filters(play: Play) -> None:
    """Exactly the records that have the values; no other keys and no values that a field cannot have."""
    draw, names = play.draw, play.spec["filter"]
    fields = [field for field in draw.fields if field["name"] in names]
    records = [play.create() for _ in range(6)]
    for record in (records[0], records[3]):
        for name in names:
            play.all(filters={name: record[name]})
        play.all(filters={name: record[name] for name in names})
    play.all(filters={names[0]: records[0][names[0]], names[-1]: records[1][names[-1]]})
    play.all(filters={})
    for field in fields:
        for value in _edges(field):
            play.all(filters={field["name"]: value})
        for bad in _unfit(field, play.spec["form"]):
            play.all(filters={field["name"]: bad})
    others = [field["name"] for field in draw.fields if field["name"] not in names]
    for name in ("id", "colour", *others):
        play.all(filters={name: records[0].get(name, 1)})


def _edges(field: Spec) -> list[Any]:
    """The least and the most that the field can have, or all its values."""
    if field["kind"] == "number":
        return [field["min"], field["max"]]
    return ["x" * field["min"], "x" * field["max"]] if field["kind"] == "text" else list(field["values"])


def _unfit(field: Spec, form: str) -> list[Any]:
    """Values that the field cannot have, also when they come as text."""
    if field["kind"] == "number":
        return [field["min"] - 1, field["max"] + 1, "many", 1.5]
    if field["kind"] == "text":
        return ["", "x" * (field["max"] + 1), *([] if form == "http" else [5])]
    return [field["values"][0].swapcase(), "colour"]


def version(play: Play) -> None:
    """A version rises by one with each change, and only the present one lets a change through."""
    for _ in range(3):
        play.create()
    for given in (1, 1, 3, 0, 2, 1, 3):
        play.do("update", 1, play.draw.full(), version=given)
        play.do("get", 1)
    if play.spec["moves"]:
        step = play.spec["moves"]["allowed"][play.spec["moves"]["start"]][0]
        for given in (2, 1):
            play.do("move", 2, step, version=given)
            play.do("get", 2)
    if play.spec["delete"] != "none":
        for given in (2, 1):
            play.do("delete", 3, version=given)
            play.do("get", 3)
    if play.spec["form"] == "http":
        for given_text in (None, "one", "1.5"):
            play.do("update", 2, {}, version=given_text)
            if play.spec["delete"] != "none":
                play.do("delete", 2, version=given_text)
    play.do("get", 2)


def owner(play: Play) -> None:
    """Nobody sees or touches the records of somebody else, and nobody's data stand in another's way."""
    name = play.draw.first["name"]
    for who, label in (("ann", "same"), ("bob", "same"), ("ann", "other")):
        play.create(play.draw.full(**{name: label}), owner=who)
    for who in ("ann", "bob", "eve", "Ann"):
        play.all(owner=who)
        for number in (1, 2, 3):
            play.do("get", number, owner=who)
    for who, number in (("bob", 1), ("ann", 2), ("eve", 3)):
        for call in _touches(play, number):
            play.do(*call, owner=who)
    if play.spec["delete"] == "soft":
        play.do("delete", 3)
        play.do("restore", 3, owner="bob")
        play.do("restore", 3)
    for who, number in (("ann", 1), ("bob", 2), ("ann", 3)):
        play.do("get", number, owner=who)
    if play.spec["form"] == "http":
        for nobody in (None, ""):
            play.all(owner=nobody)
            play.create(owner=nobody)
            play.do("get", 1, owner=nobody)


def _touches(play: Play, number: int) -> Iterator[tuple[Any, ...]]:
    """Every call that would change or delete the record."""
    if play.spec["update"]:
        yield "update", number, play.draw.full()
    if play.spec["moves"]:
        yield "move", number, play.spec["moves"]["allowed"][play.spec["moves"]["start"]][0]
    if play.spec["delete"] != "none":
        yield "delete", number


def move(play: Play) -> None:
    """Every pair of states, reached by an allowed way: moves that the spec has pass, others are in conflict."""
    moves = play.spec["moves"]
    for source in moves["states"]:
        number = play.create()["id"]
        for step in _way(moves, source):
            play.do("move", number, step)
        refused = [state for state in moves["states"] if state not in moves["allowed"][source]]
        for target in (*refused, *(("lost", source.upper(), "") if source == moves["start"] else ())):
            play.do("move", number, target)
        for target in moves["allowed"][source]:
            other = play.create()["id"]
            for step in (*_way(moves, source), target):
                play.do("move", other, step)
    if play.spec["form"] == "http":
        for body in (7, None):
            play.do("move", 1, body)
    play.all()


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


def replay(play: Play) -> None:
    """A key creates once, for ever, and gives back its record as the spec says; a refused create does not use it up."""
    data = play.draw.full()
    for given, key in (
        (data, "a"),
        (data, "a"),
        (None, "a"),
        ({"colour": 1}, "a"),
        (None, "A"),
        ({}, "b"),
        (None, "b"),
    ):
        play.create(given, key=key)
    for _ in range(2):
        play.create()
    for call in _touches(play, 1):
        play.do(*call)
        play.create(data, key="a")
    if play.spec["owner"]:
        for who in ("bob", "ann", "bob"):
            play.create(key="b", owner=who)
    if play.spec["delete"] == "soft":
        play.do("restore", 1)
        play.create(key="a")
    if play.spec["parent"]:
        record = play.create(key="c")
        play.do("delete_parent", record[f"{play.spec['parent']['entity']}_id"] or 1)
        play.create(key="c")
    play.all()


def bulk(play: Play) -> None:
    """All items are stored or none is, wherever the bad one stands."""
    draw = play.draw
    play.create()
    play.do("create_many", data=[])
    play.do("create_many", data=[draw.full(), draw.least(), draw.full()])
    bad: list[dict[str, Any]] = [draw.full(colour=1), {}]
    if unique := play.spec["unique"]:
        play.create(draw.full(**{unique: "taken"}))
        bad.append(draw.full(**{unique: "taken"}))
    for item in bad:
        for at in (0, 2):
            items = [draw.full(), draw.full()]
            play.do("create_many", data=[*items[:at], item, *items[at:]])
    if unique:
        play.do("create_many", data=[draw.full(**{unique: "twice"}), draw.full(), draw.full(**{unique: "twice"})])
    if play.spec["form"] == "http":
        for body in (draw.full(), {}, 7, [draw.full(), 7]):
            play.do("create_many", data=body)
    play.all()
    play.do("create_many", data=[draw.full()])
    play.create()


def precedence(play: Play) -> None:
    """Where several things are wrong with one call, the spec says which one counts."""
    spec = play.spec
    nobody = [None] if spec["form"] == "http" else []
    first = play.create()
    play.create()
    spoiled = _spoiled(play, first)
    for data in spoiled:
        play.create(data)
    data = {key: value for key, value in (spoiled or [play.draw.full()])[0].items() if key != "colour"}
    for given in (7, *nobody) if spec["version"] else (1,):
        for call in _wrongs(play, data):
            play.do(*call, version=given)
    for who in ("bob", *nobody) if spec["owner"] else ():
        play.create({"colour": 7}, owner=who)
        for call in _wrongs(play, data):
            play.do(*call, owner=who, version=7)
    play.all()


def _spoiled(play: Play, first: dict[str, Any]) -> list[dict[str, Any]]:
    """Data that are in conflict with the first record, and wrong besides."""
    unique, parent = play.spec["unique"], play.spec["parent"]
    if not unique:
        return []
    equal = {unique: first[unique]}
    orphans = [play.draw.full(**equal, **{f"{parent['entity']}_id": 9})] if parent else []
    return [play.draw.full(**equal, colour=7), *orphans]


def _wrongs(play: Play, data: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Calls with an id that is missing, data that are invalid, or a conflict; what else is wrong is the caller's."""
    if play.spec["update"]:
        if play.spec["form"] == "http":
            yield "update", 9, MALFORMED
        yield "update", 9, {"colour": 7}
        yield "update", 1, {"colour": 7}
        yield "update", 2, data
    if play.spec["moves"]:
        if play.spec["form"] == "http":
            yield "move", 9, MALFORMED
        yield "move", 9, "lost"
        yield "move", 1, "lost"
        yield "move", 1, play.spec["moves"]["start"]
    if play.spec["delete"] != "none":
        yield "delete", 9


def exposed(play: Play) -> None:
    """No value is read as SQL, and nobody sets what is not theirs to set."""
    spec, draw = play.spec, play.draw
    record = play.create()
    for key, value in (("id", 77), ("version", 5), ("state", "done"), ("owner", "bob"), ("deleted", 0)):
        play.create(draw.full(**{key: value}))
        if spec["update"]:
            play.do("update", 1, {key: value})
    for text in INJECTIONS:
        made = play.create(draw.full(**{draw.first["name"]: text}), key=text if spec["replay"] else None)
        if spec["update"]:
            play.do("update", made["id"], {draw.first["name"]: f"{text[:11]}!"})
        if spec["moves"]:
            play.do("move", 1, text)
        if spec["owner"]:
            play.all(owner=text)
            play.do("get", 1, owner=text)
        queries: list[dict[str, Any]] = [{"sort": f"{name}{text}"} for name in spec["sort"][:1]]
        queries += [
            {"filters": given} for name in spec["filter"] for given in ({name: text}, {f"1=1 OR {name}": record[name]})
        ]
        for query in queries:
            play.all(**query)
    play.all()


def persistence(play: Play) -> None:
    """After each kind of change, and after a restart of the process, all of it is found."""
    play.create()
    for change in _changes(play):
        change()
        play.reopen()
        play.all()
    play.restart()
    play.all()
    play.do("get", 1)
    for change in _changes(play):
        change()
    play.all()


def _changes(play: Play) -> Iterator[Callable[[], object]]:
    spec = play.spec
    yield play.create
    if spec["update"]:
        yield lambda: play.do("update", 1, play.draw.full())
    if spec["moves"]:
        yield lambda: play.do("move", 1, spec["moves"]["allowed"][spec["moves"]["start"]][0])
    if spec["bulk"]:
        yield lambda: play.do("create_many", data=[play.draw.full(), play.draw.full()])
    if spec["replay"]:
        yield lambda: play.create(key="k1")
        yield lambda: play.create(key="k1")
    if spec["parent"]:
        yield lambda: play.do("create_parent", data=play.draw.parent())
    if spec["delete"] != "none":
        yield lambda: play.do("delete", 2)
    if spec["delete"] == "soft":
        yield lambda: play.do("restore", 2)
