"""Is there a sound place for answers, and what keeps the code of a model in its place?"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .. import sandbox
from ..cache import DATABASE, Cache
from ..errors import BadInput, CheckerError
from .findings import Finding

__all__ = ["cache_findings", "isolation_findings"]

VERIFIED_AT_MOST: Final = 10_000
ROOM: Final = 1 << 30


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


def isolation_findings() -> Iterator[Finding]:
    """Whether the sandbox works, and what this machine offers beyond what the sandbox uses so far."""
    try:
        with sandbox.session("receive()", sandbox.Limits()) as running:
            refused = ", ".join(running.refused)
    except CheckerError as error:
        yield Finding(check="sandbox", result="fail", detail=str(error))
    else:
        detail = "a model's code runs in a process of its own with limits and an empty environment; nothing more so far"
        if refused:
            yield Finding(check="sandbox", result="warn", detail=f"{detail}; limits refused by this system: {refused}")
        else:
            yield Finding(check="sandbox", result="ok", detail=detail)
    if sys.platform == "linux":
        yield _offer("user namespaces", *_user_namespaces())
        yield _offer("Landlock", *_landlock())
        yield _offer("seccomp", *_seccomp())
        yield _offer("cgroup v2", *_cgroup(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")))


def _offer(name: str, there: bool, detail: str) -> Finding:
    said = f"{'available' if there else 'not available'} ({detail}); the sandbox does not use it yet"
    return Finding(check=f"isolation: {name}", result="ok" if there else "warn", detail=said)


def _user_namespaces() -> tuple[bool, str]:
    """Whether a process can have a user and a network namespace of its own; tried in a child, which ends with it."""
    unshare = "ctypes.CDLL(None, use_errno=True).unshare(0x50000000)"
    program = f"import ctypes; print(ctypes.get_errno() if {unshare} else 0)"
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if not done.stdout.strip().isdecimal():
        return False, "the probe did not run"
    code = int(done.stdout)
    return not code, _named(code) if code else "with a network of its own"


def _landlock() -> tuple[bool, str]:
    # landlock_create_ruleset(2) has this number on every architecture; called like this it only tells its version.
    version = ctypes.CDLL(None, use_errno=True).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    return version > 0, f"ABI {version}" if version > 0 else _named(ctypes.get_errno())


def _seccomp() -> tuple[bool, str]:
    # prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, no filter) fails with EFAULT where filters are known: seccomp(2).
    ctypes.CDLL(None, use_errno=True).prctl(22, ctypes.c_ulong(2), None, None, None)
    code = ctypes.get_errno()
    return code == errno.EFAULT, "filters" if code == errno.EFAULT else _named(code)


def _cgroup(own: Path, root: Path) -> tuple[bool, str]:
    """Whether this process can make control groups below its own."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        return False, str(error.strerror)
    path = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)
    if path is None or not (root / "cgroup.controllers").exists():
        return False, "no unified hierarchy"
    return (True, "writable") if os.access(root / path.lstrip("/"), os.W_OK) else (False, "not writable")


def _named(code: int) -> str:
    return errno.errorcode.get(code, str(code))
