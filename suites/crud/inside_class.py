"""Runs in the sandbox: it loads the class that a model wrote and calls it as it is told."""

from __future__ import annotations

import gc
import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

from .inside_gate import Gate
from .inside_loading import Broken, compiled, loaded, oddity, text

__all__ = ["main"]

Order = dict[str, Any]


def main(receive: Callable[[], Any], send: Callable[[Any], None]) -> None:
    """Answer one order after the other."""
    held = _Held()
    while True:
        order = receive()
        try:
            reply = getattr(held, order["do"])(order)
        except Broken as broken:
            reply = broken.reply
        try:
            send(reply)
        except (ValueError, RecursionError):
            send({"odd": "what JSON cannot hold"})


class _Held:
    """The answer's module and its stores. Each public method does one order."""

    def __init__(self) -> None:
        self._code: CodeType | None = None
        self._module: Any = None
        self._store: Any = None
        self._gate: Gate | None = None
        self._workers: list[_Worker] = []

    def load(self, order: Order) -> Order:
        """Run the answer's code, and say what it lacks."""
        if order["gated"]:
            from .inside_sqlite import install

            self._gate = Gate()
            install(self._gate)
        self._code = compiled(order["source"])
        self._module = loaded(self._code, self._gate)
        return {"missing": self._missing(order["methods"], order["conflict"])}

    def open(self, order: Order) -> Order:
        """One store, as after a restart: nothing that an earlier one left in memory is there."""
        self._forget()
        return self._attempt(lambda: self._opened(order["name"]))

    def pair(self, order: Order) -> Order:
        """Two stores on one file, each in a thread of its own."""
        self._forget()
        self._workers = [_Worker(), _Worker()]
        for worker in self._workers:
            reply = worker.run(partial(self._attempt, partial(self._opened, order["name"], worker)))
            if "raised" in reply:
                return reply
        return {"value": None}

    def call(self, order: Order) -> Order:
        """Call a method of the store, or of the first of two."""
        if self._workers:
            return self._workers[0].run(partial(self._called, self._workers[0].store, order))
        return self._called(self._store, order)

    def race(self, order: Order) -> Order:
        """Two calls at the same time: the first is stopped before one of its statements."""
        gate = self._gate
        assert gate is not None
        gate.arm(order["stop"])
        for worker, call in zip(self._workers, (order["first"], order["second"]), strict=True):
            worker.start(partial(self._raced, gate, worker.store, call))
            gate.wait_first() if worker is self._workers[0] else gate.wait_second()
        gate.wait_both()
        replies = [worker.result() for worker in self._workers]
        told = {"replies": replies, "seen": gate.seen, "stopped": gate.stopped, "blocked": gate.blocked}
        gate.disarm()
        return told

    def is_sqlite(self, order: Order) -> Order:
        """Whether the file is what SQLite writes."""

        def header() -> bool:
            with Path(order["name"]).open("rb") as file:
                return file.read(16) == b"SQLite format 3\0"

        return self._attempt(header)

    def _forget(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers, self._store, self._module = [], None, None
        gc.collect()
        assert self._code is not None
        self._module = loaded(self._code, self._gate)

    def _opened(self, name: str, worker: _Worker | None = None) -> None:
        store = self._module.Store(str(Path.cwd() / name))
        if worker:
            worker.store = store
        else:
            self._store = store

    def _raced(self, gate: Gate, store: Any, call: Order) -> Order:
        party = gate.begin()
        try:
            return self._called(store, call)
        finally:
            gate.end(party)

    def _called(self, store: Any, call: Order) -> Order:
        return self._attempt(lambda: getattr(store, call["method"])(*call["arguments"], **call["named"]))

    def _attempt(self, do: Callable[[], Any]) -> Order:
        try:
            value = do()
        except BaseException as error:  # noqa: BLE001  whatever a stranger's code raises
            return {"raised": self._kind(error), "text": text(error)}
        odd = oddity(value)
        return {"odd": odd} if odd else {"value": value}

    def _kind(self, error: BaseException) -> str:
        conflict = getattr(self._module, "Conflict", None)
        if isinstance(conflict, type) and isinstance(error, conflict):
            return "Conflict"
        return next((known.__name__ for known in (KeyError, ValueError) if isinstance(error, known)), "other")

    def _missing(self, methods: list[str], conflict: bool) -> list[str]:
        store = getattr(self._module, "Store", None)
        if not isinstance(store, type):
            return ["class Store"]
        names = [name for name in methods if not callable(getattr(store, name, None))]
        error = getattr(self._module, "Conflict", None)
        if conflict and not (isinstance(error, type) and issubclass(error, Exception)):
            names.append("class Conflict(Exception)")
        return names


class _Worker:
    """A thread that holds one store and does what it is given, one thing at a time."""

    def __init__(self) -> None:
        self.store: Any = None
        self._orders: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def start(self, do: Callable[[], Any]) -> None:
        """Begin with something; `result` waits for its end."""
        self._orders.put(do)

    def result(self) -> Any:
        """What came of the thing begun before."""
        return self._results.get()

    def run(self, do: Callable[[], Any]) -> Order:
        """Do it all."""
        self.start(do)
        return dict(self.result() or {})

    def end(self) -> None:
        """Drop the store, in its own thread."""
        self.run(lambda: setattr(self, "store", None))
        self._orders.put(None)

    def _serve(self) -> None:
        while do := self._orders.get():
            self._results.put(do())
