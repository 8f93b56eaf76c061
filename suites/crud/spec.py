"""What a store must do, composed at random: the spec that the prompt is written from and the oracle interprets."""

from __future__ import annotations

import random
from typing import Any

from .entities import ENTITIES, Entity

__all__ = ["FORMS", "Spec", "compose"]

Spec = dict[str, Any]

FORMS = ("class", "http")
STATES = ("draft", "waiting", "active", "blocked", "review", "done", "closed", "cancelled", "planned", "paused")


def compose(rng: random.Random, level: int, turn: int, form: str) -> Spec:
    """A spec of the level about the entity whose turn it is.

    A level adds kinds of requirement to draw from. Their number is kept within what a person would ask for at once: no
    spec has all of them.
    """
    entity = ENTITIES[turn % len(ENTITIES)]
    spec: Spec = {
        "level": level,
        "form": form,
        "entity": entity.name,
        "plural": entity.plural,
        "fields": [],
        "order": rng.choice(("oldest", "newest")),
        "unique": None,
        "update": False,
        "delete": "none",
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
    spec |= (_level1, _level2, _level3, _level4, _level5)[level - 1](rng)
    if spec["parent"]:
        spec["parent"] |= {"entity": entity.parent, "plural": entity.parents, "label": entity.parent_label}
    spec["fields"] = fields = _fields(rng, entity, spec)
    spec["unique"] = fields[0]["name"] if spec["unique"] else None
    return spec | _listing(rng, level, spec)


def _level1(rng: random.Random) -> Spec:
    """Create, get, list, and at most one of update and delete."""
    return rng.choice(({}, {"delete": "hard"}, {"delete": "hard"}, {"update": True}))


def _level2(rng: random.Random) -> Spec:
    """Two or three of: a unique field, partial updates, pages, deletion."""
    return _some(rng, rng.choice((2, 3)), _unique, _update, _page, _hard)


def _level3(rng: random.Random) -> Spec:
    """Soft deletion or a parent, with one or two things of level 2."""
    if rng.random() < 0.5:
        return {"delete": "soft"} | _some(rng, rng.choice((1, 2)), _unique, _page, _update)
    return _parent(rng) | _some(rng, rng.choice((1, 2)), _unique, _page, _update, _hard)


def _level4(rng: random.Random) -> Spec:
    """Two of: owners, versions, sorting and filtering; with two things of lower levels."""
    spec = _some(rng, 2, _owner, _version, _query)
    return spec | _lower(rng, spec, 2)


def _level5(rng: random.Random) -> Spec:
    """Calls at the same time, and two of: states, idempotency keys, bulk; with one of level 4 and two of lower levels."""
    spec: Spec = {"concurrent": True}
    spec |= _some(rng, 2, _moves, _replay, _bulk)
    spec |= _some(rng, 1, _owner, _version, _query)
    return spec | _lower(rng, spec, 2)


def _lower(rng: random.Random, spec: Spec, count: int) -> Spec:
    """So many things of levels 2 and 3 that go with the spec: a parent's records have no owners."""
    ways = [_unique, _page, _update, rng.choice((_hard, _soft))]
    if not spec.get("owner"):
        ways.append(_parent)
    found = _some(rng, count, *ways)
    if found.get("parent") and found.get("delete") == "soft":
        found["delete"] = "hard"
    return found


def _some(rng: random.Random, count: int, *ways: Any) -> Spec:
    found: Spec = {}
    for way in rng.sample(ways, count):
        found |= way(rng)
    return found


def _unique(rng: random.Random) -> Spec:  # noqa: ARG001  one of many ways to add to a spec
    return {"unique": True}


def _update(rng: random.Random) -> Spec:  # noqa: ARG001  see _unique
    return {"update": True}


def _hard(rng: random.Random) -> Spec:  # noqa: ARG001  see _unique
    return {"delete": "hard"}


def _soft(rng: random.Random) -> Spec:  # noqa: ARG001  see _unique
    return {"delete": "soft"}


def _page(rng: random.Random) -> Spec:
    return {"page": {"limit": rng.choice((3, 5, 8, 10)), "most": rng.choice((20, 25, 50, 100))}}


def _parent(rng: random.Random) -> Spec:
    return {"parent": {"on_delete": rng.choice(("restrict", "cascade"))}}


def _owner(rng: random.Random) -> Spec:  # noqa: ARG001  see _unique
    return {"owner": True}


def _version(rng: random.Random) -> Spec:  # noqa: ARG001  see _unique
    return {"version": True, "update": True}


def _query(rng: random.Random) -> Spec:
    """Sorting, filtering or both; which fields is drawn when there are some."""
    return rng.choice(({"sort": True, "filter": True}, {"sort": True}, {"filter": True}))


def _moves(rng: random.Random) -> Spec:
    """Four states and the ways between them: one from the first to the last, and a shortcut or a way back."""
    first, second, third, last = states = rng.sample(STATES, 4)
    allowed = {first: [second], second: [third], third: [last], last: []}
    source, target = rng.choice(((first, last), (second, last), (second, first), (third, second), (third, first)))
    allowed[source].append(target)
    return {"moves": {"states": states, "start": first, "allowed": allowed}}


def _replay(rng: random.Random) -> Spec:
    """What a repeated key gives back: the record as it was then, or as it is now."""
    return {"replay": rng.choice(("then", "now"))}


def _bulk(rng: random.Random) -> Spec:  # noqa: ARG001  see _unique
    return {"bulk": True}


def _fields(rng: random.Random, entity: Entity, spec: Spec) -> list[Spec]:
    """The required text first, then the others in any order."""
    first = _text(rng.choice(entity.labels), rng.choice((12, 20, 30, 40)), "required")
    number = _number(rng, rng.choice(entity.numbers))
    text = _text(rng.choice(entity.texts), rng.choice((10, 16, 25, 60)), "optional")
    option = _choice(rng, entity)
    flag = {"name": rng.choice(entity.flags), "kind": "flag", "need": "default", "default": rng.random() < 0.5}
    if spec["level"] == 1:
        others = [number, *rng.choice(([], [text]))]
    elif spec["level"] == 2:
        others = [option, *rng.choice(([number], [flag], [text], [number, text]))]
    else:
        others = rng.sample([number, option, flag, text], 2)
    if spec["sort"] or spec["filter"]:
        others = [option, number | {"need": "required"}]
        others[1].pop("default", None)
    if spec["parent"]:
        others[-1] = {
            "name": f"{spec['parent']['entity']}_id",
            "kind": "parent",
            "need": rng.choice(("required", "required", "optional")),
        }
    return [first, *rng.sample(others, len(others))]


def _text(name: str, most: int, need: str) -> Spec:
    return {"name": name, "kind": "text", "min": 1, "max": most, "need": need}


def _number(rng: random.Random, name: str) -> Spec:
    low = rng.choice((0, 0, 1, 1, 2, 10))
    number: Spec = {"name": name, "kind": "number", "min": low, "max": low + rng.choice((4, 9, 50, 99, 500))}
    number["need"] = rng.choice(("required", "optional", "default"))
    if number["need"] == "default":
        number["default"] = rng.choice((low, low + 1))
    return number


def _choice(rng: random.Random, entity: Entity) -> Spec:
    values = entity.shuffled_values(rng, 3)
    option: Spec = {
        "name": entity.choice,
        "kind": "choice",
        "values": values,
        "need": rng.choice(("required", "default")),
    }
    if option["need"] == "default":
        option["default"] = rng.choice(values)
    return option


def _listing(rng: random.Random, level: int, spec: Spec) -> Spec:
    """The order of the list, and the fields that it may be sorted and filtered by: such as are never null."""
    sure = [field["name"] for field in spec["fields"] if field["need"] != "optional" and field["kind"] != "parent"]
    numbers = [field["name"] for field in spec["fields"] if field["kind"] == "number" and field["name"] in sure]
    found: Spec = {
        "sort": rng.sample(sure, 2) if spec["sort"] else [],
        "filter": rng.sample(sure, rng.choice((1, 2))) if spec["filter"] else [],
    }
    if level > 1 and numbers and not spec["sort"] and rng.random() < 0.4:
        found["order"] = numbers[0]
    return found
