"""The little HTTP client: what a server may say, and what it is not believed."""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites

FOLDER = Path(__file__).parents[2] / "suites" / "crud"


@pytest.fixture(scope="module")
def line() -> ModuleType:
    suite = suites.load(FOLDER)
    return importlib.import_module(f"{sys.modules[suite.check.__module__].__package__}.line")


@pytest.fixture
def answering(line: ModuleType) -> Iterator[Callable[..., Any]]:
    """A line whose server has answered already, and hung up if told so."""
    sockets: list[socket.socket] = []

    def answer(*pieces: bytes) -> Any:
        ours, theirs = socket.socketpair()
        sockets.extend((ours, theirs))
        for piece in pieces:
            theirs.sendall(piece)
        theirs.shutdown(socket.SHUT_WR)
        return line.Line(ours)

    yield answer
    for each in sockets:
        each.close()


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", (200, b"{}")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 422\r\nContent-Length:0\r\n\r\n", (422, b"")),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 1\r\n\r\n1", (201, b"1")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n[\r\nA\r\n0123456789\r\n0\r\n\r\n",
            (200, b"[0123456789"),
        ),
    ],
)
def test_a_response_is_its_status_and_its_body(
    answering: Callable[..., Any], said: bytes, heard: tuple[int, bytes]
) -> None:
    assert answering(said).receive() == heard


def test_the_next_response_begins_where_the_last_one_ended(answering: Callable[..., Any]) -> None:
    one = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    other = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nConnection: close\r\n\r\n"
    asked = answering(one + other)

    assert asked.receive() == (200, b"{}")
    assert asked.receive() == (404, b"")
    assert asked.closed


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"", "the connection was closed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", "the connection was closed"),
        (b"SSH-2.0 hello\r\n\r\n", "no status line"),
        (b"HTTP/1.1 999 What\r\n\r\n", "no status line"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "no Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "no Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", "no Content-Length"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "no size of a chunk"),
    ],
)
def test_what_is_no_response_is_refused(
    line: ModuleType, answering: Callable[..., Any], said: bytes, problem: str
) -> None:
    with pytest.raises(line.NotHttp, match=problem):
        answering(said).receive()


def test_a_server_that_talks_without_end_is_not_heard_out(line: ModuleType) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(True)
        theirs.setblocking(False)
        asked = line.Line(_Endless(ours, theirs))

        with pytest.raises(line.NotHttp, match="more than"):
            asked.receive()


class _Endless:
    """A real socket that is filled again whenever it is read."""

    def __init__(self, ours: socket.socket, theirs: socket.socket) -> None:
        self._ours, self._theirs = ours, theirs

    def recv(self, count: int) -> bytes:
        self._theirs.send(b"x" * 4096)
        return self._ours.recv(count)


def test_a_request_says_how_long_its_body_is(line: ModuleType) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line.Line(ours).send("POST", "/notes", {"X-User": "ann"}, b'{"n": 1}')

        assert theirs.recv(1000) == (
            b"POST /notes HTTP/1.1\r\nHost: sandbox\r\nX-User: ann\r\nContent-Length: 8\r\n\r\n" + b'{"n": 1}'
        )
