"""Makes samples: a racy module told in seeded names and numbers, and what must hold of it."""

from __future__ import annotations

import hashlib
import random

from harness.values import Sample, canonical

from .catalogue import families
from .families import Family, Words, render

__all__ = ["generate"]

LOCKS = ("_lock", "_mutex", "_guard")
STYLES = (
    {"imp": "import threading", "Lock": "threading.Lock()"},
    {"imp": "from threading import Lock", "Lock": "Lock()"},
)
BYSTANDERS = (
    "",
    '\n\n    def __repr__(self):\n        return "<{cls}>"',
    '\n\n    def describe(self):\n        return "{cls} v{version}"',
)


def generate(seed: str, level: int, index: int) -> Sample:
    """The sample at `index`: the families of a level take turns, in an order of the seed's own."""
    known = families(level)
    turn, place = divmod(index, len(known))
    order = list(known)
    _rng("order", seed, level).shuffle(order)
    family = order[place]
    rng = _rng("sample", seed, level, index)
    words = _words(family, rng, theme=_rng("theme", seed, family.id).randrange(len(family.themes)) + turn)
    code = render(family.bug, words)
    return Sample(
        id=f"races.l{level}.{index:04d}",
        input=f"{render(family.must, words)}\n```python\n{code}```",
        target=canonical({"family": family.id, "words": words}),
        metadata={"level": level, "template": family.id},
    )


def _words(family: Family, rng: random.Random, *, theme: int) -> Words:
    words = {**family.themes[theme % len(family.themes)], **rng.choice(STYLES), "lock": rng.choice(LOCKS)}
    words |= {name: rng.choice(choices) for name, choices in sorted(family.numbers.items())}
    words["extra"] = rng.choice(BYSTANDERS).format(cls=words.get("cls", ""), version=rng.randint(2, 9))
    return words


def _rng(*path: object) -> random.Random:
    text = "/".join(str(part) for part in path)
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()))
