"""What a program that asks must cost: bare clients, one a process. `python clients.py CLIENT URL CALLS CONNECTIONS`.

`URL` is the server's address without `/v1`. Prints how many answers were right. Each client imports its own package
only, inside the function that needs it, so that imports count as they do in any program.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

__all__ = ["ANTHROPIC", "BARE", "OPENAI", "QUESTION", "asked"]

QUESTION = "Item {}: what is 2+2? Reply with the number only."
ANSWER = "4"

Ask = Callable[[int], Awaitable[str]]


def body(number: int) -> dict[str, Any]:
    """The same bytes from every client, and in both vendors' formats."""
    return {"model": "stub", "messages": [{"role": "user", "content": QUESTION.format(number)}], "max_tokens": 16}


@asynccontextmanager
async def raw(url: str, connections: int) -> AsyncIterator[Ask]:
    """Hand-written HTTP/1.1 on asyncio's streams: the lower bound."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path}/v1/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        "content-type: application/json\r\ncontent-length: "
    ).encode()
    links = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(connections)]

    async def ask(number: int) -> str:
        reader, writer = links.pop()
        data = json.dumps(body(number)).encode()
        writer.write(b"%b%d\r\n\r\n%b" % (head, len(data), data))
        size = int((await reader.readuntil(b"\r\n\r\n")).split(b"content-length: ")[1].split(b"\r\n")[0])
        answer = json.loads(await reader.readexactly(size))
        links.append((reader, writer))
        return str(answer["choices"][0]["message"]["content"])

    yield ask
    for _, writer in links:
        writer.close()


@asynccontextmanager
async def aiohttp_session(url: str, connections: int) -> AsyncIterator[Ask]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:

        async def ask(number: int) -> str:
            async with session.post(f"{url}/v1/chat/completions", json=body(number)) as reply:
                return str((await reply.json())["choices"][0]["message"]["content"])

        yield ask


def openai_sdk(transport: str, way: str) -> Callable[[str, int], AbstractAsyncContextManager[Ask]]:
    """OpenAI's SDK on a transport, and how far its answer is unpacked: parsed, raw_response, or posted by hand."""

    @asynccontextmanager
    async def made(url: str, _: int) -> AsyncIterator[Ask]:
        import httpx2
        import openai

        http = openai.DefaultAioHttpClient() if transport == "aiohttp" else None
        async with openai.AsyncOpenAI(
            base_url=f"{url}/v1", api_key="x", max_retries=0, timeout=120, http_client=http
        ) as client:

            async def parsed(number: int) -> str:
                return str((await client.chat.completions.create(**body(number))).choices[0].message.content)

            async def raw_response(number: int) -> str:
                reply = await client.chat.completions.with_raw_response.create(**body(number))
                return str(json.loads(reply.content)["choices"][0]["message"]["content"])

            async def posted(number: int) -> str:
                reply = await client.post("/chat/completions", cast_to=httpx2.Response, body=body(number))
                return str(json.loads(reply.content)["choices"][0]["message"]["content"])

            yield {"parsed": parsed, "raw response": raw_response, "post": posted}[way]

    return made


def anthropic_sdk(transport: str, way: str) -> Callable[[str, int], AbstractAsyncContextManager[Ask]]:
    """The same with Anthropic's."""

    @asynccontextmanager
    async def made(url: str, _: int) -> AsyncIterator[Ask]:
        import anthropic
        import httpx2

        http = anthropic.DefaultAioHttpClient() if transport == "aiohttp" else None
        async with anthropic.AsyncAnthropic(
            base_url=url, api_key="x", max_retries=0, timeout=120, http_client=http
        ) as client:

            async def parsed(number: int) -> str:
                return str((await client.messages.create(**body(number))).content[0].text)

            async def posted(number: int) -> str:
                reply = await client.post("/v1/messages", cast_to=httpx2.Response, body=body(number))
                return str(json.loads(reply.content)["content"][0]["text"])

            yield {"parsed": parsed, "post": posted}[way]

    return made


BARE: dict[str, Callable[[str, int], AbstractAsyncContextManager[Ask]]] = {
    "raw asyncio": raw,
    "aiohttp": aiohttp_session,
}
OPENAI = {
    "openai SDK": openai_sdk("default", "parsed"),
    "openai SDK, aiohttp": openai_sdk("aiohttp", "parsed"),
    "openai SDK, aiohttp, raw response": openai_sdk("aiohttp", "raw response"),
    "openai SDK, aiohttp, post": openai_sdk("aiohttp", "post"),
}
ANTHROPIC = {
    "anthropic SDK": anthropic_sdk("default", "parsed"),
    "anthropic SDK, aiohttp": anthropic_sdk("aiohttp", "parsed"),
    "anthropic SDK, aiohttp, post": anthropic_sdk("aiohttp", "post"),
}


async def asked(client: Callable[[str, int], AbstractAsyncContextManager[Ask]], url: str, calls: int, many: int) -> int:
    """Ask `calls` questions, `many` at a time; returns how many answers were right."""
    numbers = iter(range(calls))
    right = 0
    async with client(url, many) as ask, asyncio.TaskGroup() as group:

        async def worker() -> None:
            nonlocal right
            for number in numbers:
                answer = await ask(number)
                right += answer == ANSWER

        for _ in range(many):
            group.create_task(worker())
    return right


def main(name: str, url: str, calls: str, many: str) -> None:
    known = {**BARE, **OPENAI, **ANTHROPIC}
    sys.stdout.write(f"{asyncio.run(asked(known[name], url, int(calls), int(many)))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
