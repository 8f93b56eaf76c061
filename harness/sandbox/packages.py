"""What a candidate can import beyond the standard library: what was asked for and what that needs, nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from ..errors import BadInput

__all__ = ["needed"]


def needed(modules: tuple[str, ...]) -> tuple[Path, ...]:
    """The files and folders of the distributions that these modules come from, and of all that those require."""
    found: dict[Path, None] = {}
    seen: set[str] = set()
    waiting = [name for module in modules for name in _distributions(module)]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # required on other systems or Pythons, or by nobody
        found.update(dict.fromkeys(_entries(distribution)))
        waiting += _required(distribution)
    return tuple(sorted(found))


def _distributions(module: str) -> list[str]:
    """Where a module comes from. None for the standard library."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return []
    try:
        return [metadata.distribution(top).name]
    except metadata.PackageNotFoundError:
        names = metadata.packages_distributions().get(top)
    if not names:
        raise BadInput("sandbox", f"{top} is not installed, and answers need it; install it beside tierfloor")
    return list(names)


def _required(distribution: metadata.Distribution) -> Iterator[str]:
    for line in distribution.requires or ():
        requirement, _, marker = line.partition(";")
        if "extra" not in marker:
            yield re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0].lower()


def _entries(distribution: metadata.Distribution) -> Iterator[Path]:
    """The topmost files and folders of what was installed, without metadata and commands."""
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}
    for top in tops:
        path = Path(str(distribution.locate_file(top)))
        if path.exists() and path.suffix not in {".dist-info", ".pth", ".egg-info"} and top != "__pycache__":
            yield path.absolute()
