"""What a zygote is told once, and what it is told for each jail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from ..limits import Limits

__all__ = ["LAYERS", "Order", "Setting"]

LAYERS: Final = ("namespaces", "landlock", "seccomp", "limits", "environment", "uid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One zygote: whether it has namespaces, what it imports, and what of the machine's files its jails see.

    `preload` are modules to import, `modules` the number of those that follow as text. `shown` are files and folders at
    their own place, `hidden` what is left out of them, `packages` what is importable beyond the standard library.
    `privileged` is who may become any user. `folder` is where jails without namespaces have their files, `crowd` how many
    processes the kernel counts with a candidate's.
    """

    namespaces: bool
    privileged: bool
    preload: tuple[str, ...]
    modules: int
    packages: tuple[str, ...]
    shown: tuple[str, ...]
    hidden: tuple[str, ...]
    folder: str
    crowd: int = 0

    def told(self) -> dict[str, Any]:
        """As a message of plain values."""
        return {name: getattr(self, name) for name in Setting.__slots__}

    @classmethod
    def of(cls, message: dict[str, Any]) -> Setting:
        """The setting in such a message."""
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in message.items()}
        return cls(**cast("dict[str, Any]", plain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One jail: its layers, its limits, and the user it gets where there is a choice (None: who we are)."""

    layers: frozenset[str]
    limits: Limits
    user: int | None

    def told(self) -> dict[str, Any]:
        """As a message of plain values."""
        limits = {name: getattr(self.limits, name) for name in Limits.__slots__}
        return {"layers": sorted(self.layers), "limits": limits, "user": self.user}

    @classmethod
    def of(cls, message: dict[str, Any]) -> Order:
        """The order in such a message."""
        return cls(layers=frozenset(message["layers"]), limits=Limits(**message["limits"]), user=message["user"])
