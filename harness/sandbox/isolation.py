"""Which isolation this machine offers, proved by attack, and which one is used."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import replace
from functools import cache
from typing import Final

from ..errors import BadInput, CheckerError
from .canaries import BARE, sing
from .inside.orders import LAYERS
from .levels import NEEDED, Isolation, named
from .zygotes import Kind, Offers, forget, offers

__all__ = ["CHOICE", "UNSAFE", "isolation"]

CHOICE: Final = "TIERFLOOR_SANDBOX"
UNSAFE: Final = "unsafe"


def isolation() -> Isolation:
    """The strongest isolation whose attacks all fail, or that of the executor which TIERFLOOR_SANDBOX names.

    It is found once for each process. Raises BadInput if less than Landlock and seccomp is all there is and
    TIERFLOOR_SANDBOX is not "unsafe".
    """
    return _isolation(os.environ.get(CHOICE, ""))


@cache
def _isolation(choice: str) -> Isolation:
    if sys.platform != "linux":
        raise BadInput("sandbox", "code from a model runs on Linux only; run tierfloor in a Linux container or machine")
    executor = choice if choice not in {"", UNSAFE} else "local"
    missing: list[str] = []
    found = None
    for namespaces in (True, False) if executor == "local" else (False,):
        found = _tried(Kind(executor=executor, namespaces=namespaces), missing)
        if found is not None:
            break
    forget(BARE)
    if found is None:
        raise BadInput("sandbox", f"no isolation works here: {'; '.join(missing)}")
    if not found.safe and choice != UNSAFE:
        raise BadInput(
            "sandbox",
            f"code from a model needs Landlock and seccomp, and there is only {found.name}"
            f" ({'; '.join(found.missing)}); --allow-unsafe takes what there is and says so in every row",
        )
    return found


def _tried(kind: Kind, missing: list[str]) -> Isolation | None:
    """What zygotes of this kind offer, if the attacks on it fail; else None, with more things missing."""
    place = "namespaces" if kind.namespaces else kind.executor
    try:
        offered = offers(kind)
        claimed = _claimed(kind, offered, missing)
        canaries = sing(kind, claimed)
        broken = [f"{place}: {canary}" for canary in canaries if not canary.alive]
    except CheckerError as problem:
        broken = [f"{place}: {problem.problem}"]
    if broken:
        missing += broken
        forget(kind)
        return None
    return replace(claimed, canaries=canaries)


def _claimed(kind: Kind, offered: Offers, missing: list[str]) -> Isolation:
    layers = _layers(kind, offered)
    return Isolation(
        name=named(kind.executor, layers),
        executor=kind.executor,
        layers=layers,
        canaries=(),
        missing=(*missing, *(f"{name}: this kernel or processor has none" for name in NEEDED if name not in layers)),
        kernel=platform.release(),
        landlock=offered.landlock,
    )


def _layers(kind: Kind, offered: Offers) -> frozenset[str]:
    absent = {
        "namespaces": not kind.namespaces,
        "landlock": not offered.landlock,
        "seccomp": not offered.seccomp,
    }
    return frozenset(layer for layer in LAYERS if not absent.get(layer))
