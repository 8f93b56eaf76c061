"""Why requests have no stored answer: the nearest stored request, and the fields that differ from it."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

from .values import KEY_VERSION, Plan, Request

__all__ = ["Difference", "Miss", "Stored", "explain", "lines"]

Value = str | int | None
Values = tuple[Value, ...]
Reason = Literal["differs", "nothing alike", "damaged", "key version"]

FIELDS: Final = tuple(each.name for each in fields(Request) if each.init)
# A repeat of a sample has its own epoch and, where there are seeds, its own seed.
EPOCH, SEED = FIELDS.index("epoch"), FIELDS.index("seed")
SETTING: Final = tuple(number for number, name in enumerate(FIELDS) if name not in {"prompt", "epoch", "seed"})
# Another model answers differently whatever else is alike: it counts as much as several other fields.
ANOTHER: Final = {FIELDS.index("provider"), FIELDS.index("model")}
WEIGHT: Final = tuple(3 if number in ANOTHER else 1 for number in range(len(FIELDS)))

COMPARED: Final = 200  # settings in which one sample was ever asked: tiers x versions of the prompt
BEFORE, WIDTH = 16, 40  # characters of a long text that are shown: before the first difference, and in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored: the answered requests by key, keys of damaged rows, and what stands under another key version."""

    answered: Mapping[str, Request]
    damaged: Collection[str] = ()
    outdated: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field whose stored value is not the wanted one, at the first request it is found at.

    `shown` is both for a reader, shortened around the first difference; `varies` says that other requests show others.
    """

    field: str
    stored: Value
    wanted: Value
    shown: str
    varies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """`count` of the `missing` answers to the `requests` of a suite at a tier, all missing for the same reason."""

    suite: str
    tier: str
    requests: int
    missing: int
    count: int
    reason: Reason
    differs: tuple[Difference, ...] = ()


def explain(plan: Plan, stored: Stored) -> tuple[Miss, ...]:
    """Why the plan's requests without a stored answer have none, in the plan's order, the commonest reason first.

    The nearest stored request asks for the same sample (its prompt is the same, or holds the sample's text), of the same
    provider or model, and differs in the fewest fields. Where there is none, nothing alike is stored.
    """
    cells: dict[tuple[str, str], dict[str, tuple[Request, str]]] = {}
    for ask in plan.asks:
        mine = cells.setdefault((ask.suite, ask.tier.name), {})
        mine.update({request.key: (request, ask.sample.input) for request in ask.requests})
    missing = {cell: [mine[key] for key in mine if key not in stored.answered] for cell, mine in cells.items()}
    index = _Index(stored.answered, {text for each in missing.values() for _, text in each})
    return tuple(
        Miss(
            suite=suite,
            tier=tier,
            requests=len(cells[suite, tier]),
            missing=len(asked),
            count=count,
            reason=reason,
            differs=differs,
        )
        for (suite, tier), asked in missing.items()
        for reason, differs, count in _grouped(_reason(request, text, stored, index) for request, text in asked)
    )


def lines(misses: Iterable[Miss]) -> list[str]:
    """The explanation for a reader, one line a suite and tier."""
    cells: dict[tuple[str, str], list[Miss]] = {}
    for miss in misses:
        cells.setdefault((miss.suite, miss.tier), []).append(miss)
    return [
        f"{suite}/{tier}: {mine[0].missing} of {mine[0].requests} requests have no stored answer: "
        + "; ".join(map(_sentence, mine))
        for (suite, tier), mine in cells.items()
    ]


def _sentence(miss: Miss) -> str:
    one = miss.count == 1
    if miss.reason == "nothing alike":
        return f"{miss.count} {'has' if one else 'have'} nothing alike stored"
    if miss.reason == "damaged":
        return f"{miss.count} {'has a damaged row' if one else 'have damaged rows'} (see: tierfloor cache verify)"
    if miss.reason == "key version":
        return f"{miss.count} {'is' if one else 'are'} stored under keys of another version than today's {KEY_VERSION}"
    told = (f"{each.field} ({each.shown}{', ...' if each.varies else ''})" for each in miss.differs)
    return f"{miss.count} {'differs' if one else 'differ'} from a stored one in {', '.join(told)}"


def _reason(request: Request, text: str, stored: Stored, index: _Index) -> tuple[Reason, tuple[Difference, ...]]:
    if request.key in stored.damaged:
        return "damaged", ()
    if request.key in stored.outdated:
        return "key version", ()
    nearest = index.nearest(request, text)
    if nearest is None:
        return "nothing alike", ()
    return "differs", tuple(
        Difference(field=name, stored=old, wanted=new, shown=_shown(old, new))
        for name, old, new in zip(FIELDS, nearest, _values(request), strict=True)
        if old != new
    )


def _grouped(
    reasons: Iterable[tuple[Reason, tuple[Difference, ...]]],
) -> list[tuple[Reason, tuple[Difference, ...], int]]:
    """Reasons of one kind, differing in the same fields, as one with their number; the commonest first."""
    groups: dict[tuple[str, ...], list[tuple[Reason, tuple[Difference, ...]]]] = {}
    for reason, differs in reasons:
        groups.setdefault((reason, *(each.field for each in differs)), []).append((reason, differs))
    found = []
    for _, group in sorted(groups.items(), key=lambda item: (item[0][0] != "differs", -len(item[1]), item[0])):
        reason, first = group[0]
        columns = zip(*(differs for _, differs in group), strict=True)
        varies = [len({each.shown for each in column}) > 1 for column in columns]
        differs = tuple(
            Difference(field=each.field, stored=each.stored, wanted=each.wanted, shown=each.shown, varies=various)
            for each, various in zip(first, varies, strict=True)
        )
        found.append((reason, differs, len(group)))
    return found


class _Index:
    """Stored requests by prompt, then by setting, then by repeat, and prompts by the sample's text that they hold."""

    def __init__(self, answered: Mapping[str, Request], texts: Collection[str]) -> None:
        self._by_prompt: dict[str, dict[Values, dict[Values, Values]]] = {}
        for _, request in sorted(answered.items(), key=lambda item: (item[1].epoch, item[0])):
            values = _values(request)
            setting = tuple(values[number] for number in SETTING)
            repeats = self._by_prompt.setdefault(request.prompt, {}).setdefault(setting, {})
            for repeat in _repeats(values):
                repeats.setdefault(repeat, values)
        self._holding = _holding(texts, self._by_prompt)

    def nearest(self, request: Request, text: str) -> Values | None:
        """The values of the stored request that asks for the same sample and differs least."""
        wanted = _values(request)
        prompts = dict.fromkeys([request.prompt, *self._holding.get(text, ())])
        settings = (repeats for prompt in prompts for repeats in self._by_prompt.get(prompt, {}).values())
        found: tuple[int, list[int], Values] | None = None
        for repeats in itertools.islice(settings, COMPARED):
            values = next(repeats[repeat] for repeat in _repeats(wanted) if repeat in repeats)
            differs = [number for number, value in enumerate(wanted) if values[number] != value]
            rank = sum(WEIGHT[number] for number in differs), differs
            if not ANOTHER.issubset(differs) and (found is None or rank < found[:2]):
                found = *rank, values
        return found and found[2]


def _values(request: Request) -> Values:
    return tuple(getattr(request, name) for name in FIELDS)


def _repeats(values: Values) -> tuple[Values, ...]:
    """What a repeat is looked up by, the most alike first."""
    return (values[EPOCH], values[SEED]), (values[EPOCH],), ()


def _holding(texts: Collection[str], prompts: Iterable[str]) -> dict[str, list[str]]:
    """The prompts that hold each text, letter for letter; each is looked for where its rarest word is, and nowhere else.

    Of equally rare words one inside the text is best: a template may have glued something to the outer ones.
    """
    words = {text: _words(text) for text in sorted(texts)}
    number = Counter(word for each in words.values() for word in set(each))
    marked: dict[str, list[str]] = {}
    for text, each in words.items():
        if each:
            outer = {each[0], each[-1]}
            marked.setdefault(min(each, key=lambda word: (number[word], word in outer, -len(word), word)), []).append(
                text
            )
    found: dict[str, list[str]] = {}
    for prompt in prompts:
        for mark in marked.keys() & set(_words(prompt)):
            for text in marked[mark]:
                if text in prompt:
                    found.setdefault(text, []).append(prompt)
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _shown(stored: Value, wanted: Value) -> str:
    """Both values, long texts cut to what surrounds their first difference."""
    start = 0
    if isinstance(stored, str) and isinstance(wanted, str):
        at = _common(stored, wanted)
        start = max(stored.rfind(" ", 0, max(at - BEFORE, 0)) + 1, at - 2 * BEFORE)
    return " -> ".join(_piece(value, max(start, 0)) for value in (stored, wanted))


def _piece(value: Value, start: int) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, int):
        return str(value)
    piece = value[start : start + WIDTH]
    return repr(("..." if start else "") + piece + ("..." if start + WIDTH < len(value) else ""))


def _common(one: str, other: str) -> int:
    """The length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one.startswith(other[:middle]) else (low, middle - 1)
    return low
