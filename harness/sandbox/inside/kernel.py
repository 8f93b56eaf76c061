"""Calls of the Linux kernel that this Python does not offer."""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import suppress
from typing import Final

__all__ = [
    "NEW_HOST",
    "NEW_IPC",
    "NEW_NAMES",
    "NEW_NETWORK",
    "NEW_PROCESSES",
    "NEW_USER",
    "NO_DEVICES",
    "NO_EXECUTE",
    "NO_SETUID",
    "READ_ONLY",
    "adopt_orphans",
    "bind",
    "bound_capabilities",
    "die_with_parent",
    "drop_capabilities",
    "forbid_inspection",
    "forbid_privileges",
    "mount",
    "move_root",
    "prctl",
    "protect",
    "separate",
    "setns",
    "syscall",
    "unshare",
]

NEW_NAMES: Final = 0x00020000  # CLONE_NEWNS: the tree of mounts
NEW_HOST: Final = 0x04000000  # CLONE_NEWUTS
NEW_IPC: Final = 0x08000000
NEW_USER: Final = 0x10000000
NEW_PROCESSES: Final = 0x20000000  # CLONE_NEWPID: for children
NEW_NETWORK: Final = 0x40000000

READ_ONLY, NO_SETUID, NO_DEVICES, NO_EXECUTE = 1, 2, 4, 8  # MS_* and MOUNT_ATTR_* agree on these
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_HERE, _WHOLE_TREE = -100, 0x8000  # AT_FDCWD, AT_RECURSIVE
_MOUNT_SETATTR: Final = 442
_PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41}

_LIBRARY = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _word(value: int | bytes | None) -> ctypes.c_long | bytes | None:
    return ctypes.c_long(value) if isinstance(value, int) else value


def syscall(number: int, *arguments: int | bytes | None, what: str) -> int:
    """The result of a call by number. Raises OSError that begins with `what`."""
    result: int = _LIBRARY.syscall(ctypes.c_long(number), *map(_word, arguments))
    return _checked(result, what)


def prctl(option: int, first: int = 0, second: int | bytes = 0, *, what: str) -> int:
    """The result of setting an option of this process. Raises OSError that begins with `what`."""
    return _checked(_LIBRARY.prctl(option, *map(_word, (first, second, 0, 0))), what)


def unshare(kinds: int) -> None:
    """Begin new namespaces of these kinds; that of processes is for children."""
    _checked(_LIBRARY.unshare(kinds), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind a descriptor."""
    _checked(_LIBRARY.setns(descriptor, kind), "setns")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """Put a file system where `target` is. The arguments are those of the kernel."""
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    data = None if options is None else options.encode()
    _checked(_LIBRARY.mount(*texts, ctypes.c_ulong(flags), data), "mount")


def bind(source: str, target: str) -> None:
    """Show a file, or a folder and all that is mounted below it, in a second place."""
    mount(source, target, flags=_BIND | _RECURSIVE)


def separate() -> None:
    """Let no mount made from here on reach the namespace that this one was copied from."""
    mount(None, "/", flags=_RECURSIVE | _PRIVATE)


def protect(target: str, attributes: int) -> None:
    """Add attributes to a mount and to all below it; unlike a remount it can't take away any."""
    structure = struct.pack("=QQQQ", attributes, 0, 0, 0)
    arguments = (_HERE, target.encode(), _WHOLE_TREE, structure, len(structure))
    syscall(_MOUNT_SETATTR, *arguments, what="mount_setattr")


def move_root(folder: str) -> None:
    """Make a folder the root of all names; nothing of the old root remains."""
    os.chdir(folder)
    syscall(_PIVOT_ROOT[os.uname().machine], b".", b".", what="pivot_root")
    _checked(_LIBRARY.umount2(b".", _DETACH), "umount of the old root")
    os.chdir("/")


def bound_capabilities() -> None:
    """Let no program run from here on have a capability; whoever has none to begin with can't, and needn't, say so."""
    with suppress(OSError):  # ends at the first number that this kernel does not know
        for number in range(64):
            prctl(24, number, what="capability bounding set")


def drop_capabilities() -> None:
    """Give up every capability that this process has."""
    header, none = struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", *[0] * 6)
    _checked(_LIBRARY.capset(header, none), "capset")


def die_with_parent() -> None:
    """Be killed when the parent dies. The kernel forgets this when the user changes: setresuid(2) comes before."""
    prctl(1, 9, what="parent death signal")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    prctl(36, 1, what="subreaper")


def forbid_privileges() -> None:
    """No program run from here on gains anything by its file's mode."""
    prctl(38, 1, what="no_new_privs")


def forbid_inspection() -> None:
    """No other process of this user may look into this one."""
    prctl(4, 0, what="dumpable")
