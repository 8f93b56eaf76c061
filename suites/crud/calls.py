"""What can be asked of a store in either form, and the ways in which it must refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .spec import Spec

__all__ = ["ERRORS", "MALFORMED", "STATUSES", "SUCCESSES", "Call", "Refusal", "verbs"]

MALFORMED: Final = ["malformed"]  # stands for a body that is no JSON; only requests can have one

# A refusal's kind, as each form must show it. Where several apply, the first one counts.
STATUSES = {"anonymous": 401, "missing": 404, "unconditional": 428, "invalid": 422, "stale": 412, "conflict": 409}
ERRORS = {"missing": "KeyError", "invalid": "ValueError", "stale": "Conflict", "conflict": "Conflict"}
# The status of a response to what succeeds: 200 unless something is made or nothing is left to show.
SUCCESSES = {"create": 201, "create_many": 201, "create_parent": 201, "delete": 204, "delete_parent": 204}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a method, or one request.

    `data` are the fields of a create or an update, the items of `create_many` or the state of a `move`. `version` and
    `owner` are None where a request leaves their header out. `query` may hold `limit`, `offset`, `sort` and `filters`.
    """

    do: str
    id: int = 0
    data: Any = None
    owner: str | None = None
    version: int | str | None = None
    key: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """The spec wants this call to be refused; `kind` is a key of STATUSES."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def verbs(spec: Spec) -> list[str]:
    """What can be done with a store of the spec."""
    wanted = {
        "create": True,
        "create_many": spec["bulk"],
        "get": True,
        "list": True,
        "update": spec["update"],
        "move": spec["moves"],
        "delete": spec["delete"] != "none",
        "restore": spec["delete"] == "soft",
        "create_parent": spec["parent"],
        "get_parent": spec["parent"],
        "delete_parent": spec["parent"],
    }
    return [verb for verb, needed in wanted.items() if needed]
