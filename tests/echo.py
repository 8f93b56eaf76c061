"""A loopback server that speaks to every SDK and gives away the key it was sent, in every way a server can."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import quote

CARRIERS = ("authorization", "x-api-key", "x-goog-api-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One reply. `length` overrides the content length."""

    status: int = 200
    body: str = ""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


def fault(status: int) -> Callable[[str, str, str], Page]:
    """An error of a provider's shape, all three at once, that repeats the key wherever there is room."""

    def page(_: str, __: str, key: str) -> Page:
        inner = {
            "code": status,
            "type": f"x_{key}",
            "status": key,
            "param": key,
            "message": f"{'bad ' * 68}the key {key} ({coded(key)}) is wrong",
            "details": [{"reason": key, "@type": key}],
        }
        return Page(status=status, body=json.dumps({"type": "error", "error": inner, "request_id": key, key: key}))

    return page


def good(shape: str, prompt: str, key: str) -> Page:
    return Page(body=json.dumps(reply(shape, f"{total(prompt)}", key)))


def talkative(shape: str, prompt: str, key: str) -> Page:
    return Page(body=json.dumps(reply(shape, f"{total(prompt)} by {key} or {coded(key)}", key)))


def escaped(shape: str, prompt: str, key: str) -> Page:
    """JSON may write every character as an escape."""
    letters = "".join(f"\\u{ord(letter):04x}" for letter in key)
    return Page(body=json.dumps(reply(shape, f"{total(prompt)} by KEY", "KEY")).replace("KEY", letters))


def indirect(shape: str, prompt: str, key: str) -> Page:
    """The key in other spellings only."""
    return Page(body=json.dumps(reply(shape, f"{total(prompt)} by {coded(key)}", coded(key))))


class Flaky:
    """The first try of every request fails, and says why."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def __call__(self, shape: str, prompt: str, key: str) -> Page:
        new = (shape, prompt) not in self._seen
        self._seen.add((shape, prompt))
        return fault(529)(shape, prompt, key) if new else good(shape, prompt, key)


def html(_: str, __: str, key: str) -> Page:
    return Page(body=f"<html><p>{key}</p>{key}</html>", kind="text/html")


def gateway(_: str, __: str, key: str) -> Page:
    return Page(status=502, body=f"<html><p>{key}</p>{key}</html>", kind="text/html")


def cut(shape: str, prompt: str, key: str) -> Page:
    return Page(body=json.dumps({key: key, **reply(shape, key, key)})[:-30])


def short(shape: str, prompt: str, key: str) -> Page:
    return Page(body=f'{{"{key}": "{key}', length=4096)


def moved(_: str, __: str, key: str) -> Page:
    return Page(status=307, body=key, headers={"location": f"/good/v1/{quote(key, safe='')}?key={quote(key)}"})


def failed(shape: str, prompt: str, key: str) -> Page:
    """Status 200 around an error."""
    error = {"code": "server_error", "message": f"{key} failed", "type": key}
    whole = {"error": error, "status": "failed", "choices": [], "model": key, "promptFeedback": {"blockReason": key}}
    return Page(body=json.dumps({**reply(shape, key, key), **whole}))


MODES: Mapping[str, Callable[[str, str, str], Page]] = {
    **{f"f{status}": fault(status) for status in (400, 401, 403, 404, 429, 500, 529)},
    **{page.__name__: page for page in (good, talkative, escaped, indirect, html, gateway, cut, short, moved, failed)},
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # So many connections are opened in the same moment; the default of 5 would let some wait for seconds.
    request_queue_size = 512


class EchoServer:
    """`url` takes `/<mode>` and then what an SDK puts behind its base URL; `heard` keeps every request's own bytes."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        lock, heard = threading.Lock(), self.heard
        pages: dict[str, Callable[[str, str, str], Page]] = {**MODES, "flaky": Flaky()}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers.get("content-length", 0))))

            def answer(self, sent: bytes) -> None:
                with lock:
                    heard.append(f"{self.requestline}\n{self.headers}\n{sent.decode(errors='replace')}")
                key = next((value for name in CARRIERS if (value := self.headers.get(name))), "none")
                key = key.removeprefix("Bearer ")
                mode, path = self.path.lstrip("/").split("/", 1)
                page = models(key) if self.command == "GET" else pages[mode](shape_of(path), prompt_of(sent), key)
                data = page.body.encode()
                self.send_response(page.status)
                self.send_header("content-type", page.kind)
                self.send_header("content-length", str(len(data) if page.length is None else page.length))
                for name in ("x-echo", "request-id", "x-request-id"):
                    self.send_header(name, key)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                self.close_connection = page.length is not None

            def log_message(self, *_: object) -> None:
                """Keep the tests quiet."""

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def coded(key: str) -> str:
    """The key as `Authorization: Basic` and as an address would hold it."""
    return f"{base64.b64encode(f'user:{key}'.encode()).decode()} {quote(key, safe='')}"


def shape_of(path: str) -> str:
    for mark in ("messages", "responses", "chat/completions"):
        if mark in path:
            return mark
    return "generateContent"


def prompt_of(sent: bytes) -> str:
    """The text of a request, wherever its shape keeps it; nothing of what is no request of one answer."""
    try:
        body = json.loads(sent)
    except ValueError:
        return ""
    if "contents" in body:
        return str(body["contents"][0]["parts"][0]["text"])
    return str(body["messages"][-1]["content"] if "messages" in body else body.get("input", ""))


def total(prompt: str) -> int:
    numbers = prompt.split()
    return int(numbers[0]) + int(numbers[2]) if len(numbers) > 2 else 0


def reply(shape: str, text: str, key: str) -> dict[str, Any]:
    """A sound reply with fields that nobody knows."""
    return {**_REPLIES[shape](text), "id": key, "debug": {"headers": {"x-api-key": key}, key: [key]}}


def models(key: str) -> Page:
    """A list in all three shapes: one sound model that retires one day, and one that is named after the key."""
    one: dict[str, Any] = {"type": "model", "object": "model", "created": 0, "owned_by": key, "display_name": key}
    one |= {"created_at": "2026-01-01T00:00:00Z", "retires_at": "2099-01-01T00:00:00Z", "shutdown_date": "2099-01-01"}
    rows = [{**one, "id": name, "name": f"models/{name}"} for name in ("some-model", f"another-{key}")]
    ends = {"has_more": False, "first_id": "a", "last_id": "a", "object": "list"}
    return Page(body=json.dumps({"data": rows, "models": rows, **ends}))


def _messages(text: str) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 3}
    content = [{"type": "text", "text": text}]
    return {
        "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "end_turn",
        "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def _responses(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": content}
    usage = {
        "input_tokens": 10, "output_tokens": 3, "total_tokens": 13,
        "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    return {
        "object": "response", "created_at": 0, "model": "m", "status": "completed", "output": [item], "usage": usage,
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip


def _chat(text: str) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
    return {"object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def _generated(text: str) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 3}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m"}


_REPLIES: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "messages": _messages,
    "responses": _responses,
    "chat/completions": _chat,
    "generateContent": _generated,
}
