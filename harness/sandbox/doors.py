"""A way into a jail for us alone: a listening Unix socket that no name leads to."""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from pathlib import Path

__all__ = ["Door"]


class Door:
    """A listening socket to be handed in; the file that it was bound to is gone before anybody could use it."""

    __slots__ = ("_file", "listener")

    def __init__(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        with tempfile.TemporaryDirectory(prefix=f"tierfloor-{os.getpid()}-") as folder:
            path = str(Path(folder, "door"))
            self.listener.bind(path)
            self._file = os.open(path, os.O_PATH | os.O_CLOEXEC)
        self.listener.listen(128)

    def close(self) -> None:
        self.listener.close()
        os.close(self._file)

    def connect(self, timeout: float) -> socket.socket:
        """A connection with this timeout set; whoever accepts it may do so later. Raises OSError."""
        connection = socket.socket(socket.AF_UNIX)
        # Python's own timeout would not wait for a place among those that are waiting to be accepted.
        whole, part = divmod(timeout, 1)
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", int(whole), int(part * 1e6) + 1)
        )
        try:
            connection.connect(f"/proc/self/fd/{self._file}")
        except BlockingIOError:
            connection.close()
            raise TimeoutError from None
        except OSError:
            connection.close()
            raise
        connection.settimeout(timeout)
        return connection
