"""The way in is ours alone, waits as long as it is told, and works again after a restart."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sandbox.candidates import DRIVER, files

from harness.errors import CheckerError
from harness.sandbox import CandidateDied, CandidateTimeout, Limits, session
from harness.sandbox.doors import Door


def test_no_name_leads_to_the_door() -> None:
    before = files()
    with closing(Door()) as door, door.connect(10) as caller:
        assert files() == before
        assert not Path(door.listener.getsockname()).exists()
        answerer, _ = door.listener.accept()
        with answerer:
            answerer.sendall(b"hello")
            assert caller.recv(5) == b"hello"
        assert caller.gettimeout() == 10


def test_who_never_accepts_is_late() -> None:
    with session(DRIVER, Limits(), serves=True) as talk, ExitStack() as stack:

        def knock() -> None:
            while True:
                stack.enter_context(talk.connect(0.2))

        with pytest.raises(CandidateTimeout):
            knock()


def test_who_shuts_the_door_has_died() -> None:
    with session(DRIVER, Limits(), serves=True) as talk:
        talk.call("import socket; socket.socket(fileno=listener).shutdown(socket.SHUT_RDWR)")
        with pytest.raises(CandidateDied):
            talk.connect(10)


def test_a_new_start_finds_the_door_as_the_first_one_did() -> None:
    with session(DRIVER, Limits(), serves=True) as talk:
        talk.call("import os; os.set_blocking(listener, False)")
        talk.restart()
        assert talk.call("import os; value = os.get_blocking(listener)") is True


def test_without_serving_there_is_no_door() -> None:
    with session(DRIVER, Limits()) as talk:
        assert talk.call("value = listener") is None
        with pytest.raises(CheckerError, match="serves=True"):
            talk.connect(1)


def test_a_connection_outlives_the_door() -> None:
    with closing(Door()) as door:
        caller = door.connect(10)
        answerer, _ = door.listener.accept()
    with caller, answerer:
        answerer.shutdown(socket.SHUT_WR)
        assert caller.recv(1) == b""
