"""Two calls at the same time: every pair of a spec that can get in each other's way, stopped at every statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .calls import Call
from .play import Play

__all__ = ["concurrency"]

MOST_STOPS = 12

Meeting = Callable[[Play], tuple[Call, Call]]


def concurrency(play: Play) -> None:
    """Each pair in both orders, each order in a file of its own, until the first call is through without a stop."""
    for count, (meeting, symmetric) in enumerate(_meetings(play)):
        for turned in (False, True)[: 1 if symmetric else 2]:
            fresh = play.beside(f"{count}{'ab'[turned]}")
            fresh.open(pair=True)
            for stop in range(1, MOST_STOPS + 1):
                first, second = meeting(fresh)
                if turned:
                    first, second = second, first
                if not fresh.meet(first, second, stop):
                    break


def _meetings(play: Play) -> Iterator[tuple[Meeting, bool]]:
    """The pairs that the spec has, and whether turning a pair round changes nothing."""
    spec = play.spec
    yield creates, True
    if spec["update"]:
        yield updates, True
    if spec["update"] and spec["delete"] != "none":
        yield update_and_delete, False
    if spec["moves"]:
        yield moves, len(spec["moves"]["allowed"][spec["moves"]["start"]]) == 1
    if spec["replay"]:
        yield replays, True
    if spec["bulk"]:
        yield bulk_and_list, False
    if spec["page"]:
        yield page_and_create, False
    if spec["parent"]:
        yield child_and_parent, False
    if spec["delete"] == "soft" and spec["unique"]:
        yield restore_and_create, False


def creates(play: Play) -> tuple[Call, Call]:
    """Two new records, equal where none may be."""
    label = {play.spec["unique"]: f"new{play.oracle.created}"} if play.spec["unique"] else {}
    return play.call("create", data=play.draw.full(**label)), play.call("create", data=play.draw.full(**label))


def updates(play: Play) -> tuple[Call, Call]:
    """Two changes of one record, in different fields, each to another value than before."""
    record = play.create()
    first, *_, last = play.draw.fields
    changes = [{field["name"]: play.draw.other(field, record[field["name"]])} for field in (first, last)]
    return play.call("update", record["id"], changes[0]), play.call("update", record["id"], changes[1])


def update_and_delete(play: Play) -> tuple[Call, Call]:
    """A change of a record that is being deleted."""
    number = play.create()["id"]
    return play.call("update", number, play.draw.full()), play.call("delete", number)


def moves(play: Play) -> tuple[Call, Call]:
    """Two moves of one record, of which the first may forbid the second."""
    number = play.create()["id"]
    targets = play.spec["moves"]["allowed"][play.spec["moves"]["start"]]
    return play.call("move", number, targets[0]), play.call("move", number, targets[-1])


def replays(play: Play) -> tuple[Call, Call]:
    """One key, twice."""
    key = f"key{play.oracle.created}"
    return tuple(play.call("create", data=play.draw.full(), key=key) for _ in range(2))  # type: ignore[return-value]


def bulk_and_list(play: Play) -> tuple[Call, Call]:
    """A list must show all items or none."""
    return play.call("create_many", data=[play.draw.full() for _ in range(3)]), play.call("list")


def page_and_create(play: Play) -> tuple[Call, Call]:
    """A page and its total must be of one moment."""
    return play.call("list", limit=play.spec["page"]["most"]), play.call("create", data=play.draw.full())


def child_and_parent(play: Play) -> tuple[Call, Call]:
    """A new record of a parent that is being deleted."""
    number = play.do("create_parent", data=play.draw.parent())["id"]
    name = f"{play.spec['parent']['entity']}_id"
    return play.call("create", data=play.draw.full(**{name: number})), play.call("delete_parent", number)


def restore_and_create(play: Play) -> tuple[Call, Call]:
    """A record comes back while another takes its place."""
    record = play.create()
    play.do("delete", record["id"])
    unique = play.spec["unique"]
    return play.call("restore", record["id"]), play.call("create", data=play.draw.full(**{unique: record[unique]}))
