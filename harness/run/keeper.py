"""Answers on their way into the store."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..errors import TierfloorError
from ..values import Request, Response

__all__ = ["Keep", "Keeper"]

Pair = tuple[Request, Response]
Keep = Callable[[Sequence[Pair]], Sequence[Response]]
_Batch = list[tuple[Pair, asyncio.Future[Response]]]


class Keeper:
    """Stores answers in the order of their arrival, as many at once as arrived while the last ones were stored.

    A thread of its own does it: a slow disk holds up neither the event loop nor, through one commit an answer, the rate.
    """

    def __init__(self, keep: Keep, release: Callable[[], None]) -> None:
        self._keep = keep
        self._release = release
        self._arrived: _Batch = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeper")
        self._storing: asyncio.Future[Sequence[Response]] | None = None
        self._broken: BaseException | None = None

    def put(self, request: Request, response: Response) -> asyncio.Future[Response]:
        """Hand in an answer; the future has the one that is kept once it is on the disk, or the store's error."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[Response] = loop.create_future()
        if not self._arrived and self._storing is None:
            # At the end of this turn of the loop, so that what came in together is stored together.
            loop.call_soon(self._store)
        self._arrived.append(((request, response), kept))
        return kept

    async def close(self) -> None:
        """Store what has arrived and end. Errors are the business of who handed in."""
        self._store()
        while self._storing is not None:
            await asyncio.wait([self._storing])
        self._thread.submit(self._release)
        self._thread.shutdown()

    def _store(self) -> None:
        if not self._arrived or self._storing is not None:
            return
        batch, self._arrived = self._arrived, []
        if self._broken is not None:
            self._told(batch, self._broken)
            return
        pairs = [pair for pair, _ in batch]
        self._storing = asyncio.get_running_loop().run_in_executor(self._thread, _each_if_not_all, self._keep, pairs)
        self._storing.add_done_callback(functools.partial(self._stored, batch))

    def _stored(self, batch: _Batch, storing: asyncio.Future[Sequence[Response]]) -> None:
        self._storing = None
        self._broken = storing.exception()
        if self._broken is not None:
            self._told(batch, self._broken)
        else:
            for (_, kept), response in zip(batch, storing.result(), strict=True):
                if not kept.done():
                    kept.set_result(response)
        self._store()

    @staticmethod
    def _told(batch: _Batch, error: BaseException) -> None:
        for _, kept in batch:
            if not kept.done():
                kept.set_exception(error)


def _each_if_not_all(keep: Keep, pairs: Sequence[Pair]) -> Sequence[Response]:
    """Store answers together; if that fails, one by one, so that an answer that cannot be kept takes no other along."""
    try:
        return keep(pairs)
    except TierfloorError:
        if len(pairs) == 1:
            raise
    kept: list[Response] = []
    errors: list[TierfloorError] = []
    for pair in pairs:
        try:
            kept += keep([pair])
        except TierfloorError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return kept
