"""Is there a sound place for answers, and what keeps the code of a model in its place?"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .. import sandbox
from ..cache import DATABASE, Cache
from ..errors import BadInput
from .findings import Finding

__all__ = ["cache_findings", "isolation_findings"]

VERIFIED_AT_MOST: Final = 10_000
ROOM: Final = 1 << 30
# What keeps an ordinary user from having namespaces, and what lets them: Ubuntu, Debian, hardened kernels.
REMEDIES: Final = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
)


def cache_findings(folder: Path) -> Iterator[Finding]:
    """The answer cache: who may read and write it, its room, its rows. A folder that is not there is not made."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        detail = f"{there} cannot be written; choose another folder (TIERFLOOR_CACHE)"
        yield Finding(check="cache", result="fail", detail=detail)
        return
    free = shutil.disk_usage(there).free
    little = free < ROOM
    room = f"{free / 1e9:.1f} GB free in {there}" + ("; make room, every answer is kept" if little else "")
    yield Finding(check="cache room", result="warn" if little else "ok", detail=room)
    if not folder.is_dir():
        yield Finding(check="cache", result="ok", detail=f"{folder}: not there yet, the first run makes it")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        detail = f"mode {mode:o}: others on this machine could read the answers; whatever opens the cache sets 700"
        yield Finding(check="cache mode", result="warn", detail=detail)
    yield _rows(folder)


def _rows(folder: Path) -> Finding:
    if not (folder / DATABASE).exists():
        if any(folder.iterdir()):
            detail = f"{folder}: holds other files; choose an empty folder (TIERFLOOR_CACHE)"
            return Finding(check="cache", result="fail", detail=detail)
        return Finding(check="cache", result="ok", detail=f"{folder}: empty")
    try:
        with Cache.open(folder) as cache:
            count = len(cache)
            problems = cache.verify() if count < VERIFIED_AT_MOST else []
    except BadInput as error:
        return Finding(check="cache", result="fail", detail=str(error))
    if problems:
        detail = f"{folder}: {len(problems)} rows are not ours or damaged; run: tierfloor cache verify"
        return Finding(check="cache", result="fail", detail=detail)
    looked = "each is sound" if count < VERIFIED_AT_MOST else "too many to look at here: tierfloor cache verify"
    return Finding(check="cache", result="ok", detail=f"{folder}: {count} answers, {looked}")


def isolation_findings(kernel: Path = Path("/proc/sys")) -> Iterator[Finding]:
    """How well the code of a model is kept in its place, what proves it, and what would keep it better.

    `kernel` is where the settings of the kernel are read.
    """
    try:
        found = sandbox.isolation()
    except BadInput as error:
        yield Finding(check="sandbox", result="fail", detail=_mended(str(error), kernel))
        return
    strong = found.safe and "namespaces" in found.layers
    version = f"Landlock ABI {found.landlock}" if found.landlock else "no Landlock"
    detail = f"{found.name}; Linux {found.kernel}, {version}"
    yield Finding(check="sandbox", result="ok" if found.safe else "warn", detail=detail)
    attacks = ", ".join(f"{canary.attack} ({canary.inside})" for canary in found.canaries)
    yield Finding(check="sandbox canaries", result="ok", detail=f"work outside, fail inside: {attacks}")
    if not strong and found.executor == "local":
        lacks = "; ".join((*found.missing, *found.refused))
        yield Finding(check="sandbox strength", result="warn", detail=_mended(lacks, kernel))


def _mended(problem: str, kernel: Path) -> str:
    """The problem with the one command that may help."""
    for name, barred, command in REMEDIES:
        with contextlib.suppress(OSError):
            if (kernel / name).read_text("ascii").strip() == barred:
                return f"{problem}; try: sudo sysctl -w {command}"
    return problem
