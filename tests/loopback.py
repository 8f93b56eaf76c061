"""A real HTTP server on loopback that speaks Chat Completions, answers sums, and counts what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self


class SumServer:
    """Start it with `with`; `asked` counts requests by prompt, `url` is what --base-url wants.

    Each answer takes `delay` seconds. Beyond `most` requests at once it refuses with 429 (`refused` counts them), as
    providers do; `hints` go with the refusal as headers.
    """

    def __init__(self, delay: float = 0.0, *, most: int | None = None, hints: Mapping[str, str] | None = None) -> None:
        self.asked: Counter[str] = Counter()
        self.refused = 0
        self.delay = delay
        self.most = most
        self.hints = hints or {}
        self.under_way = 0
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive until the client leaves, however rudely."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length:")[1].split("\r\n")[0])
                writer.write(await self._reply(json.loads(await reader.readexactly(length))))
                await writer.drain()
        writer.close()

    async def _reply(self, body: Mapping[str, Any]) -> bytes:
        if self.most is not None and self.under_way >= self.most:
            self.refused += 1
            return _http("429 Too Many Requests", {"error": {"message": "slow down"}}, self.hints)
        prompt = body["messages"][-1]["content"]
        self.asked[prompt] += 1
        self.under_way += 1
        try:
            await asyncio.sleep(self.delay)
        finally:
            self.under_way -= 1
        return _http("200 OK", completion(prompt, body["model"]), {})


def _http(status: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    data = json.dumps(body).encode()
    head = {"content-type": "application/json", "content-length": str(len(data)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + data


def completion(prompt: str, model: str) -> dict[str, Any]:
    """The sum; the model `sloppy` is wrong wherever it can be divided by three, always the same ones."""
    a, _, b, *_ = prompt.split()
    total = int(a) + int(b)
    said = total + (model == "sloppy" and total % 3 == 0)
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": str(said)},
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16},
    }
