"""A model that always says "4", on loopback: `python stub.py` prints its port and serves until it is ended.

Hand-written HTTP/1.1, so that what is measured against it is the client. The first part of a path is a lane, which has
counters of its own and ends in the latency in milliseconds; the rest decides the wire format:

    POST /LANE-50/v1/chat/completions   OpenAI's Chat Completions
    POST /LANE-50/v1/responses          OpenAI's Responses
    POST /LANE-50/v1/messages           Anthropic's Messages
    POST /LANE-50/reset                 {"calls": answered, "most": most at once, "connections": used}, and begin again
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

__all__ = ["ANSWER", "HOST", "Stub", "reset", "serve", "started"]

ANSWER = "4"
HOST = "127.0.0.1"
TOKENS = (20, 1)


def chat(model: str) -> dict[str, Any]:
    read, written = TOKENS
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def responses(model: str) -> dict[str, Any]:
    read, written = TOKENS
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [text]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        },
    }


def messages(model: str) -> dict[str, Any]:
    read, written = TOKENS
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": read, "output_tokens": written},
    }


FORMATS: dict[str, Callable[[str], dict[str, Any]]] = {
    "v1/chat/completions": chat,
    "v1/responses": responses,
    "v1/messages": messages,
}


class Lane:
    """The counters of one lane."""

    __slots__ = ("calls", "connections", "most", "running")

    def __init__(self) -> None:
        self.calls = self.running = self.most = 0
        self.connections: set[int] = set()

    def counted(self) -> dict[str, int]:
        return {"calls": self.calls, "most": self.most, "connections": len(self.connections)}


class Stub:
    """What all connections share."""

    def __init__(self) -> None:
        self.lanes: defaultdict[str, Lane] = defaultdict(Lane)


class Connection(asyncio.Protocol):
    """One client's connection: one request at a time, as HTTP clients without pipelining send them."""

    transport: asyncio.Transport

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            head = self.unread[:end].decode("latin1")
            stop = end + 4 + _size(head)
            if len(self.unread) < stop:
                return
            body, self.unread = self.unread[end + 4 : stop], self.unread[stop:]
            self.request(head.split(" ", 2)[1].partition("?")[0], body)

    def request(self, path: str, body: bytes) -> None:
        name, _, rest = path[1:].partition("/")
        latency = name.rpartition("-")[2]
        if rest == "reset":
            self.reply(200, self.stub.lanes.pop(name, Lane()).counted())
        elif rest not in FORMATS or not latency.isdigit():
            self.reply(404, {"error": {"message": f"no such path: {path}"}})
        else:
            lane = self.stub.lanes[name]
            lane.running += 1
            lane.most = max(lane.most, lane.running)
            lane.connections.add(id(self))
            answer = FORMATS[rest](json.loads(body)["model"])
            asyncio.get_running_loop().call_later(int(latency) / 1000, self.answer, lane, answer)

    def answer(self, lane: Lane, answer: dict[str, Any]) -> None:
        lane.running -= 1
        lane.calls += 1
        self.reply(200, answer)

    def reply(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + data)


def _size(head: str) -> int:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


async def serve(stub: Stub) -> asyncio.Server:
    """A listening server on a port that was free."""
    return await asyncio.get_running_loop().create_server(lambda: Connection(stub), HOST, 0, backlog=1024)


@contextmanager
def started() -> Iterator[int]:
    """A stub in a process of its own; yields its port."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def reset(port: int, lane: str) -> dict[str, int]:
    """The counters of a lane, which begin again."""
    link = HTTPConnection(HOST, port, timeout=10)
    try:
        link.request("POST", f"/{lane}/reset")
        counted: dict[str, int] = json.loads(link.getresponse().read())
    finally:
        link.close()
    return counted


async def _forever() -> None:
    server = await serve(Stub())
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_forever())
