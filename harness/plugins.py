"""Plugins: callables that packages announce as entry points. Only the one asked for is loaded."""

from __future__ import annotations

from importlib.metadata import EntryPoints, entry_points
from typing import Any

from .errors import BadInput, did_you_mean

__all__ = ["load", "names"]


def names(group: str) -> list[str]:
    """The names announced in `tierfloor.<group>`, sorted."""
    return sorted(_announced(group).names)


def load(group: str, name: str) -> Any:
    """What `name` stands for in `tierfloor.<group>`; our own built-ins are announced like anybody's."""
    found = _announced(group).select(name=name)
    if not found:
        raise BadInput(group, f"no plugin named {name!r}; {did_you_mean(name, names(group))}")
    try:
        return next(iter(found)).load()
    except (ImportError, AttributeError) as error:
        raise BadInput(
            group, f"plugin {name!r} cannot be loaded ({error}); reinstall the package it is from"
        ) from error


def _announced(group: str) -> EntryPoints:
    return entry_points(group=f"tierfloor.{group.removeprefix('tierfloor.')}")
