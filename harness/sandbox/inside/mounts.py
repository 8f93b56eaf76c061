"""A root folder of its own for the zygote, and a small writable place in it for each jail."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from . import kernel
from .orders import Setting

__all__ = ["DEVICES", "PACKAGES", "WORK", "closed", "open_way", "own_root", "own_storage"]

DEVICES: Final = ("null", "zero", "urandom", "random")
PACKAGES: Final = "/packages"
WORK: Final = "/tmp/work"

_MOUNT_POINT: Final = "/tmp"  # only covered for as long as it takes to leave the old root
_LINKED: Final = ("/lib", "/lib64")
_SAFE: Final = kernel.NO_SETUID | kernel.NO_DEVICES


def own_root(setting: Setting) -> None:
    """Leave the machine's files for a read-only root with what the setting shows; the namespaces are there already."""
    kernel.separate()
    sources = [(os.open(path, os.O_PATH | os.O_CLOEXEC), target) for path, target in _places(setting)]
    kernel.mount("tmpfs", _MOUNT_POINT, "tmpfs", _SAFE, "size=1m,nr_inodes=4k,mode=755")
    try:
        for source, target in sources:
            _show(source, _MOUNT_POINT + target)
    finally:
        for source, _ in sources:
            os.close(source)
    for hidden in setting.hidden:
        if os.path.isdir(_MOUNT_POINT + hidden):
            kernel.mount("tmpfs", _MOUNT_POINT + hidden, "tmpfs", _SAFE, "size=4k,mode=555")
    for link in _LINKED:
        if os.path.islink(link) and not os.path.lexists(_MOUNT_POINT + link):
            os.symlink(os.readlink(link), _MOUNT_POINT + link)
    for folder in ("/tmp", "/dev"):
        os.makedirs(_MOUNT_POINT + folder, exist_ok=True)
    os.symlink("/tmp", _MOUNT_POINT + "/dev/shm")  # where semaphores are looked for
    kernel.protect(_MOUNT_POINT, kernel.READ_ONLY | kernel.NO_SETUID)
    kernel.move_root(_MOUNT_POINT)


def open_way(setting: Setting) -> None:
    """Let any user reach what the setting shows: an interpreter may well lie in a home that is root's alone.

    Nothing else of such a folder remains, for us and our children.
    """
    paths = [*setting.shown, *setting.packages]
    barred = {path: way for path in paths if (way := closed(path)) is not None}
    if not barred:
        return
    try:
        kernel.unshare(kernel.NEW_NAMES)
    except OSError as problem:
        way = next(iter(barred.values()))
        raise OSError(
            problem.errno, f"{way} is root's alone, and Python lies in it; run tierfloor as another user"
        ) from problem
    kernel.separate()
    sources = [(os.open(path, os.O_PATH | os.O_CLOEXEC), path) for path in barred]
    for folder in set(barred.values()):
        kernel.mount("tmpfs", folder, "tmpfs", _SAFE, "size=1m,nr_inodes=4k,mode=755")
    for source, path in sources:
        _show(source, path)
        os.close(source)


def closed(path: str) -> str | None:
    """The topmost folder on the way to a path that others may not pass."""
    parts = path.split("/")[1:-1]
    ways = ["/".join(["", *parts[: count + 1]]) for count in range(len(parts))]
    return next((way for way in ways if not os.stat(way).st_mode & 0o001), None)


def own_storage(disk_bytes: int, inodes: int, user: int | None) -> None:
    """A fresh /tmp with an empty working folder, bounded as a whole."""
    owner = "" if user is None else f",uid={user},gid={user}"
    options = f"size={disk_bytes},nr_inodes={inodes + 2},mode=700{owner}"
    kernel.mount("tmpfs", "/tmp", "tmpfs", _SAFE, options)
    os.mkdir(WORK, 0o700)
    if user is not None:
        os.chown(WORK, user, user)
    os.chdir(WORK)


def _places(setting: Setting) -> Iterable[tuple[str, str]]:
    for path in setting.shown:
        yield path, path
    for path in setting.packages:
        yield path, f"{PACKAGES}/{os.path.basename(path)}"
    for name in DEVICES:
        yield f"/dev/{name}", f"/dev/{name}"


def _show(source: int, target: str) -> None:
    path = f"/proc/self/fd/{source}"
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o444))
    kernel.bind(path, target)
