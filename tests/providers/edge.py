"""The loopback server of the provider tests: it answers one page to everything and keeps what it was sent."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeVar

from harness.providers import Connect, anthropic, google, openai, openai_compatible
from harness.values import Request, Response, Tier

T = TypeVar("T")

KEY = "sk-test-0123456789abcdef"
CONNECT: dict[str, Connect] = {
    "anthropic": anthropic.connect,
    "openai": openai.connect,
    "openai-compatible": openai_compatible.connect,
    "google": google.connect,
}
MODELS = {
    "anthropic": "claude-haiku-5-5",
    "openai": "gpt-6-luna",
    "openai-compatible": "some-model",
    "google": "gemini-3.8-flash",
}
PROVIDERS = tuple(CONNECT)

# The least that each provider's answer must hold.
GOOD: dict[str, dict[str, Any]] = {
    "anthropic": {
        "model": "served",
        "content": [{"type": "text", "text": "Paris"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 7, "output_tokens": 3},
    },
    "openai": {
        "model": "served",
        "status": "completed",
        "incomplete_details": None,
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Paris"}]}],
        "usage": {"input_tokens": 7, "output_tokens": 3},
    },
    "openai-compatible": {
        "model": "served",
        "choices": [{"finish_reason": "stop", "message": {"content": "Paris"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    },
    "google": {
        "modelVersion": "served",
        "candidates": [{"content": {"parts": [{"text": "Paris"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3},
    },
}

# `ask(provider, page, **fields)`
Ask = Callable[..., Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the server. `length` overrides the content length, to cut the body short.

    `act`: "answer" as told; "meet" the others of `Edge.barrier` first; "hang" until `Edge.hold` is set; "close" or
    "reset" the connection without a word; "babble", that is, send the body as it is, without HTTP around it.
    """

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json"
    length: int | None = None
    act: Literal["answer", "meet", "hang", "close", "reset", "babble"] = "answer"

    def bytes(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Edge:
    """The server: what it answers next (to all, or by path), and what it was sent."""

    url: str
    page: Page | Callable[[str], Page] = field(default_factory=Page)
    paths: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(1))

    def clear(self) -> None:
        self.page = Page()
        self.hold = threading.Event()
        for kept in (self.paths, self.sent, self.headers):
            kept.clear()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    edge: Edge


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        self.server.edge.sent.append(json.loads(body))
        self.do_GET()

    def do_GET(self) -> None:
        edge = self.server.edge
        edge.paths.append(self.path)
        edge.headers.append({key.lower(): value for key, value in self.headers.items()})
        page = edge.page if isinstance(edge.page, Page) else edge.page(self.path)
        match page.act:
            case "meet":
                edge.barrier.wait(30)
            case "hang":
                edge.hold.wait(30)
            case "babble":
                self.wfile.write(page.bytes())
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())
        if page.act in {"answer", "meet", "hang"}:
            self._answer(page)
        else:
            self.close_connection = True

    do_CONNECT = do_GET  # noqa: N815 - the base class's naming

    def _answer(self, page: Page) -> None:
        data = page.bytes()
        try:
            self.send_response(page.status)
            for key, value in {"content-type": page.type, **page.headers}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(data) if page.length is None else page.length))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # the client has gone
            self.close_connection = True
        self.close_connection |= page.length is not None

    def log_message(self, *_: object) -> None:
        """Keep the tests quiet."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Edge]:
    """Start the server on a free port, behind TLS if there is a `context`."""
    with _Http(("127.0.0.1", 0), _Handler) as http:
        scheme = "https" if context else "http"
        http.edge = Edge(f"{scheme}://127.0.0.1:{http.server_address[1]}")
        if context:
            http.socket = context.wrap_socket(http.socket, server_side=True)
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        yield http.edge
        http.shutdown()


def tier_of(provider: str, edge: Edge) -> Tier:
    suffix = "/v1" if provider.startswith("openai") else ""
    return Tier(
        name="t", provider=provider, model=MODELS[provider], base_url=edge.url + suffix, key_env="SOME_KEY"
    )  # fmt: skip


def inside(provider: str, edge: Edge, use: Callable[[Any], Awaitable[T]], **change: Any) -> T:
    """What `use` gives of the connection of a tier, which is `tier_of` with this `change`."""

    async def go() -> T:
        async with CONNECT[provider](replace(tier_of(provider, edge), **change)) as connection:
            return await use(connection)

    return asyncio.run(go())


def request_of(provider: str) -> Request:
    return Request(
        provider=provider,
        model=MODELS[provider],
        endpoint="",
        system="Be brief.",
        prompt="What is the capital of France?",
        max_output_tokens=64,
        temperature=None,
        seed=None,
        effort=None,
        schema=None,
        weights=None,
        engine=None,
        epoch=0,
    )
