"""Who descends from whom, where they have their files, and who they are to the kernel."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from typing import Final

__all__ = [
    "be_nobody",
    "can_be_listed",
    "crowd",
    "descendants",
    "first_to_go",
    "folder_of",
    "kill_descendants",
    "remove",
]

_NOBODY: Final = 65534


def be_nobody(names: int, user: int, group: int) -> None:
    """In a new user namespace, stand for the one user and group that we are outside; `names` is a descriptor of /proc."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_NOBODY} {user} 1"),
        ("gid_map", f"{_NOBODY} {group} 1"),
    ):
        descriptor = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=names)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def first_to_go(names: int) -> None:
    """Where memory runs out, let the kernel end this process before any other; `names` is a descriptor of /proc."""
    with suppress(OSError):
        descriptor = os.open("self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC, dir_fd=names)
        os.write(descriptor, b"1000")
        os.close(descriptor)


def crowd() -> int:
    """How many processes and threads this user has."""
    count = 0
    for name in os.listdir("/proc"):
        with suppress(OSError):
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid == os.geteuid():
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def children(pid: int) -> list[int]:
    """The processes that one process is the parent of."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def can_be_listed() -> bool:
    """Whether this kernel lists children at all."""
    return os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


def descendants(spare: frozenset[int] = frozenset()) -> set[int]:
    """Every process that descends from this one, except some children and theirs."""
    waiting, found = [pid for pid in children(os.getpid()) if pid not in spare], set[int]()
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children(pid)
    return found


def kill_descendants(spare: frozenset[int] = frozenset()) -> None:
    """Kill every process that descends from this one, except some children and theirs."""
    stopped: set[int] = set()
    while new := (found := descendants(spare)) - stopped:
        # All stand still before the first is killed: who forks faster than we look would never end.
        _signal(new, signal.SIGSTOP)
        stopped |= new
    _signal(found, signal.SIGKILL)


def _signal(processes: set[int], number: int) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def folder_of(base: str, pid: int) -> str:
    """Where the jail of this process has its files if it has no namespaces."""
    return os.path.join(base, str(pid))


def remove(folder: str) -> None:
    """Remove a folder whatever the candidate did to the modes of what it made there."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
