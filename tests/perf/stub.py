"""A model that always says "4", on loopback: `python stub.py` prints its port and serves until it is ended.

Hand-written HTTP/1.1, so that what is measured against it is the client. The first part of a path is the latency in
milliseconds, the rest decides the wire format:

    POST /50/v1/chat/completions   OpenAI's Chat Completions
    POST /50/v1/responses          OpenAI's Responses
    POST /50/v1/messages           Anthropic's Messages
    GET  /stats                    {"calls": answered, "running": now, "most": most at once, "connections": opened}
    POST /reset                    the same, then all counters begin again
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

__all__ = ["ANSWER", "Stub", "serve"]

ANSWER = "4"
HOST = "127.0.0.1"
INPUT_TOKENS, OUTPUT_TOKENS = 20, 1


def chat(model: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}],
        "usage": {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def responses(model: str) -> dict[str, Any]:
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": [
            {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [text]},
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": OUTPUT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def messages(model: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
    }


FORMATS: dict[str, Callable[[str], dict[str, Any]]] = {
    "/v1/chat/completions": chat,
    "/v1/responses": responses,
    "/v1/messages": messages,
}


class Stub:
    """What all connections share: the counters."""

    def __init__(self) -> None:
        self.calls = self.running = self.most = self.connections = 0

    def stats(self) -> dict[str, int]:
        return {"calls": self.calls, "running": self.running, "most": self.most, "connections": self.connections}

    def reset(self) -> dict[str, int]:
        before = self.stats()
        self.calls = self.most = self.connections = 0
        return before


class Connection(asyncio.Protocol):
    """One client's connection: one request at a time, as HTTP clients without pipelining send them."""

    transport: asyncio.Transport

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.stub.connections += 1

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            head = self.unread[:end].decode("latin1")
            headers = {name.strip().lower(): value.strip() for name, _, value in map(_parted, head.split("\r\n")[1:])}
            start, size = end + 4, int(headers.get("content-length", 0))
            if len(self.unread) < start + size:
                return
            body, self.unread = self.unread[start : start + size], self.unread[start + size :]
            self.request(head.split(" ", 2)[1].partition("?")[0], body)

    def request(self, path: str, body: bytes) -> None:
        if path in {"/stats", "/reset"}:
            self.reply(200, self.stub.reset() if path == "/reset" else self.stub.stats())
            return
        latency, _, rest = path[1:].partition("/")
        made = FORMATS.get(f"/{rest}")
        if made is None or not latency.isdigit():
            self.reply(404, {"error": {"message": f"no such path: {path}"}})
            return
        self.stub.running += 1
        self.stub.most = max(self.stub.most, self.stub.running)
        answer = made(json.loads(body)["model"])
        asyncio.get_running_loop().call_later(int(latency) / 1000, self.answer, answer)

    def answer(self, answer: dict[str, Any]) -> None:
        self.stub.running -= 1
        self.stub.calls += 1
        self.reply(200, answer)

    def reply(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + data)


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")


async def serve(stub: Stub) -> asyncio.Server:
    """A listening server on a port that was free."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(stub), HOST, 0, backlog=1024)


async def _forever() -> None:
    server = await serve(Stub())
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the parent reads it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_forever())
