"""Just enough of HTTP/1.1 (RFC 9112) to ask a server over one connection that stays open, and to believe nothing it says."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping

__all__ = ["Line", "NotHttp"]

MOST_BYTES = 1 << 20


class NotHttp(Exception):
    """The response is none; `str()` says what is wrong."""


class Line:
    """A connection: `send` a request, `receive` its response. Closed after the first thing that goes wrong."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""
        self._read = 0
        self.closed = False

    def close(self) -> None:
        self.closed = True
        self._socket.close()

    def send(self, verb: str, path: str, headers: Mapping[str, str], body: bytes | None) -> None:
        """Send a request; a body has the headers that say so."""
        lines = [f"{verb} {path} HTTP/1.1", "Host: sandbox", *(f"{name}: {value}" for name, value in headers.items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))

    def receive(self) -> tuple[int, bytes]:
        """The status and the body of the response."""
        self._read = 0
        head = self._until(b"\r\n\r\n").decode("latin-1")
        status = re.match(r"HTTP/1\.[01] ([1-5]\d\d)[ \r]", f"{head}\r")
        if status is None:
            raise NotHttp("no status line")
        fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        if int(status[1]) < 200:
            return self.receive()
        body = self._body(int(status[1]), fields)
        if fields.get("connection", "").lower() == "close":
            self.close()
        return int(status[1]), body

    def _body(self, status: int, fields: Mapping[str, str]) -> bytes:
        if status in {204, 304}:
            return b""
        if fields.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        length = fields.get("content-length", "")
        if not re.fullmatch(r"\d{1,8}", length):
            raise NotHttp("no Content-Length")
        return self._exactly(int(length))

    def _chunk(self) -> bytes:
        size = self._until(b"\r\n").partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size):
            raise NotHttp("no size of a chunk")
        return self._exactly(int(size, 16) + 2)[:-2]

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._more()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _more(self) -> None:
        piece = self._socket.recv(1 << 16)
        self._read += len(piece)
        if not piece:
            raise NotHttp("the connection was closed")
        if self._read > MOST_BYTES:
            raise NotHttp(f"more than {MOST_BYTES} bytes")
        self._buffer += piece
