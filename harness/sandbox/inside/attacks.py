"""Small attacks that do no harm: each must work where nothing is in its way, and fail in the expected way in a jail."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable
from typing import Any

__all__ = ["ATTACKS", "serve"]


def _read(victim: dict[str, Any]) -> None:
    with open(victim["path"], encoding="ascii") as file:
        file.read()


def _connect(victim: dict[str, Any]) -> None:
    socket.create_connection(("127.0.0.1", victim["port"]), 10).close()


def _signal(victim: dict[str, Any]) -> None:
    os.kill(victim["pid"], 0)


def _environment(victim: dict[str, Any]) -> None:
    if victim["variable"] not in os.environ:
        raise OSError(errno.ENODATA, "no such variable")


def _device(_: dict[str, Any]) -> None:
    os.mknod("device", stat.S_IFCHR | 0o600, 0)  # the one device that anybody may make, which is none


def _hidden_memory(_: dict[str, Any]) -> None:
    os.close(os.memfd_create("hidden"))


def _descriptors(victim: dict[str, Any]) -> None:
    held: list[int] = []
    try:
        held += [os.dup(0) for _ in range(victim["descriptors"])]
    finally:
        os.closerange(5, 5 + 2 * victim["descriptors"])


def _disk(victim: dict[str, Any]) -> None:
    piece = bytes(victim["bytes"] // 4)
    for number in range(6):
        with open(f"piece{number}", "wb") as file:
            file.write(piece)


def _become_root(_: dict[str, Any]) -> None:
    os.setuid(0)


ATTACKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "reads a file": _read,
    "connects to a port": _connect,
    "signals the grader": _signal,
    "reads our environment": _environment,
    "makes a device": _device,
    "makes hidden memory": _hidden_memory,
    "opens too many files": _descriptors,
    "fills the disk": _disk,
    "is root": _become_root,
}


def serve(receive: Callable[[], Any], send: Callable[[Any], None]) -> None:
    """Try the attack that is asked for on the victim beside it, and say what stopped it; None is: nothing."""
    while True:
        name, victim = receive()
        send(_tried(ATTACKS[name], victim))


def _tried(attack: Callable[[dict[str, Any]], None], victim: dict[str, Any]) -> str | None:
    try:
        attack(victim)
    except OSError as problem:
        return errno.errorcode.get(problem.errno or 0, str(problem))
    except Exception as problem:  # noqa: BLE001  whatever else it is, it is not the jail that stopped it
        return type(problem).__name__
    return None
