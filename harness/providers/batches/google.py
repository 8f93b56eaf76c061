"""Gemini's batches of `generateContent` calls, with requests and replies inside the job."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from ...errors import ProviderError
from ...values import Request, Response
from .. import BatchState
from ..faults import reply_error, status_error
from . import Adapter, Bytes, answered, day, each, json_size, unanswered

if TYPE_CHECKING:
    from google.genai.client import AsyncClient
    from google.genai.types import BatchJob

__all__ = ["GoogleBatches"]

_KEY: Final = "key"
_SUCCEEDED: Final = frozenset({"SUCCEEDED", "PARTIALLY_SUCCEEDED"})
_ENDED: Final = _SUCCEEDED | {"FAILED", "CANCELLED", "EXPIRED"}
# google.rpc.Code: a reply's error has one where a call's has an HTTP status.
_STATUS: Final = {2: 500, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 12: 501, 13: 500, 14: 503, 16: 401}
_CANCELLED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    state: str
    done: int
    total: int
    failed: str
    on: str
    replies: Sequence[Mapping[str, Any]] | None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        about = body["metadata"]
        state = str(about["state"]).rpartition("STATE_")[2]
        stats = about.get("batchStats") or {}
        counts = {name: int(stats.get(f"{name}RequestCount") or 0) for name in ("successful", "failed")}
        output = about.get("output") or body.get("response") or {}
        reason = (body.get("error") or {}).get("message") or "no reason given"
        return cls(
            state=state,
            done=sum(counts.values()),
            total=int(stats.get("requestCount") or 0),
            failed=f"the batch failed: {reason}"[:300] if state == "FAILED" else "",
            on=day(about.get("endTime") or about.get("updateTime")),
            replies=(output.get("inlinedResponses") or {}).get("inlinedResponses"),
        )


class GoogleBatches:
    """The tag is the job's display name.

    Replies need not come in the order of the requests, whatever the documentation says (googleapis/python-genai#1909):
    only the key that a reply brings back tells whose it is.
    """

    most = 10_000
    most_bytes = 19_000_000  # of 20 MB for requests that are sent inside the job
    kept = timedelta(days=3)  # jobs: 48 hours

    def __init__(self, client: AsyncClient, adapter: Adapter) -> None:
        self._client = client
        self._adapter = adapter

    def size(self, request: Request) -> int:
        return json_size(self._item(request)) + 200

    async def submit(self, requests: Sequence[Request], tag: str) -> str:
        items: Any = [self._item(request) for request in requests]
        place, model, create = self._adapter.place, requests[0].model, self._client.batches.create

        async def sent() -> BatchJob:
            try:
                return await create(model=model, src=items, config={"display_name": tag})
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                # It may be the reply that the SDK cannot read.
                raise reply_error(place, f"the SDK broke at the batch ({type(error).__name__}: {error})") from error

        job = await self._adapter.wire.attempt(place, sent)
        if not job.name:
            raise reply_error(place, "the reply names no batch")
        return job.name

    async def find(self, tag: str, count: int, since: datetime, taken: Collection[str]) -> str | None:  # noqa: ARG002
        async for job in each(self._adapter, self._listed()):
            if job.display_name == tag and job.name and job.name not in taken:
                return job.name
        return None

    async def state(self, batch: str) -> BatchState:
        job = await self._get(batch)
        return BatchState(ended=job.state in _ENDED, done=job.done, total=job.total, failed=job.failed)

    async def results(self, batch: str) -> AsyncGenerator[tuple[str, Response | ProviderError], None]:
        place = self._adapter.place
        job = await self._get(batch)
        if job.replies is None and job.state in _SUCCEEDED:
            raise reply_error(place, f"batch {batch} succeeded, but brings no replies")
        nameless = 0
        for reply in job.replies or ():
            key = (reply.get("metadata") or {}).get(_KEY)
            if key is None:
                nameless += 1
                continue
            yield str(key), self._result(reply, job.on)
        if nameless:
            problem = f"{nameless} replies of batch {batch} came back without their keys and cannot be told apart"
            raise reply_error(place, problem)

    async def _listed(self) -> AsyncIterator[BatchJob]:
        async for job in await self._client.batches.list(config={"page_size": 100}):
            yield job

    async def _get(self, batch: str) -> _Job:
        """A job as it comes: `batches.get` drops its counts, its error and what it does not know of the replies."""
        place, wire = self._adapter.place, self._adapter.wire

        async def got() -> Bytes:
            page = await self._client._api_client.async_request("get", batch, {})  # noqa: SLF001
            return Bytes(content=(page.body or "").encode(), headers=page.headers or {})

        return wire.read(place, await wire.attempt(place, got), _Job.read)

    def _item(self, request: Request) -> dict[str, Any]:
        sent = self._adapter.build(request)
        return {"contents": sent["contents"], "config": sent["config"], "metadata": {_KEY: request.key}}

    def _result(self, reply: Mapping[str, Any], on: str) -> Response | ProviderError:
        place = self._adapter.place
        if error := reply.get("error"):
            code = int(error.get("code") or 2)
            if code == _CANCELLED:
                return unanswered(self._adapter, "the request was cancelled before it was answered")
            return status_error(place, _STATUS.get(code, code if code >= 400 else 500), reply)
        if "response" not in reply:
            return reply_error(place, "a result has neither reply nor error")
        return answered(self._adapter, reply["response"], on)
