"""What a family of racy programs is, and how one member of it becomes text and scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

__all__ = ["Family", "Objects", "Scenario", "Words", "call", "ref", "render", "themes"]

Words = Mapping[str, Any]
Objects = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A small concurrent use of the module: what to build, which calls each thread makes, what to ask afterwards.

    `objects` are (name, class, arguments); `hooks` are functions that the scenario hands in, by name. An argument
    `{"ref": name}` stands for an object or a hook. `alone`: one thread only, judged as ordinary behaviour. `bound` is
    the most switches of a thread that could have gone on.
    """

    name: str
    threads: tuple[tuple[Any, ...], ...]
    objects: Objects = ()
    hooks: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[Any, ...] = ()
    bound: int = 2

    @property
    def alone(self) -> bool:
        return len(self.threads) == 1

    @property
    def parallel(self) -> bool:
        """Whether calls wait for each other inside a hook, so that a lock around it hangs."""
        return any(hook["kind"] == "meet" for hook in self.hooks.values())

    def message(self) -> dict[str, Any]:
        """The scenario as the JSON value that the child works from."""
        return {
            "objects": [list(each) for each in self.objects],
            "hooks": dict(self.hooks),
            "threads": [list(thread) for thread in self.threads],
            "after": list(self.after),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One bug, told in many words.

    `bug` and `fix` are templates of a whole module; `must` says in a sentence or two what has to hold. `themes` are
    the sets of names to choose from, `numbers` the constants. `fix`, run one call at a time, is also the model that
    concurrent ends are held against.
    """

    id: str
    level: int
    must: str
    bug: str
    fix: str
    themes: tuple[Words, ...]
    scenarios: Callable[[Words], tuple[Scenario, ...]]
    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def themes(keys: str, *rows: str) -> tuple[Words, ...]:
    """One mapping a row: the words of the row under the names in `keys`."""
    names = keys.split()
    return tuple(dict(zip(names, row.split(), strict=True)) for row in rows)


def call(target: str, method: str, *arguments: Any) -> list[Any]:
    """A call of a method of the object `target`; an empty `target` is the module itself."""
    return [target, method, list(arguments)]


def ref(name: str) -> dict[str, str]:
    """The object or hook called `name`, as an argument."""
    return {"ref": name}


def render(template: str, words: Words) -> str:
    """The template with its words filled in."""
    return Template(template).substitute(words).strip() + "\n"
