"""The contract of the HTTP form: `make_app(path)` makes a FastAPI app, asked by requests."""

from __future__ import annotations

import json
from typing import Any

from .words import Words, a, either

__all__ = ["HttpWords"]


class HttpWords(Words):
    """The words for an app."""

    HEADINGS = ("Requests:", "The app answers these requests:", "Endpoints:")
    TYPES = {  # noqa: RUF012  a table that nobody changes
        "record": "a JSON object",
        "text": "string of {min} to {max} characters",
        "number": "integer from {min} to {max}",
        "flag": "true or false",
    }
    NULL = "null"

    def literal(self, value: Any) -> str:
        return json.dumps(value)

    def opening(self) -> str:
        """What is wanted."""
        return self.pick(
            "Write a Python module with a function `make_app(path)` that returns a FastAPI app. The app keeps {} in the SQLite "
            "file at path. Use FastAPI, pydantic and the standard library only.",
            "We keep {} in an SQLite file and want to reach them over HTTP. Write a Python module with a function `make_app(path)` "
            "that returns the FastAPI app for the file at path, with FastAPI, pydantic and the standard library only.",
            "A FastAPI app is needed that keeps {} in an SQLite file. Write a Python module, with FastAPI, pydantic and the standard "
            "library only, in which `make_app(path)` returns the app for the file at path.",
        ).format(self.plural)

    def calls(self) -> list[str]:
        """One line a request, with all that it does beyond the rules."""
        spec, all_ = self.spec, f"/{self.plural}"
        one = f"{all_}/{{id}}"
        new = self.pick(
            "stores a new record. 201 with the new record, with its id",
            "adds a record. 201 with the new record and its id",
        )
        lines = [f"`POST {all_}`: the body has the fields; {new}"]
        if spec["bulk"]:
            lines.append(
                f"`POST {all_}/bulk`: the body is a JSON array of such objects. Stores a new record for each, in this order. 201 with "
                "the array of the new records. If one of them must be refused, the request is refused with that status and none is stored"
            )
        lines += [f"`GET {one}`: 200 with the record", self._listing(all_)]
        if spec["update"]:
            lines.append(
                f"`PATCH {one}`: the body has some of the fields, maybe none. Sets these, keeps the others. 200 with the record"
            )
        if spec["moves"]:
            lines.append(
                f'`POST {one}/move`: the body is {{"state": ...}} and nothing else. Sets the state. 200 with the record; 422 '
                "for any other body and if there is no such state, 409 if the move is not allowed"
            )
        return [*lines, *self._deletion(one), *self._parent_calls()]

    def _deletion(self, one: str) -> list[str]:
        if self.spec["delete"] == "hard":
            return [f"`DELETE {one}`: removes the record. 204 without a body"]
        if self.spec["delete"] == "soft":
            return [
                f"`DELETE {one}`: marks the record as deleted. 204 without a body. All requests but restore then treat it as missing",
                (
                    f"`POST {one}/restore`: no body; brings a deleted record back as it was. 200 with the record; 404 if the id is not "
                    "that of a deleted record"
                ),
            ]
        return []

    def _parent_calls(self) -> list[str]:
        if not self.parent:
            return []
        name, label, plural = self.parent["entity"], self.parent["label"], self.parent["plural"]
        gone = (
            f"removes all its {self.plural} too"
            if self.parent["on_delete"] == "cascade"
            else (f"409 if {a(self.entity)} still belongs to it")
        )
        return [
            (
                f"`POST /{plural}`: the body has the key `{label}` only, a string of 1 to 30 characters, required. 201 with the new "
                f"{name}, with its id; 422 for any other body"
            ),
            f"`GET /{plural}/{{id}}`: 200 with the {name}",
            f"`DELETE /{plural}/{{id}}`: removes the {name}. 204 without a body; {gone}",
        ]

    def _listing(self, all_: str) -> str:
        spec, page = self.spec, self.spec["page"]
        text = f"`GET {all_}`: "
        if page:
            of = "all records" if not spec["filter"] else "all records that the filters leave"
            text += (
                f"query parameters limit (default {page['limit']}) and offset (default 0): of {of}, {self.order()}, skips offset and "
                f'takes at most limit. 200 with {{"items": [...], "total": how many there are without skipping and limit}}. 422 '
                f"unless both are integers, 1 <= limit <= {page['most']} and offset >= 0"
            )
        else:
            text += f"200 with a JSON array of all records, {self.order()}"
        if spec["sort"]:
            first, second = spec["sort"]
            text += (
                f". Query parameter sort, may be missing: {first} or {second} (lowest first) or -{first} or -{second} (highest "
                "first), equal ones by lowest id first; texts in the order in which Python compares them. Any other sort: 422"
            )
        if spec["filter"]:
            text += (
                f". Filters, may be missing: {either('query parameter', spec['filter'])}: only records whose fields equal "
                "the values given are returned. A value that the field cannot have: 422"
            )
        if spec["filter"] or spec["sort"]:
            text += ". Any other query parameter: 422"
        return text

    def rules(self) -> list[str]:
        """What holds for all requests."""
        return [
            self._invalid(),
            self.pick("404 if there is no record with the given id.", "An id that no record has: 404."),
            self.pick(
                "A request that is refused changes nothing and uses up no id.",
                "When a request is refused, nothing is changed and no id is used up.",
            ),
            self.pick(
                "Every change is committed before the response: after a restart of the process, make_app(path) finds everything.",
                "Commit every change before responding: when the process is started anew, make_app(path) finds everything.",
            ),
            "make_app makes the file and its tables if they are missing.",
            "{id} is always an integer. The body of a refusal does not matter, only its status.",
            *self.general(),
        ]

    def _invalid(self) -> str:
        spec, also = self.spec, self.hidden_keys()
        shape = "a JSON object" + (" (for bulk, an array of objects)" if spec["bulk"] else "")
        of = "a new record or an update" if spec["update"] else "a new record"
        return self.pick(
            f"422 if the body is not {shape}, or if in the body of {of} a required field is missing, a value has the wrong type or "
            f"is out of its limits, or a key is unknown (also {also}).",
            f"Answer 422 to a body that is not {shape}, and, in the body of {of}, to a missing required field, a value of the wrong "
            f"type or out of its limits, and any key that is no field (also {also}).",
        )

    def special(self) -> list[str]:
        """What holds because of this spec's requirements."""
        return [*self._conflicts(), *self._more()]

    def _conflicts(self) -> list[str]:
        spec, rules = self.spec, []
        if spec["unique"]:
            where = " of the same owner" if spec["owner"] else ""
            ignored = " Deleted records do not count." if spec["delete"] == "soft" else ""
            rules.append(
                f"No two records{where} may be equal in `{spec['unique']}` (case matters): a request that would lead to this is "
                f"answered 409.{ignored}"
            )
        if spec["version"]:
            names = ["PATCH", *["move"] * bool(spec["moves"]), *["DELETE"] * (spec["delete"] != "none")]
            rules.append(
                f"{' and '.join(names)} of a record must have the header `If-Match`, the present version of the record in plain "
                "digits: 428 without the header, 412 if it is anything else."
            )
        return rules

    def _more(self) -> list[str]:
        spec, rules = self.spec, []
        if spec["owner"]:
            rules.append(
                "Every request must have the header `X-User`, the owner, not part of the record: 401 if it is missing or empty. "
                "Owners know only their own records: the id of a record of somebody else is 404. Ids count over all owners together."
            )
        if spec["replay"]:
            of = " of the same owner" if spec["owner"] else ""
            rules.append(
                f"POST /{self.plural} may have the header `Idempotency-Key`. If such a request{of} with this key succeeded before, "
                f"also before a restart, it ignores the body, stores nothing and answers 201 with {self.replayed('404', 'request')}. "
                "A refused request does not use up its key."
            )
        if self.parent:
            name = self.parent["entity"]
            rules += [
                f"422 if `{name}_id` is not the id of {a(name)} that exists. 404 if there is no {name} with the id in the path.",
                f"Ids of {self.parent['plural']} count on their own: 1, 2, 3, ..., and are never used again either.",
            ]
        if spec["concurrent"]:
            rules.append(
                "Two requests may come at the same time; one process answers both. What both return and leave behind must be as if "
                "one had run after the other. No request may fail because the other one holds a lock."
            )
        return rules

    def precedence(self) -> str:
        """Which status counts where several apply; empty where two never do."""
        spec = self.spec
        conflict = bool(spec["unique"] or spec["moves"] or self.parent.get("on_delete") == "restrict")
        codes = {401: spec["owner"], 404: True, 428: spec["version"], 422: True, 412: spec["version"], 409: conflict}
        said = [str(code) for code, wanted in codes.items() if wanted]
        return (
            f"If several errors apply, the first of these counts: {', '.join(said)}."
            if len(said) > 2 or spec["update"]
            else ""
        )
