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

from harness.sandbox.inside import kernel, seccomp
from harness.sandbox.inside.syscalls import ARCHITECTURES, numbers

HERE = Path(__file__).parent


def run_as_somebody(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user, whoever we are."""
    return _run(program, arguments, environment)


def run_without(calls: Iterable[str], program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user where these calls of the kernel fail, as on a system that forbids or lacks them."""
    before = f"from sandbox.elsewhere import forbid\nforbid({list(calls)})\n"
    return _run(before + program, (), environment)


def _run(program: str, arguments: Iterable[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    become = [sys.executable, str(HERE / "ordinary.py")] if os.geteuid() == 0 else []
    start = f"import sys; sys.path[:0] = {sys.path}\n"
    return subprocess.run(
        [*become, sys.executable, "-c", start + program, *arguments],
        env={**os.environ, **environment},
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


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
