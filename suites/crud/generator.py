"""A sample from nothing but its arguments: a spec, its words, and the spec again as the target."""

from __future__ import annotations

import hashlib
import random

from harness.values import Sample, canonical, digest

from .spec import compose
from .wording import render

__all__ = ["generate"]


def generate(seed: str, level: int, index: int) -> Sample:
    """The sample with this number. Each has a spec of its own, so each is a template of its own.

    One of three asks for an app, the others for a class.
    """
    rng = _random("sample", seed, level, index)
    form = "http" if index % 3 == 1 else "class"
    spec = compose(rng, level, index + _random("turn", seed, level).randrange(1000), form)
    return Sample(
        id=f"crud.l{level}.{index:04d}",
        input=render(spec, rng),
        target=canonical(spec),
        metadata={"level": level, "template": f"spec-{digest(spec)[:12]}", "form": form, "entity": spec["entity"]},
    )


def _random(*path: str | int) -> random.Random:
    return random.Random(int.from_bytes(hashlib.sha256(canonical(["crud", *path]).encode()).digest(), "big"))
