"""What a store must do, composed at random: the spec that the prompt is written from and the oracle interprets."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["Spec", "compose"]

Spec = dict[str, Any]

# An entity, its plural, and names for its required text, whole number, second text, choice with values, yes-or-no.
ENTITIES = tuple(
    tuple(part.split() for part in line.split("|"))
    for line in (
        "ticket tickets|title subject|priority votes|assignee team|kind bug task question incident|urgent billable",
        "recipe recipes|title dish|servings minutes|author cuisine|course starter main dessert drink|vegan spicy",
        "asset assets|tag label|rack age|site vendor|condition fresh used broken scrap|insured leased",
        "lease leases|tenant unit|months rent|agent remark|use home office shop storage|furnished renewable",
        "shipment shipments|code receiver|weight boxes|carrier remark|service air sea road rail|fragile insured",
        "book books|title isbn|pages copies|publisher author|format paper audio ebook braille|signed rare",
        "sensor sensors|serial name|channel interval|room remark|measure heat light sound motion|indoor calibrated",
        "course courses|name code|credits seats|lecturer hall|term spring summer autumn winter|online graded",
        "patient patients|name insurance|age bed|allergy doctor|ward east west north south|fasting mobile",
        "device devices|hostname serial|port slot|location model|role router switch server printer|managed spare",
        "plant plants|species label|height pots|origin remark|soil sand clay loam peat|hardy edible",
        "player players|nickname name|level score|club country|position keeper defender wing striker|captain injured",
        "song songs|title isrc|seconds track|artist album|mood calm happy sad wild|live explicit",
        "invoice invoices|number customer|amount days|contact remark|currency EUR USD GBP CHF|taxed printed",
    )
)
STATES = ("draft", "open", "active", "blocked", "review", "done", "closed", "cancelled")


def compose(rng: random.Random, level: int, turn: int) -> Spec:
    """A spec of the level about the entity whose turn it is.

    Levels add kinds of requirement. Their sum is kept within what a short answer can hold: no spec has all of them.
    """
    (entity, plural), names, numbers, texts, (choice, *values), flags = ENTITIES[turn % len(ENTITIES)]
    name: Spec = {
        "name": rng.choice(names),
        "kind": "text",
        "min": 1,
        "max": rng.choice((12, 20, 30, 40)),
        "need": "required",
    }
    number = _number(rng, rng.choice(numbers))
    text = {
        "name": rng.choice(texts),
        "kind": "text",
        "min": 1,
        "max": rng.choice((10, 16, 25, 60)),
        "need": "optional",
    }
    option = _choice(rng, choice, values)
    flag = {"name": rng.choice(flags), "kind": "flag", "need": "default", "default": rng.random() < 0.5}
    rules: Spec = {
        "level": level,
        "entity": entity,
        "plural": plural,
        "order": "oldest",
        "unique": None,
        "update": False,
        "delete": "none",
        "page": None,
        "owner": False,
        "version": False,
        "moves": None,
        "replay": False,
        "bulk": False,
    }
    if level == 1:
        others = [number, *rng.choice(([], [text]))]
    elif level == 2:
        others = list(rng.choice(([number, option], [option], [number, flag], [option, text])))
    else:
        others = [rng.choice((number, option, flag) if level < 5 else (number, option))]
    rules |= _rules(rng, level, name["name"])
    if level > 1:
        if number in others and number["need"] != "optional" and rng.random() < 0.6:
            rules["order"] = number["name"]
        others = rng.sample(others, len(others))
    return rules | {"fields": [name, *others]}


def _rules(rng: random.Random, level: int, name: str) -> Spec:
    """The requirements beyond fields that a spec of the level has; `name` is the field that may be unique."""
    if level == 1:
        return {"order": rng.choice(("oldest", "oldest", "newest")), "delete": rng.choice(("none", "hard"))}
    if level == 2:
        order = rng.choice(("oldest", "newest"))
        return {"update": True, "unique": name, "order": order, "delete": rng.choice(("none", "hard"))}
    if level == 3:
        page = {"limit": rng.choice((5, 10, 20)), "most": rng.choice((25, 50, 100))}
        either = rng.choice(({"unique": name}, {"update": True}))
        return {"delete": "soft", "page": page, "order": rng.choice(("oldest", "newest")), **either}
    if level == 4:
        delete = rng.choice(("none", "hard"))
        unique = name if delete == "none" else None
        return {"owner": True, "version": True, "update": True, "delete": delete, "unique": unique}
    return {"moves": _moves(rng), "replay": True, "bulk": True, "unique": rng.choice((name, None))}


def _number(rng: random.Random, name: str) -> Spec:
    low = rng.choice((0, 0, 1, 1, 2, 10))
    number: Spec = {"name": name, "kind": "number", "min": low, "max": low + rng.choice((4, 9, 50, 99, 500))}
    number["need"] = rng.choice(("required", "optional", "default"))
    if number["need"] == "default":
        number["default"] = rng.choice((low, low + 1))
    return number


def _choice(rng: random.Random, name: str, known: list[str]) -> Spec:
    values = rng.sample(known, 3)
    option: Spec = {"name": name, "kind": "choice", "values": values, "need": rng.choice(("required", "default"))}
    if option["need"] == "default":
        option["default"] = rng.choice(values)
    return option


def _moves(rng: random.Random) -> Spec:
    """Four states and the ways between them: one from the first to the last, and a shortcut or a way back."""
    first, second, third, last = states = rng.sample(STATES, 4)
    allowed = {first: [second], second: [third], third: [last], last: []}
    source, target = rng.choice(((first, last), (second, last), (second, first), (third, second), (third, first)))
    allowed[source].append(target)
    return {"states": states, "start": first, "allowed": allowed}
