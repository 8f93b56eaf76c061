"""Which ends of a scenario are right: those that some order of whole calls, one after the other, also reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import CheckerError
from harness.explore import Program, Scene
from harness.values import canonical

__all__ = ["Allowed", "allowed"]

Order = tuple[int, ...]


class Allowed:
    """The right ends of one scenario; `deadlock` ends are right where every next call has to wait in the order too."""

    def __init__(self, ends: Iterator[Mapping[str, Any]]) -> None:
        known = tuple(ends)
        self._texts = frozenset(_text(end) for end in known)
        self._raised = frozenset(name for end in known for name in raised(end))

    def __contains__(self, end: Mapping[str, Any]) -> bool:
        return _text(end) in self._texts

    def crashed(self, end: Mapping[str, Any]) -> bool:
        """Whether a call raised something that no right end has."""
        return not raised(end) <= self._raised


def allowed(reference: Program, scenario: Mapping[str, Any]) -> Allowed:
    """Run the reference, which is ours, in every order of the scenario's calls that keeps the order in each thread.

    A call that would wait for ever is not possible at its place; that no call is possible is an end as well.
    """
    return Allowed(_ends(reference, scenario, ()))


def raised(value: Any) -> frozenset[str]:
    """The names of all exceptions in an end."""
    if isinstance(value, dict):
        if isinstance(value.get("raised"), str):
            return frozenset({value["raised"]})
        value = list(value.values())
    if isinstance(value, list):
        return frozenset().union(*(raised(part) for part in value))
    return frozenset()


def _ends(reference: Program, scenario: Mapping[str, Any], order: Order) -> Iterator[Mapping[str, Any]]:
    threads = scenario["threads"]
    left = [place for place, calls in enumerate(threads) if order.count(place) < len(calls)]
    if not left:
        yield _run(reference, scenario, order, scenario["after"])
        return
    possible = [place for place in left if _run(reference, scenario, (*order, place), [])["kind"] == "done"]
    for place in possible:
        yield from _ends(reference, scenario, (*order, place))
    if not possible:
        end = _run(reference, scenario, order, [])
        yield {**end, "kind": "deadlock", "stuck": left, "after": None}


def _run(reference: Program, scenario: Mapping[str, Any], order: Order, after: list[Any]) -> dict[str, Any]:
    """The end of the calls in this order, in one thread, told as if the scenario's threads had made them."""
    merged: list[Any] = []
    places: list[list[int]] = [[] for _ in scenario["threads"]]
    for thread in order:
        target, method, arguments = scenario["threads"][thread][len(places[thread])]
        merged.append([target, method, [_moved(argument, places[thread]) for argument in arguments]])
        places[thread].append(len(merged) - 1)
    hooks = {name: {**hook, "parties": 1} for name, hook in scenario["hooks"].items()}
    alone = {**scenario, "threads": [merged], "after": after, "hooks": hooks}
    _, end = next(iter(Scene(reference, alone, bound=0, inline=True)))
    if end["kind"] == "broken" or (after and end["kind"] != "done"):
        raise CheckerError("races", f"the reference fix ends as {end['kind']} in the order {order}")
    results = end["results"][0]
    if end["kind"] == "done":
        end["results"] = [[results[place] for place in mine] for mine in places]
    return _renumbered(end)


def _moved(argument: Any, places: list[int]) -> Any:
    """The argument with a reference to an earlier result of its thread turned into one in the merged thread."""
    if isinstance(argument, dict) and "result" in argument:
        return {"result": places[argument["result"]]}
    return argument


def _renumbered(end: dict[str, Any]) -> dict[str, Any]:
    """Objects are numbered in the order in which an end shows them: first the results, then the rest."""
    seen: dict[int, int] = {}

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(part) for part in value]
        if isinstance(value, dict) and "object" in value:
            return {"object": seen.setdefault(value["object"], len(seen))}
        if isinstance(value, dict):
            return {key: walk(part) for key, part in value.items()}
        return value

    return {**end, **{part: walk(end[part]) for part in ("results", "after", "hooks")}}


def _text(end: Mapping[str, Any]) -> str:
    if end["kind"] == "deadlock":
        return canonical(["deadlock", end["results"], end["stuck"], end["after"]])
    return canonical([end["kind"], end["results"], end["after"], end["hooks"]])
