"""OpenAI's batches of Responses calls: a file in, one or two files out."""

from __future__ import annotations

import json
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
    from openai import AsyncOpenAI

__all__ = ["OpenAIBatches"]

_TAG: Final = "tierfloor"
_DAY: Final = 86_400
_ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})
_UNANSWERED: Final = frozenset({"batch_expired", "batch_cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    ended: bool
    done: int
    completed: int
    total: int
    failed: str
    on: object
    files: tuple[str, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        counts = body.get("request_counts") or {"completed": 0, "failed": 0, "total": 0}
        return cls(
            ended=body["status"] in _ENDED,
            done=int(counts["completed"]) + int(counts["failed"]),
            completed=int(counts["completed"]),
            total=int(counts["total"]),
            failed=_reason(body.get("errors") or {}) if body["status"] == "failed" else "",
            on=body.get("completed_at"),
            files=tuple(body[name] for name in ("output_file_id", "error_file_id") if body.get(name)),
        )


class OpenAIBatches:
    """The tag is kept in the batch's metadata."""

    most = 50_000
    most_bytes = 190_000_000  # of 200 MB
    kept = timedelta(days=31)  # files: 30 days from their creation, which is within a day of the batch's

    def __init__(self, client: AsyncOpenAI, adapter: Adapter) -> None:
        self._client = client
        self._adapter = adapter

    def size(self, request: Request) -> int:
        return json_size(self._item(request))

    async def submit(self, requests: Sequence[Request], tag: str) -> str:
        from httpx2 import Response as Raw

        place, wire, client = self._adapter.place, self._adapter.wire, self._client
        text = "".join(f"{json.dumps(self._item(request))}\n" for request in requests)
        upload: Any = (f"{_TAG}-{tag}.jsonl", text.encode(), "application/jsonl")
        file = await wire.attempt(place, lambda: client.files.create(file=upload, purpose="batch"))
        body = {
            "input_file_id": getattr(file, "id", None),
            "endpoint": "/v1/responses",
            "completion_window": "24h",
            "metadata": {_TAG: tag},
        }
        if not isinstance(body["input_file_id"], str):
            raise reply_error(place, "the reply to the upload names no file")
        received = await wire.attempt(place, partial(client.post, "/batches", cast_to=Raw, body=body))
        return wire.read(place, received, lambda batch: str(batch["id"]))

    async def find(self, tag: str, count: int, since: datetime, taken: Collection[str]) -> str | None:  # noqa: ARG002
        async for batch in each(self._adapter, self._client.batches.list(limit=100)):
            if batch.created_at < since.timestamp() - _DAY:
                break
            if (batch.metadata or {}).get(_TAG) == tag and batch.id not in taken:
                return batch.id
        return None

    async def state(self, batch: str) -> BatchState:
        found = await self._retrieve(batch)
        return BatchState(ended=found.ended, done=found.done, total=found.total, failed=found.failed)

    async def results(self, batch: str) -> AsyncGenerator[tuple[str, Response | ProviderError], None]:
        place, wire = self._adapter.place, self._adapter.wire
        found = await self._retrieve(batch)
        came = 0
        for file in found.files:
            async with aclosing(streamed(self._client, f"/files/{file}/content")) as chunks:
                async for line in lines(self._adapter, chunks):
                    came += 1
                    yield wire.read(place, line, lambda told: (str(told["custom_id"]), self._result(told, found.on)))
        if came < found.completed:
            raise reply_error(place, f"only {came} of the {found.completed} results of batch {batch} came")

    async def _retrieve(self, batch: str) -> _Batch:
        from httpx2 import Response as Raw

        place, wire = self._adapter.place, self._adapter.wire
        received = await wire.attempt(place, partial(self._client.get, f"/batches/{batch}", cast_to=Raw))
        return wire.read(place, received, _Batch.read)

    def _item(self, request: Request) -> dict[str, Any]:
        body = self._adapter.build(request)
        return {"custom_id": request.key, "method": "POST", "url": "/v1/responses", "body": body}

    def _result(self, told: Mapping[str, Any], completed: object) -> Response | ProviderError:
        place = self._adapter.place
        if error := told.get("error"):
            if error.get("code") in _UNANSWERED:
                return unanswered(self._adapter, f"{error['code']}: {error.get('message') or ''}")
            return status_error(place, 200, told)
        status, body = int(told["response"]["status_code"]), told["response"]["body"]
        if status != 200:
            return status_error(place, status, body)
        return answered(self._adapter, body, day(body.get("created_at") or completed))


def _reason(errors: Mapping[str, Any]) -> str:
    told = errors.get("data") or [{}]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    reason = ": ".join(str(told[0][name]) for name in ("code", "message") if told[0].get(name))
    return f"the batch was turned down: {reason or 'no reason given'}{more}"[:300]
