"""Orders and reports between the grader, the zygote and the trusted first process of a jail: JSON and descriptors."""

from __future__ import annotations

import errno
import json
import os
import socket
from typing import Any, Final

__all__ = ["receive", "send", "told"]

LONGEST: Final = 1 << 16
MOST_DESCRIPTORS: Final = 4


def send(control: socket.socket, message: dict[str, Any], *descriptors: int) -> None:
    """Send one message and copies of these descriptors; other threads may do so at the same time."""
    data = json.dumps(message).encode()
    if len(data) > LONGEST:
        raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    socket.send_fds(control, [data], list(descriptors))


def receive(control: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and its descriptors. Raises EOFError when the other side is gone."""
    data, descriptors, _, _ = socket.recv_fds(control, LONGEST, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    if not data:
        for descriptor in descriptors:
            os.close(descriptor)
        raise EOFError
    return json.loads(data), descriptors


def told(problem: BaseException) -> str:
    """What went wrong, without the name of any file: it may end up in a table of results."""
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
    return f"{type(problem).__name__}: {text}"
