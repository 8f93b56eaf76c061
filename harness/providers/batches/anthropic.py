"""Anthropic's Message Batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from ...errors import ProviderError
from ...values import Request, Response
from .. import BatchState
from ..faults import reply_error, status_error
from . import Adapter, answered, day, each, json_size, lines, streamed, unanswered

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

__all__ = ["AnthropicBatches"]

_PATH: Final = "/v1/messages/batches"
# Our clock against theirs.
_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    ended: bool
    processing: int
    total: int
    on: str
    archived: str | None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        counts = body["request_counts"]
        return cls(
            ended=body["processing_status"] == "ended",
            processing=int(counts["processing"]),
            total=sum(int(count) for count in counts.values()),
            on=day(body.get("ended_at")),
            archived=body.get("archived_at"),
        )


class AnthropicBatches:
    """Batches have neither name nor metadata here, so one whose id was lost is found by its time and size."""

    most = 100_000
    most_bytes = 250_000_000  # of 256 MB
    kept = timedelta(days=30)  # results: 29 days from the batch's creation

    def __init__(self, client: AsyncAnthropic, adapter: Adapter) -> None:
        self._client = client
        self._adapter = adapter

    def size(self, request: Request) -> int:
        return json_size(self._item(request))

    async def submit(self, requests: Sequence[Request], tag: str) -> str:  # noqa: ARG002 - there is no place for it
        from httpx2 import Response as Raw

        place, wire = self._adapter.place, self._adapter.wire
        body = {"requests": [self._item(request) for request in requests]}
        received = await wire.attempt(place, partial(self._client.post, _PATH, cast_to=Raw, body=body))
        return wire.read(place, received, lambda batch: str(batch["id"]))

    async def find(self, tag: str, count: int, since: datetime, taken: Collection[str]) -> str | None:  # noqa: ARG002
        found = []
        newest_first = self._client.messages.batches.list(limit=100)
        async for batch in each(self._adapter, newest_first):
            if batch.created_at < since - _SKEW:
                break
            if sum(batch.request_counts.model_dump().values()) == count and batch.id not in taken:
                found.append((batch.created_at < since, abs(batch.created_at - since), batch.id))
        return min(found)[2] if found else None

    async def state(self, batch: str) -> BatchState:
        found = await self._retrieve(batch)
        return BatchState(ended=found.ended, done=found.total - found.processing, total=found.total)

    async def results(self, batch: str) -> AsyncGenerator[tuple[str, Response | ProviderError], None]:
        place, wire = self._adapter.place, self._adapter.wire
        found = await self._retrieve(batch)
        if found.archived:
            problem = f"the results of batch {batch} were removed on {found.archived[:10]}"
            raise ProviderError(place, problem, fault="expired")
        came = 0
        # Not at the `results_url` that the batch names: the key goes to no other address.
        async with aclosing(streamed(self._client, f"{_PATH}/{batch}/results")) as chunks:
            async for line in lines(self._adapter, chunks):
                came += 1
                yield wire.read(place, line, lambda told: (str(told["custom_id"]), self._result(told, found.on)))
        if came < found.total:
            raise reply_error(place, f"only {came} of the {found.total} results of batch {batch} came")

    async def _retrieve(self, batch: str) -> _Batch:
        from httpx2 import Response as Raw

        place, wire = self._adapter.place, self._adapter.wire
        received = await wire.attempt(place, partial(self._client.get, f"{_PATH}/{batch}", cast_to=Raw))
        return wire.read(place, received, _Batch.read)

    def _item(self, request: Request) -> dict[str, Any]:
        return {"custom_id": request.key, "params": self._adapter.build(request)}

    def _result(self, told: Mapping[str, Any], on: str) -> Response | ProviderError:
        result = told["result"]
        match result["type"]:
            case "succeeded":
                return answered(self._adapter, result["message"], on)
            case "errored":
                return status_error(self._adapter.place, 200, result["error"])
            case kind:
                return unanswered(self._adapter, f"the request was {kind} before it was answered")
