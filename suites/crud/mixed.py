"""A long random sequence of calls, drawn with an eye on the state, so that requirements meet each other."""

from __future__ import annotations

from typing import Any

from .draws import Draw
from .play import Play
from .spec import Spec

__all__ = ["mixed"]

CALLS = 60
REOPEN = 25
OWNERS = ("ann", "bob")


def mixed(play: Play, draw: Draw) -> None:
    """Play the sequence; every now and then the store is opened anew."""
    methods = _methods(play.spec)
    names, weights = list(methods), list(methods.values())
    last = 0
    for count in range(CALLS):
        if count % REOPEN == REOPEN - 1:
            play.reopen()
        method = draw.rng.choices(names, weights)[0]
        owner = draw.rng.choice(OWNERS)
        made = play.do(method, *_arguments(play, draw, method, last), owner=owner)
        if made and method == "create":
            last = max(last, made["id"])
    for owner in OWNERS:
        play.all(owner=owner)


def _methods(spec: Spec) -> dict[str, int]:
    weights = {"create": 6, "get": 2, "list_page" if spec["page"] else "list_all": 3}
    weights |= {"update": 5} if spec["update"] else {}
    weights |= {"move": 5} if spec["moves"] else {}
    weights |= {"create_many": 2} if spec["bulk"] else {}
    weights |= {"delete": 3} if spec["delete"] != "none" else {}
    weights |= {"restore": 2} if spec["delete"] == "soft" else {}
    return weights


def _arguments(play: Play, draw: Draw, method: str, last: int) -> list[Any]:
    rng, spec = draw.rng, play.spec
    number = rng.randint(1, last + 1)
    if method == "create":
        return [_data(draw), *([rng.choice((None, "k1", "k2", "k3"))] if spec["replay"] else [])]
    if method == "create_many":
        items = [draw.full() for _ in range(rng.randint(0, 2))]
        items.insert(rng.randint(0, len(items)), _data(draw))
        return [items]
    if method == "list_page":
        return [rng.choice((1, 2, 3, spec["page"]["limit"])), rng.choice((0, 0, 1, 2, 5))]
    if method == "update":
        data = _data(draw)
        changes = {name: data[name] for name in data if rng.random() < 0.6}
        version = [max(1, play.version(number) - (rng.random() < 0.2))] if spec["version"] else []
        return [number, changes, *version]
    rest = {"list_all": [], "move": [number, rng.choice(spec["moves"]["states"])] if spec["moves"] else []}
    return rest.get(method, [number])


def _data(draw: Draw) -> dict[str, Any]:
    """Data that is right in most cases, with a required text that has been used before in many."""
    rng = draw.rng
    data = draw.full() if rng.random() < 0.7 else draw.least()
    if rng.random() < 0.5:
        data[draw.first["name"]] = rng.choice(("red", "blue", "Red"))
    if rng.random() < 0.15:
        field = rng.choice(draw.fields)
        data[field["name"]] = rng.choice(draw.edges(field))
    return data
