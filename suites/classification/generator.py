"""Requests to a coding agent whose label follows from what was composed, by way of the policy that the prompt prints."""

from __future__ import annotations

from harness.values import Sample, canonical

from .levels import COMPOSE
from .maker import Maker
from .policy import decide, written

__all__ = ["generate"]


def generate(seed: str, level: int, index: int) -> Sample:
    """Sample number `index` of `level` (1-5) under `seed`; raises ValueError where there is none."""
    if level not in COMPOSE or index < 0:
        raise ValueError(f"classification: no level {level} or index {index}, use levels 1-5 and indexes from 0")
    maker = Maker(seed=seed, level=level, index=index)
    draft = COMPOSE[level](maker)
    label = decide(draft.events)
    if label != maker.label:
        raise ValueError(f"classification: {seed} {level} {index} means {label}, composed as {maker.label}")
    return Sample(
        id=f"classification.l{level}.{index:04d}",
        input=draft.text,
        target=canonical({"label": label, "decoy": draft.decoy} if draft.decoy else {"label": label}),
        metadata={"events": written(draft.events), "level": level, "template": draft.template},
    )
