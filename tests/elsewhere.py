"""Python programs in processes of their own, as another user or under a kernel that seems to offer less."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from harness.sandbox.inside import kernel, mounts, seccomp
from harness.sandbox.inside.interpreter import shown
from harness.sandbox.inside.orders import Setting
from harness.sandbox.inside.syscalls import ARCHITECTURES, numbers

SOMEBODY = 12345


def run_as_somebody(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user; as root, by becoming one after making this Python readable for everybody."""
    return _run("become_somebody()" if os.geteuid() == 0 else "", program, arguments, environment)


def run_without(calls: Iterable[str], program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user where these calls of the kernel fail, as on a system that forbids or lacks them."""
    become = "become_somebody()\n" if os.geteuid() == 0 else ""
    return _run(f"{become}forbid({list(calls)})", program, (), environment)


def _run(
    before: str, program: str, arguments: Iterable[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    start = f"import sys; sys.path[:0] = {sys.path}\nfrom elsewhere import become_somebody, forbid\n{before}\n"
    return subprocess.run(
        [sys.executable, "-c", start + program, *arguments],
        env={**os.environ, "HOME": "/tmp", **environment},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def become_somebody() -> None:
    """Be an ordinary user from here on, with what this Python needs still to be read."""
    packages = (sys.base_prefix, *(path for path in sys.path if path and Path(path).exists()))
    mounts.open_way(
        Setting(namespaces=False, privileged=True, preload=(), packages=packages, shown=shown(), hidden=(), folder="")
    )
    os.setgroups([])
    os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
    kernel.die_with_parent()


def forbid(calls: list[str]) -> None:
    """Let these calls fail for this process and its children, as a container's own filter would."""
    table = {"landlock_create_ruleset": 444, **numbers(os.uname().machine)}
    code = b"".join(
        [
            *seccomp._start(ARCHITECTURES[os.uname().machine]),
            *seccomp._refuse(table, calls, errno.EPERM),
            seccomp._line(seccomp._RETURN, seccomp._ALLOW),
        ]
    )
    buffer = ctypes.create_string_buffer(code)
    kernel.forbid_privileges()
    structure = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    kernel.prctl(22, 2, structure, what="seccomp")
