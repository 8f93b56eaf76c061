"""Reads a request of the classification suite as a person who knows all its wordings would, without the generator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import ModuleType

ORDINALS = ("first", "second", "third", "fourth")
QUOTE = re.compile(r"<quote>.*?</quote>", re.DOTALL)
WORDS = {"sym", "cause", "fncause", "food", "food2"}


class Reader:
    """Finds the known wordings in a text, what is said after each of them, and so the label."""

    def __init__(self, *, phrases: ModuleType, fillers: ModuleType, order: Sequence[str]) -> None:
        self.fillers = fillers
        self.order = order
        self.patterns = [
            (re.compile(_pattern(wording)), name)
            for table in (phrases.DIRECT, phrases.ROUNDABOUT)
            for name, several in table.items()
            for wording in several
        ]

    def label(self, text: str) -> str:
        own = QUOTE.sub("", text)
        found = list(self.requests(own))
        ends = [start for start, _, _ in found[1:]] + [len(own)]
        remarks = [own[end:after] for (_, end, _), after in zip(found, ends, strict=True)]
        if own.startswith("(1) "):
            live = self._listed(remarks[3], len(found))
        else:
            said = [*self.fillers.CANCELS, *self.fillers.LAST_CANCELS]
            live = {n for n, remark in enumerate(remarks) if not any(words in remark for words in said)}
        return min((found[n][2] for n in live), key=self.order.index, default="out_of_scope")

    def requests(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and label of every known wording in a text; of overlapping ones the first and longest."""
        hits = sorted((hit.start(), -hit.end(), name) for each, name in self.patterns for hit in each.finditer(text))
        taken = 0
        for start, end, name in hits:
            if start >= taken:
                taken = -end
                yield start, -end, name

    def _listed(self, remark: str, requests: int) -> set[int]:
        """The numbers of the requests that count, by the remark under a list of four."""
        everything, beyond = set(range(4)), set(range(4, requests))
        if any(words in remark for words in self.fillers.EMPTIES):
            return beyond
        for wording in (*self.fillers.DROPS, *self.fillers.REVIVALS):
            if said := _named(wording, remark):
                return everything - {said["a"], said["b"]}
        for wording in (*self.fillers.KEEPS, *self.fillers.REINSTATEMENTS):
            if said := _named(wording, remark):
                return set(said.values())
        for wording in self.fillers.VOIDS:
            if said := _named(QUOTE.sub("", wording).strip(), remark):
                return everything - {said["b"]}
        raise AssertionError(f"no known remark: {remark}")


def _pattern(wording: str) -> str:
    """A wording as a regular expression: most slots hold one word."""
    parts = re.split(r"\{(\w+)\}", wording)
    return r"(?<![\w/])" + "".join(
        (r"[^.?!:]+?" if part in WORDS else r"\w+(?:/\w+\.py)?") if n % 2 else re.escape(part)
        for n, part in enumerate(parts)
    )


def _named(wording: str, remark: str) -> dict[str, int]:
    pattern = re.escape(wording)
    for name in "abc":
        slot = re.escape(f"{{{name}}}")
        pattern = pattern.replace(slot, f"(?P<{name}>{'|'.join(ORDINALS)})", 1).replace(slot, f"(?P={name})")
    match = re.fullmatch(pattern, remark.strip())
    return {name: ORDINALS.index(word) for name, word in match.groupdict().items()} if match else {}
