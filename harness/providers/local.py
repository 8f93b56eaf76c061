"""GGUF weights on llama.cpp in this process: the provider `local`, without a key, a network or a price list.

A tier's connection is `max_connections` independent servers of one slot and one thread each: on few cores that is
faster than one server with more threads or slots, its speed is steady beside other load, and no reply depends on what
is computed next to it. Requests go to whichever server is free, over loopback, as Chat Completions.

Requests of one suite share their system prompt, so its state is computed once per server, saved, and restored before
every request. llama.cpp's own prefix cache would reuse whatever the request before happened to share, which changes
the batches that the rest is computed in, hence the last bits, hence now and then the reply.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import weights
from ..errors import BadInput, MissingExtra, ProviderError, WeightsError
from ..values import Request, Response, Tier
from . import Connection, openai_compatible
from .faults import network_error
from .wire import NO_KEY, Wire

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

__all__ = ["build", "connect", "reproducible"]

_CONTEXT = 8192
_SERVERS = 2
# A server looks up between batches only: small ones let it stop within a second or two while it reads a long prompt.
_BATCH = 64
_TIMEOUT = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    """One server as its user sees it; `saved` holds the system prompts whose state lies on disk."""

    address: str
    http: httpx2.AsyncClient
    sdk: AsyncOpenAI
    wire: Wire
    saved: set[str] = field(default_factory=set)


@asynccontextmanager
async def connect(tier: Tier) -> AsyncIterator[Connection]:
    """Start the tier's servers; leaving stops them, also in the middle of a reply."""
    if tier.weights is None or tier.temperature is None or tier.seed is None:
        raise BadInput(tier.name, "a local tier needs weights, temperature and seed; add them to the ladder")
    _check_engine(tier)
    path = await asyncio.to_thread(weights.locate, tier.weights)
    servers: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="tierfloor-") as folder:
        try:
            folders = [Path(folder, str(number)) for number in range(tier.max_connections or _SERVERS)]
            servers.extend([await asyncio.to_thread(_start, path, states) for states in folders])
            async with AsyncExitStack() as stack:
                free: asyncio.Queue[_Client] = asyncio.Queue()
                for address in [server.listening_address for server in servers]:
                    free.put_nowait(await _open(stack, address))

                async def complete(request: Request) -> Response:
                    client = await free.get()
                    try:
                        return await _ask(client, request)
                    finally:
                        free.put_nowait(client)

                yield Connection(complete=complete)
        finally:
            # Deleting a server stops it, but waits for ever if a client still holds a connection that it owes a
            # reply to: so the clients are closed first.
            servers.clear()


def build(request: Request, *, reuse: bool) -> dict[str, Any]:
    """The body of a request; `reuse` keeps the state that the server holds, as far as it fits."""
    return {**openai_compatible.build(request), "cache_prompt": reuse}


def reproducible(response: Response, model: str) -> Response:
    """The response without what depends on the machine or on earlier requests: paths, timings, shared prefixes."""
    usage = replace(response.usage, cached=0)
    counts = {"completion_tokens": usage.output, "prompt_tokens": usage.input}
    raw = {"finish_reason": response.raw["choices"][0]["finish_reason"], "usage": counts}
    return replace(response, usage=usage, model=model, raw=raw)


async def _ask(client: _Client, request: Request) -> Response:
    place = f"local/{request.model}"
    if request.system:
        await _restore(client, request, place)
    sent = build(request, reuse=bool(request.system))
    return reproducible(await openai_compatible.ask(client.wire, client.sdk, request, sent), request.model)


async def _restore(client: _Client, request: Request, place: str) -> None:
    """Bring the server to the state right after the system prompt, always the same bits."""
    name = hashlib.sha256(request.system.encode()).hexdigest()
    if name not in client.saved:
        prefix = replace(request, prompt="", max_output_tokens=1, schema=None)
        await openai_compatible.ask(client.wire, client.sdk, prefix, build(prefix, reuse=False))
        await _slot(client, "save", name, place)
        client.saved.add(name)
    await _slot(client, "restore", name, place)


async def _slot(client: _Client, action: str, name: str, place: str) -> None:
    try:
        reply = await client.http.post(f"{client.address}/slots/0", params={"action": action}, json={"filename": name})
    except Exception as error:
        raise network_error(place, error) from error
    if reply.status_code != 200:
        raise ProviderError(
            place, f"cannot {action} the prompt's state ({reply.text[:200]}); is the disk full?", fault="server fault"
        )


def _check_engine(tier: Tier) -> None:
    installed = weights.installed_engine()
    if installed is None:
        raise MissingExtra(tier.name, 'local models need xllamacpp: pip install "tierfloor[local]"')
    if tier.engine is not None and tier.engine != installed:
        wanted = tier.engine.replace(" ", "==")
        raise BadInput(tier.name, f"engine is {installed}, the ladder pins {tier.engine}: pip install {wanted}")


def _start(path: Path, states: Path) -> Any:
    # Read by the engine's OpenMP when it is loaded; spinning threads starve each other where cores are few.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    import xllamacpp

    states.mkdir()
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = _CONTEXT
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 2
    params.cache_ram_mib = 0
    params.slot_save_path = f"{states}{os.sep}"
    params.verbosity = 1
    params.ui = False
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise WeightsError(path.name, f"llama.cpp cannot load it ({error}); is it a GGUF model?") from error


async def _open(stack: AsyncExitStack, address: str) -> _Client:
    import openai

    # Loopback must not go through a proxy that the environment names.
    http = await stack.enter_async_context(openai.DefaultAsyncHttpxClient(trust_env=False, timeout=_TIMEOUT))
    sdk = openai_compatible.client_of(f"{address}/v1", NO_KEY, http)
    return _Client(address=address, http=http, sdk=sdk, wire=Wire(address, NO_KEY, openai.APIStatusError))
