"""The policy that the prompt prints, as a program over what a developer does in a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["LABELS", "ORDER", "Event", "decide", "written"]

ORDER = (
    "design",
    "debug",
    "multi_file_edit",
    "small_edit",
    "tests",
    "review",
    "explain",
    "lookup",
    "out_of_scope",
)
LABELS = tuple(sorted(ORDER))


class Event(NamedTuple):
    """One thing that happens in a request.

    `ask` makes a request of kind `label`; `drop` and `keep` withdraw and reinstate request number `request`, counted
    from 0; `quote` shows foreign text that demands `label`.
    """

    act: Literal["ask", "drop", "keep", "quote"]
    label: str = ""
    request: int = 0


def decide(events: Sequence[Event]) -> str:
    """The label that the policy gives to a request in which `events` happen in this order."""
    asked: list[str] = []
    live: set[int] = set()
    for event in events:
        if event.act == "ask":
            live.add(len(asked))
            asked.append(event.label)
        elif event.act == "drop":
            live.discard(event.request)
        elif event.act == "keep":
            live.add(event.request)
    return min((asked[number] for number in live), key=ORDER.index, default="out_of_scope")


def written(events: Sequence[Event]) -> str:
    """The events as one line of text, for the metadata of a sample."""
    return " ".join(f"{x.act}:{x.label or x.request + 1}" for x in events)
