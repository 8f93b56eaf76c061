"""Landlock: which files may be touched at all, whatever else shows them. See landlock(7)."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

from . import kernel

__all__ = ["READ", "RUN", "USE", "WRITE", "abi", "restrict"]

# These three have the same number on every architecture.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK, _TRUNCATE, _IOCTL = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL

READ: Final = _READ_FILE | _READ_DIR
RUN: Final = READ | _EXECUTE
USE: Final = _READ_FILE | _WRITE_FILE | _TRUNCATE  # a device
WRITE: Final = ((1 << 16) - 1) & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _IOCTL)

_NETWORK: Final = 3  # bind and connect of TCP
_SCOPES: Final = 3  # abstract Unix sockets and signals


def abi() -> int:
    """The version of Landlock that the kernel offers; 0 is none."""
    try:
        return kernel.syscall(_CREATE, None, 0, _VERSION, what="landlock")
    except OSError:
        return 0


def restrict(rights: Iterable[tuple[str, int]]) -> None:
    """Allow this process and its children these rights below these paths, and no others; no TCP, no signal outwards."""
    version = abi()
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    attributes = struct.pack("=QQQ", handled, _NETWORK if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    known = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = kernel.syscall(_CREATE, attributes[:known], known, 0, what="landlock_create_ruleset")
    try:
        for path, allowed in rights:
            _allow(ruleset, path, allowed & handled)
        kernel.syscall(_RESTRICT, ruleset, 0, what="landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES  # the kernel refuses rights of folders on anything else
        rule = struct.pack("=Qi", rights, descriptor)
        kernel.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0, what="landlock_add_rule")
    finally:
        os.close(descriptor)
