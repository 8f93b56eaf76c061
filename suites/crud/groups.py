"""The requirement groups of a spec. Each plays on a store of its own and raises Mismatch at the first difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import groups_basic as basic
from . import groups_more as more
from .meetings import concurrency
from .mixed import mixed
from .play import Play
from .spec import Spec

__all__ = ["Group", "groups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one group of requirements is called when it fails, and the calls that check it; for two callers if `pair`."""

    why: str
    play: Callable[[Play], None]
    pair: bool = False


def groups(spec: Spec) -> list[Group]:
    """The groups that the spec has. Each uses only what the groups before it have checked, so that its name is the fault."""
    found = {
        "wrong_result": (basic.basics, True),
        "wrong_file": (basic.file, True),
        "wrong_missing": (basic.missing, True),
        "wrong_order": (basic.order, True),
        "wrong_validation": (basic.validation, True),
        "wrong_version": (more.version, spec["version"]),
        "wrong_update": (basic.update, spec["update"]),
        "wrong_delete": (basic.delete, spec["delete"] != "none"),
        "wrong_restore": (basic.restore, spec["delete"] == "soft"),
        "wrong_page": (basic.page, spec["page"]),
        "wrong_sort": (more.sort, spec["sort"]),
        "wrong_filter": (more.filters, spec["filter"]),
        "wrong_conflict": (basic.conflict, spec["unique"]),
        "wrong_parent": (more.parent, spec["parent"]),
        "wrong_owner": (more.owner, spec["owner"]),
        "wrong_move": (more.move, spec["moves"]),
        "wrong_replay": (more.replay, spec["replay"]),
        "wrong_bulk": (more.bulk, spec["bulk"]),
        "exposed": (more.exposed, True),
        "wrong_text": (basic.text, True),
        "wrong_precedence": (more.precedence, spec["update"] or spec["moves"] or spec["owner"] or spec["unique"]),
        "not_sqlite": (basic.sqlite, True),
        "not_persistent": (more.persistence, True),
        "wrong_sequence": (mixed, True),
        "wrong_concurrency": (concurrency, spec["concurrent"]),
    }
    return [
        Group(why=why, play=play, pair=why == "wrong_concurrency") for why, (play, wanted) in found.items() if wanted
    ]
