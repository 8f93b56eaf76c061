"""A jail for one candidate, as isolated as this machine allows, and a conversation with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from .conversation import Session
from .doors import Door
from .isolation import isolation
from .jails import jail
from .limits import Limits
from .zygotes import Kind, Modules

__all__ = ["session"]


@contextmanager
def session(
    driver: str,
    limits: Limits,
    *,
    preload: tuple[str, ...] = (),
    modules: Modules = (),
    serves: bool = False,
    without: frozenset[str] = frozenset(),
) -> Iterator[Session]:
    """A candidate's process that runs `driver`, gone without trace at the end, with all that it started and wrote.

    `driver` is the text of a trusted program with `receive()`, `send(value)` and `listener` in its globals; the
    candidate's source reaches it as an ordinary message. `preload` are modules that are imported already, and all that
    is importable beside the standard library. `modules` are names and texts of the driver's own, imported once for all
    sessions, which therefore must hold nothing of a sample. With `serves`, `listener` is the descriptor of a listening
    Unix socket. `without` leaves layers of the isolation out: for the tests of the sandbox itself, never for an answer.

    Raises `BadInput` where no isolation is strong enough, `CandidateFault` for what the candidate does and
    `CheckerError` for what is ours: no jail, a driver that fails before its first `receive()`, or a survivor.
    """
    found = isolation().less(without)
    kind = Kind(
        executor=found.executor,
        namespaces="namespaces" in found.layers,
        environment="environment" in found.layers,
        preload=preload,
        modules=modules,
    )
    with ExitStack() as stack:
        door = stack.enter_context(closing(Door())) if serves else None
        listener = None if door is None else door.listener.fileno()
        inside = stack.enter_context(jail(kind, found.layers, limits, listener))
        talk = Session(inside, limits, driver, door=door, isolation=found)
        talk.restart()
        yield talk
