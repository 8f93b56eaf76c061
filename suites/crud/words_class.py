"""The contract of the class form: a `Store` on the standard library, called by methods."""

from __future__ import annotations

from typing import Any

from .words import Words, a, either

__all__ = ["ClassWords"]


class ClassWords(Words):
    """The words for a class."""

    HEADINGS = ("Methods:", "The methods of `Store`:", "`Store` has these methods:")
    TYPES = {  # noqa: RUF012  a table that nobody changes
        "record": "a dict",
        "text": "str of {min} to {max} characters",
        "number": "int from {min} to {max}",
        "flag": "bool",
    }
    NULL = "None"

    def literal(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f'"{name}": {self.literal(item)}' for name, item in value.items()) + "}"
        return f'"{value}"' if isinstance(value, str) else repr(value)

    def opening(self) -> str:
        """What is wanted."""
        return self.pick(
            "Write a Python class `Store` that keeps {} in an SQLite file. Use the standard library only.",
            "We keep {} in an SQLite file. Write the Python class `Store` for it, with the standard library only.",
            "A class `Store` is needed: it keeps {} in an SQLite file. Write it in Python, with nothing but the standard library.",
        ).format(self.plural)

    def calls(self) -> list[str]:
        """One line a method, with all that it does beyond the rules."""
        spec = self.spec
        owner = "owner, " if spec["owner"] else ""
        version = ", version" if spec["version"] else ""
        key = ", key=None" if spec["replay"] else ""
        new = self.pick(
            "stores a new record and returns it, with its id", "adds a record, returns the new record, with its id"
        )
        lines = [
            "`Store(path)`: opens the SQLite file at path; makes the file and its tables if they are missing",
            f"`create({owner}data{key})`: {new}",
        ]
        if spec["bulk"]:
            lines.append(
                f"`create_many({owner}items)`: items is a list of such data. Stores a new record for each, in this order, returns the "
                "list of the new records. If one of them is wrong, it raises that error and stores none of them"
            )
        lines += [f"`get({owner}id)`: returns the record", self._listing()]
        if spec["update"]:
            lines.append(
                f"`update({owner}id, changes{version})`: changes has some of the fields, maybe none. Sets these, keeps the others, "
                "returns the record"
            )
        if spec["moves"]:
            lines.append(
                f"`move({owner}id, state{version})`: sets the state, returns the record. ValueError if there is no such state, "
                "Conflict if the move is not allowed"
            )
        return [*lines, *self._deletion(owner, version), *self._parent_calls()]

    def _deletion(self, owner: str, version: str) -> list[str]:
        if self.spec["delete"] == "hard":
            return [f"`delete({owner}id{version})`: removes the record, returns None"]
        if self.spec["delete"] == "soft":
            return [
                (
                    f"`delete({owner}id{version})`: marks the record as deleted, returns None. All methods but restore then treat it as "
                    "missing"
                ),
                (
                    f"`restore({owner}id)`: brings a deleted record back as it was, returns it. KeyError if the id is not that of a "
                    "deleted record"
                ),
            ]
        return []

    def _parent_calls(self) -> list[str]:
        if not self.parent:
            return []
        name, label = self.parent["entity"], self.parent["label"]
        gone = (
            f"removes all its {self.plural} too"
            if self.parent["on_delete"] == "cascade"
            else (f"Conflict if {a(self.entity)} still belongs to it")
        )
        return [
            (
                f"`create_{name}(data)`: data has the key `{label}` only, a str of 1 to 30 characters, required. Stores a new {name}, "
                "returns it, with its id; ValueError for any other data"
            ),
            f"`get_{name}(id)`: returns the {name}",
            f"`delete_{name}(id)`: removes the {name}, returns None; {gone}",
        ]

    def _listing(self) -> str:
        spec, page = self.spec, self.spec["page"]
        arguments = ["owner"] * spec["owner"] + ([f"limit={page['limit']}", "offset=0"] if page else [])
        arguments += ["sort=None"] * bool(spec["sort"]) + ["filters=None"] * bool(spec["filter"])
        name = "list_page" if page else "list_all"
        text = f"`{name}({', '.join(arguments)})`: "
        if page:
            of = "all records" if not spec["filter"] else "all records that the filters leave"
            text += (
                f"of {of}, {self.order()}, skips offset and takes at most limit. Returns "
                f'{{"items": [...], "total": how many there are without skipping and limit}}. ValueError unless 1 <= limit <= '
                f"{page['most']} and offset >= 0"
            )
        else:
            text += f"returns a list of all records, {self.order()}"
        if spec["sort"]:
            text += (
                f'. sort is None or "{spec["sort"][0]}" or "{spec["sort"][1]}" (lowest first) or "-{spec["sort"][0]}" or '
                f'"-{spec["sort"][1]}" (highest first), equal ones by lowest id first; texts in the order in which Python '
                "compares them. Any other sort: ValueError"
            )
        if spec["filter"]:
            text += (
                f". filters is None or a dict that may have {either('key', spec['filter'])}: only records whose "
                "fields equal the values in it are returned. Any other key, or a value that the field cannot have: ValueError"
            )
        return text

    def rules(self) -> list[str]:
        """What holds for all methods."""
        spec = self.spec
        rules = [
            "`data` and `changes` are dicts." if spec["update"] else "`data` is a dict.",
            self._invalid(),
            self.pick(
                "Raise KeyError if there is no record with the given id.", "An id that no record has: raise KeyError."
            ),
            self.pick(
                "A call that raises changes nothing and uses up no id.",
                "When a call raises, nothing is changed and no id is used up.",
            ),
            self.pick(
                "Every change is committed at once: another Store(path) finds it, also in a later process.",
                "Commit every change before returning: a later Store(path), also in another process, finds everything.",
            ),
            "Arguments have the right types; only what is in a dict may be wrong."
            if spec["level"] > 1
            else "An id is always an int.",
            *self.general(),
        ]
        if any(field["kind"] == "flag" for field in spec["fields"]):
            rules.append("A bool is True or False, not 1 or 0, also when it is returned.")
        return rules

    def _invalid(self) -> str:
        also, where = self.hidden_keys(), "data or changes" if self.spec["update"] else "data"
        return self.pick(
            f"Raise ValueError if a required field is missing, a value has the wrong type or is out of its limits, or {where} has "
            f"an unknown key (also {also}).",
            f"ValueError for a missing required field, a value of the wrong type or out of its limits, and any key in {where} that "
            f"is no field (also {also}).",
        )

    def special(self) -> list[str]:
        """What holds because of this spec's requirements."""
        return [*self._conflicts(), *self._more()]

    def _conflicting(self) -> bool:
        restrict = self.parent.get("on_delete") == "restrict"
        return bool(self.spec["unique"] or self.spec["version"] or self.spec["moves"] or restrict)

    def _conflicts(self) -> list[str]:
        spec, rules = self.spec, []
        if self._conflicting():
            rules.append("Define `class Conflict(Exception)` in the module, too.")
        if spec["unique"]:
            where = " of the same owner" if spec["owner"] else ""
            ignored = " Deleted records do not count." if spec["delete"] == "soft" else ""
            rules.append(
                f"No two records{where} may be equal in `{spec['unique']}` (case matters): a call that would lead to this raises "
                f"Conflict.{ignored}"
            )
        if spec["version"]:
            names = ["update", *["move"] * bool(spec["moves"]), *["delete"] * (spec["delete"] != "none")]
            rules.append(f"{' and '.join(names)}: Conflict if version is not the present version of the record.")
        return rules

    def _more(self) -> list[str]:
        spec, rules = self.spec, []
        if spec["owner"]:
            rules.append(
                "owner is a str and not part of the record. Owners know only their own records: the id of a record of somebody "
                "else is a KeyError. Ids count over all owners together."
            )
        if spec["replay"]:
            of = " of the same owner" if spec["owner"] else ""
            rules.append(
                f"key is None or a str. If a create{of} with this key succeeded before, also before the file was opened anew, "
                f"create ignores data, stores nothing and returns {self.replayed('KeyError', 'create')}. A create that raises does "
                "not use up its key."
            )
        if self.parent:
            name = self.parent["entity"]
            rules += [
                (
                    f"ValueError if `{name}_id` is not the id of {a(name)} that exists. KeyError if there is no {name} with the id given "
                    f"to get_{name} or delete_{name}."
                ),
                f"Ids of {self.parent['plural']} count on their own: 1, 2, 3, ..., and are never used again either.",
            ]
        if spec["concurrent"]:
            rules.append(
                "Two Stores may be open on one file in one process, each made and used in a thread of its own, and be called at the same "
                "time. What both calls return and leave behind must be as if one had run after the other. No call may fail "
                "because the other one holds a lock."
            )
        return rules

    def precedence(self) -> str:
        """Which error counts where several apply; empty where two never do."""
        several = self.spec["update"] or self.spec["moves"] or self._conflicting()
        errors = ["KeyError"] * bool(several) + ["ValueError"] + ["Conflict"] * self._conflicting()
        return f"If several errors apply, raise {' before '.join(errors)}." if several else ""
