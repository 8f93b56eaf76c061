"""The loopback server of the provider tests: it answers one page to everything and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.providers import Connect, anthropic, google, openai, openai_compatible
from harness.values import Request, Response, Tier

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

# `ask(provider, page, **fields)`
Ask = Callable[..., Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the server. `length` overrides the content length, to cut the body short."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json"
    length: int | None = None

    def bytes(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Edge:
    """The server: what it answers next, and what it was sent."""

    url: str
    page: Page = field(default_factory=Page)
    paths: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Edge]:
    """Start the server on a free port."""
    edge = Edge("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            edge.paths.append(self.path)
            edge.sent.append(json.loads(body))
            edge.headers.append({key.lower(): value for key, value in self.headers.items()})
            page, data = edge.page, edge.page.bytes()
            self.send_response(page.status)
            for key, value in {"content-type": page.type, **page.headers}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(data) if page.length is None else page.length))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = page.length is not None

        def log_message(self, *_: object) -> None:
            """Keep the tests quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        edge.url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        yield edge
        http.shutdown()


def tier_of(provider: str, edge: Edge) -> Tier:
    suffix = "/v1" if provider.startswith("openai") else ""
    return Tier(
        name="t", provider=provider, model=MODELS[provider], base_url=edge.url + suffix,
        key_env="SOME_KEY" if provider == "openai-compatible" else None,
    )  # fmt: skip


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
