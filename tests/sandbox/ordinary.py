"""Runs a command as an ordinary user who can read the interpreter, wherever it is installed: for root on Linux.

Root's home is closed to others, and interpreters like to live below it. So the command gets a mount namespace in which
an empty folder lies over each closed one, with what it needs bound into it; nothing outside changes.
"""

from __future__ import annotations

import ctypes
import os
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

NEW_NAMESPACE, BIND, RECURSIVE, PRIVATE = 0x20000, 4096, 16384, 1 << 18
ANYBODY = 64_201


def main(command: list[str]) -> None:
    named = {Path(each).resolve() for each in (sys.base_prefix, sys.prefix, *site.getsitepackages(), *sys.path) if each}
    needed = {each for each in named if each.exists() and not named.intersection(each.parents)}
    libc = ctypes.CDLL(None, use_errno=True)
    checked(libc.unshare(NEW_NAMESPACE))
    mount(libc, "none", "/", "", RECURSIVE | PRIVATE)
    for closed, inside in closed_folders(needed).items():
        held = {each: os.open(each, os.O_PATH) for each in inside}
        mount(libc, "tmpfs", str(closed), "tmpfs", 0, "mode=755")
        for place, descriptor in held.items():
            place.mkdir(parents=True, exist_ok=True)
            mount(libc, f"/proc/self/fd/{descriptor}", str(place), "", BIND | RECURSIVE)
            os.close(descriptor)
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, ANYBODY, ANYBODY)
        environment = {**os.environ, "HOME": folder, "TMPDIR": folder}
        done = subprocess.run(
            command, check=False, env=environment, user=ANYBODY, group=ANYBODY, extra_groups=[], umask=0o022
        )
    sys.exit(done.returncode)


def closed_folders(needed: Iterable[Path]) -> dict[Path, list[Path]]:
    """The topmost folders that others may not enter, each with what is needed below it."""
    found: dict[Path, list[Path]] = {}
    for each in sorted(needed):
        closed = [
            folder for folder in (*reversed(each.parents), each) if folder.is_dir() and not folder.stat().st_mode & 1
        ]
        if closed and each != closed[0]:
            found.setdefault(closed[0], []).append(each)
    return found


def mount(libc: ctypes.CDLL, source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    words = [each.encode() or None for each in (source, target, kind, options)]
    checked(libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]))


def checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(sys.argv[1:])
