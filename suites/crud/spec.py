"""What a store must do, composed at random: the spec that the prompt is written from and the oracle interprets."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["Spec", "compose"]

Spec = dict[str, Any]

# entity, plural, names for its required text, a whole number, a second text, a choice with its values, a yes-or-no
ENTITIES: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("ticket", "tickets", ("title", "subject"), ("priority", "votes"), ("assignee", "team"),
     ("kind", "bug", "task", "question", "incident"), ("urgent", "billable")),
    ("recipe", "recipes", ("title", "dish"), ("servings", "minutes"), ("author", "cuisine"),
     ("course", "starter", "main", "dessert", "drink"), ("vegan", "spicy")),
    ("asset", "assets", ("tag", "label"), ("rack", "age"), ("site", "vendor"),
     ("condition", "fresh", "used", "broken", "scrap"), ("insured", "leased")),
    ("lease", "leases", ("tenant", "unit"), ("months", "rent"), ("agent", "remark"),
     ("use", "home", "office", "shop", "storage"), ("furnished", "renewable")),
    ("shipment", "shipments", ("code", "receiver"), ("weight", "boxes"), ("carrier", "remark"),
     ("service", "air", "sea", "road", "rail"), ("fragile", "insured")),
    ("book", "books", ("title", "isbn"), ("pages", "copies"), ("publisher", "author"),
     ("format", "paper", "audio", "ebook", "braille"), ("signed", "rare")),
    ("sensor", "sensors", ("serial", "name"), ("channel", "interval"), ("room", "remark"),
     ("measure", "heat", "light", "sound", "motion"), ("indoor", "calibrated")),
    ("course", "courses", ("name", "code"), ("credits", "seats"), ("lecturer", "hall"),
     ("term", "spring", "summer", "autumn", "winter"), ("online", "graded")),
    ("patient", "patients", ("name", "insurance"), ("age", "bed"), ("allergy", "doctor"),
     ("ward", "east", "west", "north", "south"), ("fasting", "mobile")),
    ("device", "devices", ("hostname", "serial"), ("port", "slot"), ("location", "model"),
     ("role", "router", "switch", "server", "printer"), ("managed", "spare")),
    ("plant", "plants", ("species", "label"), ("height", "pots"), ("origin", "remark"),
     ("soil", "sand", "clay", "loam", "peat"), ("hardy", "edible")),
    ("player", "players", ("nickname", "name"), ("level", "score"), ("club", "country"),
     ("position", "keeper", "defender", "wing", "striker"), ("captain", "injured")),
    ("song", "songs", ("title", "isrc"), ("seconds", "track"), ("artist", "album"),
     ("mood", "calm", "happy", "sad", "wild"), ("live", "explicit")),
    ("invoice", "invoices", ("number", "customer"), ("amount", "days"), ("contact", "remark"),
     ("currency", "EUR", "USD", "GBP", "CHF"), ("taxed", "printed")),
)
STATES = ("draft", "open", "active", "blocked", "review", "done", "closed", "cancelled")


def compose(rng: random.Random, level: int, turn: int) -> Spec:
    """A spec of the level about the entity whose turn it is. Levels add kinds of requirement; the sum is kept within what a short answer can hold."""
    entity, plural, names, numbers, texts, choice, flags = ENTITIES[turn % len(ENTITIES)]
    name = {"name": rng.choice(names), "kind": "text", "min": 1, "max": rng.choice((12, 20, 30, 40)), "need": "required"}
    number = _number(rng, rng.choice(numbers))
    text = {"name": rng.choice(texts), "kind": "text", "min": 1, "max": rng.choice((10, 16, 25, 60)), "need": "optional"}
    option = _choice(rng, choice)
    flag = {"name": rng.choice(flags), "kind": "flag", "need": "default", "default": rng.random() < 0.5}
    spec: Spec = {
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
        fields = [name, number, *rng.choice(([], [text]))]
        spec["order"] = rng.choice(("oldest", "oldest", "newest"))
        spec["delete"] = rng.choice(("none", "hard"))
    elif level == 2:  # noqa: PLR2004  the ladder of the module's README, one rung each
        fields = [name, *rng.choice(([number, option], [option], [number, flag], [option, text]))]
        spec |= {"update": True, "unique": name["name"], "order": rng.choice(("oldest", "newest"))}
        spec["delete"] = rng.choice(("none", "hard"))
    elif level == 3:  # noqa: PLR2004
        fields = [name, rng.choice((number, option, flag))]
        spec |= {"delete": "soft", "page": {"limit": rng.choice((5, 10, 20)), "most": rng.choice((25, 50, 100))}}
        spec |= rng.choice(({"unique": name["name"]}, {"update": True}))
        spec["order"] = rng.choice(("oldest", "newest"))
    elif level == 4:  # noqa: PLR2004
        fields = [name, rng.choice((number, option, flag))]
        spec |= {"owner": True, "version": True, "update": True, "delete": rng.choice(("none", "hard"))}
        spec["unique"] = name["name"] if spec["delete"] == "none" else None
    else:
        fields = [name, rng.choice((number, option))]
        spec |= {"moves": _moves(rng), "replay": True, "bulk": True, "unique": rng.choice((name["name"], None))}
    if level > 1 and number in fields and number["need"] != "optional" and rng.random() < 0.6:  # noqa: PLR2004
        spec["order"] = number["name"]
    if level > 1:
        fields = [fields[0], *rng.sample(fields[1:], len(fields) - 1)]
    return spec | {"fields": fields}


def _number(rng: random.Random, name: str) -> Spec:
    low = rng.choice((0, 0, 1, 1, 2, 10))
    number: Spec = {"name": name, "kind": "number", "min": low, "max": low + rng.choice((4, 9, 50, 99, 500))}
    need = rng.choice(("required", "optional", "default"))
    number["need"] = need
    if need == "default":
        number["default"] = rng.choice((low, low + 1))
    return number


def _choice(rng: random.Random, choice: tuple[str, ...]) -> Spec:
    values = rng.sample(choice[1:], 3)
    option: Spec = {"name": choice[0], "kind": "choice", "values": values, "need": rng.choice(("required", "default"))}
    if option["need"] == "default":
        option["default"] = rng.choice(values)
    return option


def _moves(rng: random.Random) -> Spec:
    """Four states, what leads where: a way from the first to the last, a shortcut or a way back, a state that ends."""
    first, second, third, last = states = rng.sample(STATES, 4)
    allowed = {first: [second], second: [third], third: [last], last: []}
    source, target = rng.choice(((first, last), (second, last), (second, first), (third, second), (third, first)))
    allowed[source].append(target)
    return {"states": states, "start": first, "allowed": allowed}
