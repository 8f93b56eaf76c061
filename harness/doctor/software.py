"""Is everything installed as it should be: Python, the import name, packages, the engine and its weights?"""

from __future__ import annotations

import importlib.metadata
import json
import operator
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from .. import weights
from ..values import Ladder
from .findings import Finding, Result

__all__ = ["import_finding", "installed", "local_findings", "package_findings"]

_HOLDS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def installed() -> Iterator[Finding]:
    """Python, the import name, and the packages that the installed distribution asks for."""
    machine = f"{platform.python_version()} on {platform.system()} {platform.release()}, {platform.machine()}"
    if sys.platform == "linux":
        yield Finding(check="python", result="ok", detail=machine)
    else:
        yield Finding(check="python", result="warn", detail=f"{machine}; tierfloor is tried on Linux only")
    try:
        ours = importlib.metadata.distribution("tierfloor")
    except importlib.metadata.PackageNotFoundError:
        yield Finding(check="installation", result="fail", detail="not installed; run: pip install tierfloor")
        return
    origin = json.loads(ours.read_text("direct_url.json") or "{}")
    editable = bool(origin.get("dir_info", {}).get("editable"))
    yield import_finding(importlib.metadata.packages_distributions(), Path(__file__).parent.parent, editable=editable)
    yield from package_findings(ours.requires or (), importlib.metadata.version)


def import_finding(owners: Mapping[str, Sequence[str]], folder: Path, *, editable: bool) -> Finding:
    """Whether the import name `harness`, which others may like too, is ours alone."""
    owning = set(owners.get("harness", ()))
    if others := sorted(owning - {"tierfloor"}):
        problem = f"{', '.join(others)} also installs `harness`; give tierfloor an environment of its own"
        return Finding(check="import name", result="fail", detail=problem)
    if owning or editable:
        return Finding(check="import name", result="ok", detail=f"`harness` is tierfloor's alone, from {folder}")
    detail = f"`harness` is read from {folder}, not from what is installed"
    return Finding(check="import name", result="warn", detail=detail)


def package_findings(requires: Iterable[str], version: Callable[[str], str]) -> Iterator[Finding]:
    """The installed packages against what the distribution asks for; one finding if all are as asked.

    Requirements with a marker (extras) are left out.
    """
    fitting = []
    for requirement in sorted(requires):
        parts = re.fullmatch(r"([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^;()]*)\)?\s*(;.*)?", requirement)
        if parts is None or parts[3]:
            continue
        name, wanted = parts[1], parts[2].strip()
        try:
            found = version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(check=f"package {name}", result="fail", detail=f'missing; run: pip install "{name}{wanted}"')
            continue
        if breach := _breach(found, wanted):
            newer = breach.startswith("<")
            detail = f'{found} is installed, tierfloor asks for {breach}; run: pip install "{name}{wanted}"'
            yield Finding(check=f"package {name}", result="warn" if newer else "fail", detail=detail)
        else:
            fitting.append(f"{name} {found}")
    yield Finding(check="packages", result="ok", detail=", ".join(fitting) or "none are asked for")


def _breach(found: str, wanted: str) -> str:
    """The part of a version specifier that a version is outside of, by the numbers of its release alone."""
    for sign, bound in re.findall(r"([<>=!]=|[<>])\s*([\w.]+)", wanted):
        if not _HOLDS[sign](_release(found), _release(bound)):
            return f"{sign}{bound}"
    return ""


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def local_findings(ladder: Ladder, engine: str | None, *, absent: Result) -> Iterator[Finding]:
    """Engine and weights of the ladder's local tiers; `absent` is the result where they are not here."""
    local = [tier for tier in ladder.tiers if tier.weights is not None]
    for wanted in dict.fromkeys(tier.engine for tier in local):
        if engine is None:
            detail = 'xllamacpp is not installed; run: pip install "tierfloor[local]"'
            yield Finding(check="engine", result=absent, detail=detail)
        elif wanted not in {None, engine}:
            detail = f"{engine} is installed, the ladder pins {wanted}; pip install {str(wanted).replace(' ', '==')}"
            yield Finding(check="engine", result=absent, detail=detail)
        else:
            yield Finding(check="engine", result="ok", detail=f"{engine}, as pinned")
    for name in dict.fromkeys(str(tier.weights) for tier in local):
        yield _weights(name, ladder, absent)


def _weights(name: str, ladder: Ladder, absent: Result) -> Finding:
    check = f"weights {name:.40}"
    path = weights.folder() / f"{weights.identity(name)}.gguf"
    if not path.is_file():
        return Finding(check=check, result=absent, detail=f"not in {path.parent}; run: tierfloor pull {ladder.name}")
    pin, size = weights.pins().get(name), path.stat().st_size
    if pin is not None and size != pin.bytes:
        detail = f"{size} bytes instead of {pin.bytes}; delete {path} and run: tierfloor pull {ladder.name}"
        return Finding(check=check, result="fail", detail=detail)
    detail = f"{size / 1e6:.0f} MB in {path.parent}; their hash is checked when they are used"
    return Finding(check=check, result="ok", detail=detail)
