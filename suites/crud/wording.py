"""The spec in words: everything that the checks look at is said in the sample's input, for its form of answer."""

from __future__ import annotations

import random

from .spec import Spec
from .words_class import ClassWords
from .words_http import HttpWords

__all__ = ["render"]


def render(spec: Spec, rng: random.Random) -> str:
    """The sample's input."""
    words = (ClassWords if spec["form"] == "class" else HttpWords)(spec, rng)
    rules = [*_shuffled(words.rules(), rng), *_shuffled(words.special(), rng), words.precedence()]
    blocks = [
        [words.opening()],
        [*words.shape()],
        [rng.choice(words.HEADINGS), *(f"- {line}" for line in words.calls())],
        ["Rules:", *(f"- {line}" for line in rules if line)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def _shuffled(lines: list[str], rng: random.Random) -> list[str]:
    return rng.sample(lines, len(lines))
