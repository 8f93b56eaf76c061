"""A long random sequence of calls, drawn with an eye on the state, so that requirements meet each other."""

from __future__ import annotations

from typing import Any

from .calls import verbs
from .draws import Draw
from .play import Play

__all__ = ["mixed"]

CALLS = 32
OWNERS = ("ann", "bob")
WEIGHTS = {"create": 6, "create_many": 2, "get": 2, "list": 3, "update": 5, "move": 5, "delete": 3, "restore": 2}


def mixed(play: Play) -> None:
    """Play the sequence; in its middle the store is opened anew."""
    names = [verb for verb in verbs(play.spec) if verb in WEIGHTS]
    weights = [WEIGHTS[name] for name in names]
    for count in range(CALLS):
        if count == CALLS // 2:
            play.reopen()
        verb, owner = play.draw.rng.choices(names, weights)[0], play.draw.rng.choice(OWNERS)
        play.do(verb, **_given(play, verb), owner=owner)
    for owner in OWNERS if play.spec["owner"] else OWNERS[:1]:
        play.all(owner=owner)


def _given(play: Play, verb: str) -> dict[str, Any]:
    rng, spec, draw = play.draw.rng, play.spec, play.draw
    number = rng.randint(1, play.oracle.created + 1)
    if verb == "create":
        return {"data": _data(draw), "key": rng.choice((None, "k1", "k2", "k3")) if spec["replay"] else None}
    if verb == "create_many":
        items = [draw.full() for _ in range(rng.randint(0, 2))]
        items.insert(rng.randint(0, len(items)), _data(draw))
        return {"data": items}
    if verb == "list":
        return _query(play)
    if verb == "update":
        data = _data(draw)
        stale = {"version": max(1, play.oracle.version(number) - 1)} if rng.random() < 0.2 else {}
        return {"number": number, "data": {name: data[name] for name in data if rng.random() < 0.6}, **stale}
    return {"number": number, "data": rng.choice(spec["moves"]["states"]) if verb == "move" else None}


def _query(play: Play) -> dict[str, Any]:
    rng, spec = play.draw.rng, play.spec
    query: dict[str, Any] = {}
    if spec["page"]:
        query |= {"limit": rng.choice((1, 2, 3, spec["page"]["limit"])), "offset": rng.choice((0, 0, 1, 2, 5))}
    if spec["sort"] and rng.random() < 0.6:
        query["sort"] = rng.choice(("", "-")) + rng.choice(spec["sort"])
    if spec["filter"] and rng.random() < 0.6:
        name = rng.choice(spec["filter"])
        query["filters"] = {name: play.draw.value(next(field for field in play.draw.fields if field["name"] == name))}
    return query


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
