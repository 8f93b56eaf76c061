"""What an isolation is made of, how strong it is and what it is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

__all__ = ["NEEDED", "Canary", "Isolation", "named"]

NEEDED: Final = ("landlock", "seccomp")
_NAMED: Final = ("namespaces", *NEEDED, "limits")
_UNCOUNTED: Final = (
    "disk: without namespaces each file is bounded, not all together",
    "processes: without namespaces those of other programs count too, so the bound is far away",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One attack: what stopped it outside, where nothing should have, and inside. None is: it worked."""

    attack: str
    outside: str | None
    inside: str | None
    expected: frozenset[str]

    @property
    def alive(self) -> bool:
        """Whether the attack works outside and is stopped inside, in the expected way."""
        return self.outside is None and self.inside in self.expected

    def __str__(self) -> str:
        if self.outside is not None:
            return f"{self.attack}: {self.outside} already without any isolation, so nothing is proved"
        if self.inside is None:
            return f"{self.attack}: not stopped"
        return f"{self.attack}: stopped by {self.inside}, not {' or '.join(sorted(self.expected))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What keeps the code of a model in its place, with the attacks that it was seen to stop.

    `missing` says why nothing stronger is used, a line for each thing. `kernel` is the release and `landlock` the
    version of Landlock, 0 if there is none.
    """

    name: str
    executor: str
    layers: frozenset[str]
    canaries: tuple[Canary, ...]
    missing: tuple[str, ...]
    kernel: str
    landlock: int

    @property
    def safe(self) -> bool:
        """Whether it is enough for code that nobody has read."""
        return self.layers.issuperset(NEEDED)

    @property
    def refused(self) -> tuple[str, ...]:
        """The limits that it cannot set, each with its reason."""
        if "limits" not in self.layers:
            return ("all: left out",)
        return () if "namespaces" in self.layers else _UNCOUNTED

    def less(self, layers: frozenset[str]) -> Isolation:
        """The same without some layers, which is named as what it is."""
        if not layers:
            return self
        kept = self.layers - layers
        return replace(self, layers=kept, name=f"unsafe: {named(self.executor, kept).removeprefix('unsafe: ')}")


def named(executor: str, layers: frozenset[str]) -> str:
    """What an executor and the layers of its jails are called in every row."""
    walls = [] if executor == "local" else [executor]
    name = "+".join([*walls, *(layer for layer in _NAMED if layer in layers)]) or "nothing"
    return name if layers.issuperset(NEEDED) else f"unsafe: {name}"
