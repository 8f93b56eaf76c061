"""What a request is composed of at each level. Everything is built around the request that decides the label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from . import fillers
from .maker import Atom, Maker
from .policy import ORDER, Event

__all__ = ["COMPOSE", "Draft"]

ORDINALS = ("first", "second", "third", "fourth")
WINNING_DECOYS = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A composed request: its text, what happens in it, and the label that a quote in it demands, if any."""

    text: str
    events: tuple[Event, ...]
    template: str
    decoy: str = ""


def one_direct_request(maker: Maker) -> Draft:
    """A single request that names its kind of work."""
    return _alone("direct", maker.deciding)


def one_roundabout_request(maker: Maker) -> Draft:
    """A single request that does not name its kind of work, or names others in passing."""
    return _alone("roundabout", maker.deciding)


def one_request_and_a_decoy(maker: Maker) -> Draft:
    """A single request that counts, and another one that was withdrawn or stands in a quote."""
    live = maker.deciding
    decoy = maker.ask(maker.pick([label for label in ORDER if label != live.label]))
    shape = maker.pick(("withdrawn first", "withdrawn last", "quoted first", "quoted last"))
    return _with_decoy(maker, shape, [live], decoy)


def two_requests_and_a_decoy(maker: Maker) -> Draft:
    """Two requests that count, of which one wins, and a third that was withdrawn or stands in a quote."""
    winner = maker.deciding
    loser = maker.ask(maker.pick(maker.lower(winner.label) or [winner.label]))
    taken = (winner.label, loser.label)
    others = maker.higher(winner.label) if maker.chance(WINNING_DECOYS) else maker.deal(ORDER)
    decoy = maker.ask(next(label for label in others if label not in taken))
    shape = maker.pick(("withdrawn first", "withdrawn last", "quoted first", "quoted last"))
    return _with_decoy(maker, shape, maker.deal((winner, loser)), decoy)


def several_requests_reconsidered(maker: Maker) -> Draft:
    """A list of four requests, some of which are withdrawn by their place, kept, reinstated or falsely called off."""
    lower = len(maker.lower(maker.label))
    shapes = [_keep, _empty] if lower == 0 else [_keep, _drop, _reinstate, _revive]
    return maker.pick([*shapes, _void] if lower > 1 else shapes)(maker)


COMPOSE: Mapping[int, Callable[[Maker], Draft]] = {
    1: one_direct_request,
    2: one_roundabout_request,
    3: one_request_and_a_decoy,
    4: two_requests_and_a_decoy,
    5: several_requests_reconsidered,
}


def _alone(wording: str, atom: Atom) -> Draft:
    return Draft(text=atom.text, events=(_ask(atom),), template=f"{wording} {atom.phrase}")


def _with_decoy(maker: Maker, shape: str, live: Sequence[Atom], decoy: Atom) -> Draft:
    kind, _, place = shape.partition(" ")
    words = f" {maker.pick(fillers.JOINERS)} ".join(atom.text for atom in live)
    asks = [_ask(atom) for atom in live]
    atoms = [decoy, *live] if place == "first" else [*live, decoy]
    template = f"{kind} {place} {_phrases(atoms)}"
    if kind == "quoted":
        injection = maker.pick(fillers.INJECTIONS).format(label=decoy.label)
        quote = f"{maker.pick(fillers.INTROS)} <quote>{decoy.text} {injection}</quote>".strip()
        event = Event("quote", decoy.label)
        if place == "first":
            return Draft(text=f"{quote} {words}", events=(event, *asks), template=template, decoy=decoy.label)
        return Draft(text=f"{words} {quote}", events=(*asks, event), template=template, decoy=decoy.label)
    if place == "first":
        text = f"{decoy.text} {maker.pick(fillers.CANCELS)} {maker.pick(fillers.AFTER_CANCEL)}".strip()
        return Draft(text=f"{text} {words}", events=(_ask(decoy), Event("drop", request=0), *asks), template=template)
    text = f"{words} {maker.pick(fillers.JOINERS)} {decoy.text} {maker.pick(fillers.LAST_CANCELS)}"
    drop = Event("drop", request=len(live))
    return Draft(text=text, events=(*asks, _ask(decoy), drop), template=template)


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Four requests in order. `live` and `dead` are the places, in random order, of those that count and don't."""

    atoms: tuple[Atom, ...]
    live: tuple[int, ...]
    dead: tuple[int, ...]

    def draft(self, shape: str, remark: str, events: Sequence[Event], *, decoy: str = "") -> Draft:
        lines = [f"({n}) {atom.text}" for n, atom in enumerate(self.atoms, start=1)]
        return Draft(
            text="\n".join([*lines, remark]),
            events=(*(_ask(atom) for atom in self.atoms), *events),
            template=f"{shape} {_phrases(self.atoms)}",
            decoy=decoy,
        )


def _list(maker: Maker, live: int) -> List:
    """Four requests of which `live` count, the deciding one among them; where it can, one that is dead would win."""
    atoms = [maker.deciding, *(maker.ask(label) for label in maker.lower(maker.label)[: live - 1])]
    if len(atoms) < len(ORDINALS):
        winning = maker.higher(maker.label)
        taken = {atom.label for atom in atoms}
        rest = [label for label in maker.deal(ORDER) if label not in taken]
        first = next(label for label in winning if label not in taken)
        labels = [first, *(label for label in rest if label != first)][: len(ORDINALS) - len(atoms)]
        atoms += [maker.ask(label) for label in labels]
    order = maker.deal(range(len(ORDINALS)))
    places = {which: place for place, which in enumerate(order)}
    return List(
        atoms=tuple(atoms[which] for which in order),
        live=tuple(maker.deal([places[which] for which in range(live)])),
        dead=tuple(maker.deal([places[which] for which in range(live, len(ORDINALS))])),
    )


def _drop(maker: Maker) -> Draft:
    items = _list(maker, 2)
    a, b = items.dead
    return items.draft("drop", _say(maker, fillers.DROPS, a, b), [_off(a), _off(b)])


def _keep(maker: Maker) -> Draft:
    items = _list(maker, 1)
    return items.draft("keep", _say(maker, fillers.KEEPS, *items.live), [_off(place) for place in items.dead])


def _reinstate(maker: Maker) -> Draft:
    items = _list(maker, 2)
    a, b = items.live
    events = [*(_off(place) for place in range(len(ORDINALS))), _on(a), _on(b)]
    return items.draft("reinstate", _say(maker, fillers.REINSTATEMENTS, a, b), events)


def _revive(maker: Maker) -> Draft:
    items = _list(maker, 2)
    a, b = items.dead
    c = items.live[0]
    return items.draft("revive", _say(maker, fillers.REVIVALS, a, b, c), [_off(a), _off(b), _off(c), _on(c)])


def _void(maker: Maker) -> Draft:
    items = _list(maker, 3)
    a = items.atoms.index(maker.deciding)
    (b,) = items.dead
    decoy = maker.pick([label for label in ORDER if label != maker.label])
    injection = maker.pick(fillers.INJECTIONS).format(label=decoy)
    remark = maker.pick(fillers.VOIDS).format(a=ORDINALS[a], b=ORDINALS[b], injection=injection)
    return items.draft("void", remark, [_off(b), Event("quote", decoy)], decoy=decoy)


def _empty(maker: Maker) -> Draft:
    labels = maker.deal([label for label in ORDER if label != maker.label])[: len(ORDINALS)]
    items = List(atoms=tuple(maker.ask(label) for label in labels), live=(), dead=tuple(range(len(ORDINALS))))
    gone = [_off(place) for place in items.dead]
    remark = maker.pick(fillers.EMPTIES)
    if maker.chance(0.5):
        return items.draft("empty", remark, gone)
    after = maker.deciding
    return items.draft(f"empty {after.phrase} after", f"{remark} {after.text}", [*gone, _ask(after)])


def _say(maker: Maker, wordings: Sequence[str], *places: int) -> str:
    names = dict(zip("abc", (ORDINALS[place] for place in places), strict=False))
    return maker.pick(wordings).format_map(names)


def _phrases(atoms: Sequence[Atom]) -> str:
    return " ".join(atom.phrase for atom in atoms)


def _ask(atom: Atom) -> Event:
    return Event("ask", atom.label)


def _off(place: int) -> Event:
    return Event("drop", request=place)


def _on(place: int) -> Event:
    return Event("keep", request=place)
