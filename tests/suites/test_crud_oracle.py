"""The oracle, call by call, against what a reader of the spec would expect."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.values import Suite

FOLDER = Path(__file__).parents[2] / "suites" / "crud"

SPEC: dict[str, Any] = {
    "form": "http",
    "entity": "book",
    "plural": "books",
    "fields": [
        {"name": "title", "kind": "text", "min": 1, "max": 5, "need": "required"},
        {"name": "pages", "kind": "number", "min": 1, "max": 9, "need": "default", "default": 3},
        {"name": "note", "kind": "text", "min": 1, "max": 9, "need": "optional"},
    ],
    "order": "oldest",
    "unique": None,
    "update": True,
    "delete": "hard",
    "page": None,
    "parent": None,
    "owner": False,
    "version": False,
    "sort": [],
    "filter": [],
    "moves": None,
    "replay": None,
    "bulk": False,
    "concurrent": False,
}
MOVES = {"states": ["a", "b", "c", "d"], "start": "a", "allowed": {"a": ["b"], "b": ["c"], "c": ["d"], "d": []}}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture
def ask(suite: Suite) -> Callable[..., Callable[..., Any]]:
    """A new store of the spec above with these changes; calls give a value or the kind of their refusal."""
    package = sys.modules[suite.check.__module__].__package__
    parts: tuple[ModuleType, ...] = tuple(importlib.import_module(f"{package}.{name}") for name in ("oracle", "calls"))

    def store(**changes: Any) -> Callable[..., Any]:
        oracle = parts[0].Oracle(SPEC | changes)

        def call(do: str, number: int = 0, data: Any = None, **more: Any) -> Any:
            try:
                return oracle.call(parts[1].Call(do=do, id=number, data=data, **more))
            except parts[1].Refusal as refusal:
                return refusal.kind

        return call

    return store


def test_a_record_has_what_was_given_and_the_rest_by_default(ask: Any) -> None:
    store = ask()

    assert store("create", data={"title": "x"}) == {"id": 1, "title": "x", "pages": 3, "note": None}
    assert store("update", 1, {"note": "y", "pages": 9}) == {"id": 1, "title": "x", "pages": 9, "note": "y"}
    assert store("update", 1, {"note": None}) == store("get", 1) == {"id": 1, "title": "x", "pages": 9, "note": None}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"title": None},
        {"title": ""},
        {"title": "sixsix"},
        {"title": 5},
        {"title": "x", "pages": 0},
        {"title": "x", "pages": 10},
        {"title": "x", "pages": True},
        {"title": "x", "pages": 1.0},
        {"title": "x", "pages": None},
        {"title": "x", "id": 1},
        ["title"],
        "title",
        None,
    ],
)
def test_data_that_do_not_fit_are_invalid_and_use_up_no_id(ask: Any, data: Any) -> None:
    store = ask()

    assert store("create", data=data) == "invalid"
    assert store("create", data={"title": "x"})["id"] == 1


def test_ids_are_not_used_again(ask: Any) -> None:
    store = ask()
    for _ in range(2):
        store("create", data={"title": "x"})

    assert store("delete", 2) is None
    assert [store("get", 2), store("delete", 2), store("update", 2, {"pages": 0})] == ["missing"] * 3
    assert store("create", data={"title": "x"})["id"] == 3


def test_what_is_deleted_softly_comes_back_unless_its_place_is_taken(ask: Any) -> None:
    store = ask(delete="soft", unique="title")
    store("create", data={"title": "x"})
    store("delete", 1)

    assert store("create", data={"title": "x"})["id"] == 2
    assert store("restore", 1) == "conflict"
    store("delete", 2)
    assert store("restore", 1)["id"] == 1
    assert [store("restore", number) for number in (1, 3)] == ["missing", "missing"]


@pytest.mark.parametrize(("on_delete", "told", "left"), [("restrict", "conflict", [1]), ("cascade", None, [])])
def test_a_parent_in_use_is_kept_or_takes_its_records_along(
    ask: Any, on_delete: str, told: Any, left: list[int]
) -> None:
    parent = {"entity": "shelf", "plural": "shelves", "label": "name", "on_delete": on_delete}
    fields = [*SPEC["fields"][:1], {"name": "shelf_id", "kind": "parent", "need": "optional"}]
    store = ask(parent=parent, fields=fields)

    assert store("create_parent", data={"name": "low"}) == {"id": 1, "name": "low"}
    assert store("create", data={"title": "x", "shelf_id": 2}) == "invalid"
    assert store("create", data={"title": "x", "shelf_id": 1})["shelf_id"] == 1
    assert store("delete_parent", 1) == told
    assert [book["id"] for book in store("list")] == left
    assert store("delete", 1) == (None if left else "missing")
    assert store("create_parent", data={"name": "high"})["id"] == 2


def test_owners_have_names_and_keys_of_their_own(ask: Any) -> None:
    store = ask(owner=True, unique="title", replay="then")

    assert store("create", data={"title": "x"}) == "anonymous"
    assert store("create", data={"title": "x"}, owner="ann", key="k")["id"] == 1
    assert store("create", data={"title": "x"}, owner="bob", key="k")["id"] == 2
    assert store("create", data=None, owner="ann", key="k")["id"] == 1
    assert [store("get", 2, owner="ann"), len(store("list", owner="bob"))] == ["missing", 1]


def test_the_first_of_several_refusals_counts(ask: Any) -> None:
    store = ask(owner=True, version=True, unique="title")
    for title in ("x", "y"):
        store("create", data={"title": title}, owner="ann")

    told = [
        store("update", 9, {"pages": 0}),
        store("update", 9, {"pages": 0}, owner="ann"),
        store("update", 2, {"pages": 0}, owner="ann"),
        store("update", 2, {"title": "x", "pages": 0}, owner="ann", version=7),
        store("update", 2, {"title": "x"}, owner="ann", version="1"),
        store("update", 2, {"title": "x"}, owner="ann", version=1),
    ]

    assert told == ["anonymous", "missing", "unconditional", "invalid", "stale", "conflict"]
    assert store("update", 2, {}, owner="ann", version=1)["version"] == 2


def test_moves_follow_the_allowed_ways(ask: Any) -> None:
    store = ask(moves=MOVES, version=True)
    store("create", data={"title": "x"})

    told = [store("move", 1, state, version=1) for state in ("lost", 7, "c", "a", "b", "c")]

    assert told[:4] == ["invalid", "invalid", "conflict", "conflict"]
    assert (told[4]["state"], told[4]["version"], told[5]) == ("b", 2, "stale")


@pytest.mark.parametrize(("replay", "pages", "gone"), [("then", 3, 1), ("now", 7, "missing")])
def test_a_key_gives_back_its_record_as_it_was_or_as_it_is(ask: Any, replay: str, pages: int, gone: Any) -> None:
    store = ask(replay=replay)

    assert store("create", data={}, key="k") == "invalid"
    store("create", data={"title": "x"}, key="k")
    store("update", 1, {"pages": 7})
    assert store("create", data={"pages": 0}, key="k")["pages"] == pages
    store("delete", 1)
    again = store("create", data={}, key="k")
    assert (again if isinstance(again, str) else again["id"]) == gone


def test_a_refused_bulk_stores_nothing(ask: Any) -> None:
    store = ask(bulk=True, unique="title")

    assert store("create_many", data=[{"title": "x"}, {"title": "x"}]) == "conflict"
    assert store("create_many", data=[{"title": "x"}, {}]) == "invalid"
    assert store("create_many", data={"title": "x"}) == "invalid"
    assert store("create_many", data=[]) == []
    assert [book["id"] for book in store("create_many", data=[{"title": "x"}, {"title": "y"}])] == [1, 2]


def test_lists_are_sorted_filtered_and_cut(ask: Any) -> None:
    store = ask(order="newest", sort=["title", "pages"], filter=["pages"], page={"limit": 2, "most": 3})
    for title, pages in (("b", 1), ("a", 2), ("B", 1), ("c", 2)):
        store("create", data={"title": title, "pages": pages})

    def ids(**query: Any) -> Any:
        found = store("list", query=query)
        return found if isinstance(found, str) else ([book["id"] for book in found["items"]], found["total"])

    assert ids() == ([4, 3], 4)
    assert ids(limit=3, offset=3) == ([1], 4)
    assert [ids(limit=limit) for limit in (0, 4, "2", True)] == ["invalid"] * 4
    assert ids(sort="title", limit=3) == ([3, 2, 1], 4)
    assert ids(sort="-pages", limit=3) == ([2, 4, 1], 4)
    assert ids(filters={"pages": 1}) == ([3, 1], 2)
    told = [ids(sort="note"), ids(sort="--pages"), ids(filters={"note": "x"}), ids(filters={"pages": 0})]
    assert told == ["invalid"] * 4


def test_a_copy_goes_its_own_way(suite: Suite) -> None:
    package = sys.modules[suite.check.__module__].__package__
    oracle = importlib.import_module(f"{package}.oracle").Oracle(SPEC)
    call = importlib.import_module(f"{package}.calls").Call
    oracle.call(call(do="create", data={"title": "x"}))

    copy = oracle.copy()
    copy.call(call(do="update", id=1, data={"title": "y"}))
    copy.call(call(do="create", data={"title": "z"}))

    assert [book["title"] for book in oracle.call(call(do="list"))] == ["x"]
    assert [book["title"] for book in copy.call(call(do="list"))] == ["y", "z"]
