"""Runs in the sandbox: it serves the app that a model wrote with uvicorn, on a socket that was handed in."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from fastapi import FastAPI

from .inside_gate import Gate
from .inside_loading import Broken, compiled, loaded, text

__all__ = ["main"]

Order = dict[str, Any]

TURNS = 200
"""How often to look whether the last request has ended, which has been responded to."""


def main(receive: Callable[[], Any], send: Callable[[Any], None], listener: int) -> None:
    """Serve in a thread; answer one order after the other in this one."""
    served = _Served()
    config = uvicorn.Config(
        served.answer,
        interface="asgi3",
        lifespan="off",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        http="httptools",
        ws="none",
        loop="asyncio",
        timeout_keep_alive=3600,
    )
    server = uvicorn.Server(config)
    threading.Thread(target=lambda: asyncio.run(served.serve(server, listener)), daemon=True).start()
    served.loop.result()
    while True:
        order = receive()
        try:
            reply = getattr(served, order["do"])(order)
        except Broken as broken:
            reply = broken.reply
        send(reply)


class _Served:
    """The answer's module and the app that is served now. Each public method that takes an order does it."""

    def __init__(self) -> None:
        self.loop: Future[asyncio.AbstractEventLoop] = Future()
        self._module: ModuleType | None = None
        self._app: Any = None
        self._problem = ""
        self._answering = 0
        self._life: asyncio.Task[None] | None = None
        self._gate: Gate | None = None

    async def serve(self, server: uvicorn.Server, listener: int) -> None:
        """Serve for ever."""
        self.loop.set_result(asyncio.get_running_loop())
        await server.serve(sockets=[socket.socket(fileno=listener)])

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, known to the gate as a call."""
        gate = self._gate if self._gate and self._gate.armed else None
        party = gate.begin() if gate else 0
        self._answering += 1
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self._problem = text(error)
            raise
        finally:
            self._answering -= 1
            if gate:
                gate.end(party)

    def load(self, order: Order) -> Order:
        """Run the answer's code, and say what it lacks."""
        if order["gated"]:
            from .inside_sqlite import install

            self._gate = Gate()
            install(self._gate)
        code = compiled(order["source"])

        async def run() -> ModuleType:
            if self._gate:
                self._gate.serial_on(threading.get_ident())
            return loaded(code, self._gate)

        self._module = self._on_loop(run())
        return {"missing": [] if callable(getattr(self._module, "make_app", None)) else ["make_app(path)"]}

    def open(self, order: Order) -> Order:
        """Serve a new app on the file."""
        return dict(self._on_loop(self._opened(order["name"])))

    def alive(self, order: Order) -> Order:  # noqa: ARG002  an order like the others
        """Reply at all, with what the app raised last."""
        self._on_loop(asyncio.sleep(0))  # an app raises after it has responded
        return {"problem": self._problem}

    def arm(self, order: Order) -> Order:
        """The next two requests meet."""
        self._armed().arm(order["stop"])
        return {}

    def first(self, order: Order) -> Order:  # noqa: ARG002  see alive
        """Reply when the first request is stopped or done."""
        self._armed().wait_first()
        return {}

    def second(self, order: Order) -> Order:  # noqa: ARG002  see alive
        """Reply when both requests are done."""
        gate = self._armed()
        gate.wait_second()
        gate.wait_both()
        told = {"seen": gate.seen, "stopped": gate.stopped, "blocked": gate.blocked}
        gate.disarm()
        return told

    def is_sqlite(self, order: Order) -> Order:
        """Whether the file is what SQLite writes."""
        try:
            with Path(order["name"]).open("rb") as file:
                return {"value": file.read(16) == b"SQLite format 3\0"}
        except OSError as error:
            return {"raised": "other", "text": text(error)}

    def _armed(self) -> Gate:
        assert self._gate is not None
        return self._gate

    def _on_loop(self, work: Any) -> Any:
        # Where a server would run it: what an answer makes there is used there by its `async def` endpoints.
        return asyncio.run_coroutine_threadsafe(work, self.loop.result()).result()

    async def _opened(self, name: str) -> Order:
        if self._life:
            self._life.cancel()
            with suppress(BaseException):
                await self._life
        self._app = self._life = None
        await self._forgotten()
        module: Any = self._module
        try:
            app = module.make_app(str(Path.cwd() / name))
            if not isinstance(app, FastAPI):
                return {"odd": type(app).__name__}
            self._app = app
            await self._started(app)
        except BaseException as error:  # noqa: BLE001  whatever a stranger's code raises
            return {"raised": "other", "text": text(error)}
        return {"value": None}

    async def _forgotten(self) -> None:
        """Return when nothing is left of what was served: a connection, and its lock, lives as long as its last error."""
        for _ in range(TURNS):
            if not self._answering:
                break
            await asyncio.sleep(0.001)
        gc.collect()

    async def _started(self, app: FastAPI) -> None:
        """Return when the app has done what it does at its start."""
        told: asyncio.Queue[Any] = asyncio.Queue()
        asked: asyncio.Queue[Any] = asyncio.Queue()
        await asked.put({"type": "lifespan.startup"})
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        self._life = asyncio.create_task(app(scope, asked.get, told.put))
        message = asyncio.create_task(told.get())
        await asyncio.wait([self._life, message], return_when=asyncio.FIRST_COMPLETED)
        if not message.done():
            message.cancel()
            await self._life
        elif message.result()["type"] == "lifespan.startup.failed":
            raise RuntimeError(message.result().get("message", "startup failed")[-80:])
