"""What both forms say in the same way: fields, an example, the order of a list, states."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from .spec import Spec

__all__ = ["Words", "a", "either"]


class Words:
    """The words for one spec. A form's own words say how its calls look and how they are refused."""

    HEADINGS: tuple[str, ...] = ()
    TYPES: Mapping[str, str] = {}
    NULL = ""

    def __init__(self, spec: Spec, rng: random.Random) -> None:
        self.spec = spec
        self.rng = rng
        self.entity, self.plural = spec["entity"], spec["plural"]
        self.parent: Spec = spec["parent"] or {}

    def pick(self, *ways: str) -> str:
        """One of several ways to say the same."""
        return self.rng.choice(ways)

    def literal(self, value: Any) -> str:
        """A value as the form's language writes it."""
        raise NotImplementedError

    def shape(self) -> list[str]:
        """The fields, and what a record looks like."""
        heading = self.pick("Fields of {}:", "{} has these fields:", "What is known of {}:").format(a(self.entity))
        lines = [heading[0].upper() + heading[1:], *(f"- {self._field(field)}" for field in self.spec["fields"])]
        lines.append(
            f"A record is {self.TYPES['record']} of {self._parts()}, for example {self.literal(self.example())}"
        )
        if self.spec["version"]:
            moves = ", and with each move" if self.spec["moves"] else ""
            lines.append(f"`version` is 1 in a new record and goes up by 1 with each update, even an empty one{moves}.")
        if self.spec["moves"]:
            lines.append(self._states())
        if self.parent:
            name, label = self.parent["entity"], self.parent["label"]
            shown = self.literal({"id": 1, label: "..."})
            lines.append(
                f"{a(self.entity).capitalize()} belongs to {a(name)}. {a(name).capitalize()} is {self.TYPES['record']} of `id` "
                f"and `{label}`, for example {shown}"
            )
        return lines

    def _parts(self) -> str:
        extra = ["version"] * self.spec["version"] + ["state"] * bool(self.spec["moves"])
        names = ["`id`", "all fields", *(f"`{name}`" for name in extra)]
        return f"{', '.join(names[:-1])} and {names[-1]}"

    def _field(self, field: Spec) -> str:
        need = field["need"]
        if need == "default":
            need = f"default {self.literal(field['default'])}"
        return f"`{field['name']}`: {self._kind(field)}, {need}"

    def _kind(self, field: Spec) -> str:
        if field["kind"] == "choice":
            return "one of " + ", ".join(f'"{value}"' for value in field["values"])
        if field["kind"] == "parent":
            return f"the id of {a(self.parent['entity'])} that exists"
        return self.TYPES[field["kind"]].format(**field)

    def example(self) -> dict[str, Any]:
        """A record."""
        shown: dict[str, Any] = {"id": 1}
        for field in self.spec["fields"]:
            shown[field["name"]] = {
                "text": "...",
                "number": field.get("max"),
                "flag": True,
                "choice": field.get("values", [""])[0],
                "parent": 1,
            }[field["kind"]]
        if self.spec["version"]:
            shown["version"] = 1
        if self.spec["moves"]:
            shown["state"] = self.spec["moves"]["start"]
        return shown

    def _states(self) -> str:
        moves = self.spec["moves"]
        ways = [f"{state} -> {' or '.join(targets)}" for state, targets in moves["allowed"].items() if targets]
        return f'`state` is "{moves["start"]}" in a new record. Allowed moves: {"; ".join(ways)}.'

    def general(self) -> list[str]:
        """The rules that both forms have, in words that fit both."""
        spec, null = self.spec, self.NULL
        kinds = {field["kind"] for field in spec["fields"]}
        rules = [
            self._needs(),
            self.pick(
                "Ids count 1, 2, 3, ... in the order of creation. An id is never used again, also not after a delete.",
                "The first record has id 1, the next one 2, and so on. No id is ever given out twice, even if its record is gone.",
            ),
            self.pick("Keep texts exactly as given.", "Texts come back exactly as they were given."),
        ]
        if kinds & {"number", "parent"}:
            true, noun = ("True", "int") if null == "None" else ("true", "integer")
            rules.append(
                self.pick(
                    f'{true}, 1.0 and "1" are not {noun}s.',
                    f'{a(noun).capitalize()} is not {true}, not 1.0 and not "1".',
                )
            )
        return rules

    def _needs(self) -> str:
        needs, null = {field["need"] for field in self.spec["fields"]}, self.NULL
        said = {
            "required": f"A required field must be there and not be {null}.",
            "optional": f"An optional field may be missing or {null}: it is stored as {null}.",
            "default": f"A field with a default may be missing, then the default is stored, but it must not be {null}.",
        }
        return " ".join(text for need, text in said.items() if need in needs)

    def hidden_keys(self) -> str:
        """The keys of a record, or beside it, that a caller cannot set."""
        spec = self.spec
        keys = ["id", *["version"] * spec["version"], *["state"] * bool(spec["moves"]), *["owner"] * spec["owner"]]
        return " or ".join(f'"{key}"' for key in keys)

    def replayed(self, missing: str, before: str) -> str:
        """What a repeated key gives back."""
        if self.spec["replay"] == "then":
            return f"the record as that {before} returned it, even if it was changed or deleted since"
        vanishes = self.spec["delete"] != "none" or self.parent.get("on_delete") == "cascade"
        return "the record that it made, as it is now" + f" ({missing} if it is deleted)" * vanishes

    def order(self) -> str:
        """In which order a list is when no sort is given."""
        order = self.spec["order"]
        known = {"oldest": "lowest id first", "newest": "highest id first"}
        return known.get(order) or f"lowest `{order}` first, equal ones by lowest id first"


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def either(noun: str, names: list[str]) -> str:
    """One or two names with what they are: "the keys `a` and `b`"."""
    return f"the {noun}{'s' * (len(names) > 1)} {' and '.join(f'`{name}`' for name in names)}"
