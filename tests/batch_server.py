"""A loopback server that takes batches in the wire formats of all three providers, and counts what it was asked.

Addresses: `/anthropic`, `/openai/v1`, `/google`. A batch is in progress for `polls` looks at it and then ended. What
becomes of a request is `fate` of its prompt: "ok", "odd" (with a U+2028 in it), "refusal", "truncated", "bad" (400),
"overloaded", "expired", "canceled", "silent" (no line at all) or "broken" (a body nobody can read). `plan[kind]` holds what happens to the next
calls of a kind ("upload", "submit", "list", "state", "results"): a status, "drop" (taken, then the connection closes),
"refuse" (closed before anything happens), "page" (HTML with status 200), "cut" (half the body) or "ok".
"""

from __future__ import annotations

import json
import random
import re
import threading
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from batch_bodies import error_of, inlined, message_result, received, response_line, uploaded

KEYS = ("x-api-key", "authorization", "x-goog-api-key")


@dataclass(slots=True)
class Batch:
    """One batch that was taken: prompts by key, in the order handed in."""

    id: str
    provider: str
    model: str
    prompts: dict[str, str]
    created: datetime
    tag: str = ""
    looks: int = 0
    failed: str = ""
    archived: bool = False
    items: list[Any] = field(default_factory=list)


Reply = tuple[int, str, bytes]


class BatchServer:
    """Start it with `with`. `paid` counts by key how often a request was taken, `calls` the calls by kind.

    `on[kind]` is called when a call of that kind comes in, `taken` once a batch is accepted and before the reply.
    `secrets` are all the keys that were sent; errors say `words`.
    """

    def __init__(self) -> None:
        self.polls = 0
        self.fate: Callable[[str], str] = lambda _: "ok"
        self.plan: dict[str, deque[int | str]] = defaultdict(deque)
        self.hint: str | None = None
        self.on: dict[str, Callable[[], None]] = {}
        self.taken: Callable[[], None] = lambda: None
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.usage = 60, 8
        self.words = "no"
        self.gone = False
        self.keyless = False
        self.turned_down = ""
        self.paid: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.batches: dict[str, Batch] = {}
        self.files: dict[str, bytes] = {}
        self.secrets: set[str] = set()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self.root = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def url(self, provider: str) -> str:
        return f"{self.root}/{provider}" + ("/v1" if provider == "openai" else "")

    @property
    def sizes(self) -> list[int]:
        """How many requests each batch held."""
        return [len(batch.prompts) for batch in self.batches.values()]

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Reply, str]:
        """The reply, and what is to happen to it."""
        parts = urlsplit(target)
        _, provider, path = parts.path.split("/", 2)
        kind = _kind(method, path)
        with self._lock:
            self.secrets |= {headers[name] for name in KEYS if name in headers}
            self.calls[kind] += 1
            act = self.plan[kind].popleft() if self.plan[kind] else "ok"
        if kind in self.on:
            self.on[kind]()
        if isinstance(act, int):
            return (act, "application/json", _dump(error_of(provider, act, self.words))), "ok"
        if act == "refuse":
            return (0, "", b""), "drop"
        if act == "page":
            return (200, "text/html", b"<html>a gateway's page</html>"), "ok"
        with self._lock:
            reply = getattr(self, f"_{provider}")(method, path, parse_qs(parts.query), headers, body)
        if kind == "submit":
            self.taken()
        return reply, act

    def _take(self, provider: str, model: str, items: Iterable[tuple[str, str, Any]], tag: str = "") -> Batch:
        found = list(items)
        prefix = {"anthropic": "msgbatch_", "openai": "batch_", "google": "batches/"}[provider]
        batch = Batch(
            id=prefix + uuid.uuid4().hex[:20],
            provider=provider,
            model=model,
            prompts={key: prompt for key, prompt, _ in found},
            created=self.now(),
            tag=tag,
            failed=self.turned_down,
            items=[item for *_, item in found],
        )
        if not batch.failed:
            self.paid.update(list(batch.prompts))
        self.batches[batch.id] = batch
        return batch

    def _look(self, batch: Batch) -> bool:
        """Whether it has ended."""
        batch.looks += 1
        return batch.looks > self.polls

    def _fates(self, batch: Batch) -> list[tuple[str, str, str]]:
        """(key, prompt, fate) in an order that nobody expects."""
        found = [(key, prompt, self.fate(prompt)) for key, prompt in batch.prompts.items()]
        random.Random(batch.id).shuffle(found)
        return [each for each in found if each[2] != "silent"]

    # Anthropic

    def _anthropic(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Reply:
        path = path.removeprefix("v1/messages/batches").strip("/")
        if method == "POST":
            items = json.loads(body)["requests"]
            model = items[0]["params"]["model"]
            batch = self._take(
                "anthropic",
                model,
                ((each["custom_id"], each["params"]["messages"][0]["content"], each["params"]) for each in items),
            )
            return _json(self._message_batch(batch, ended=False))
        if not path:
            return _json(_page(self._of("anthropic"), query, lambda batch: self._message_batch(batch, ended=False)))
        name, _, results = path.partition("/")
        found = self.batches.get(name)
        if found is None or (results and self.gone):
            return _json(error_of("anthropic", 404), 404)
        if not results:
            return _json(self._message_batch(found, ended=self._look(found)))
        lines = (message_result(*each, found.model, self.usage) for each in self._fates(found))
        return 200, "application/x-jsonl", _jsonl(lines)

    def _message_batch(self, batch: Batch, *, ended: bool) -> dict[str, Any]:
        fates = Counter({"bad": "errored", "overloaded": "errored", "expired": "expired", "canceled": "canceled"}.get(
            self.fate(prompt), "succeeded"
        ) for prompt in batch.prompts.values())  # fmt: skip
        names = ("processing", "succeeded", "errored", "canceled", "expired")
        counts = dict.fromkeys(names, 0) | (fates if ended else {"processing": len(batch.prompts)})
        stamp = batch.created.isoformat()
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": stamp,
            "expires_at": stamp,
            "ended_at": self.now().isoformat() if ended else None,
            "archived_at": self.now().isoformat() if batch.archived else None,
            "cancel_initiated_at": None,
            "results_url": f"{self.root}/elsewhere/{batch.id}" if ended else None,
        }

    # OpenAI

    def _openai(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Reply:
        path = path.removeprefix("v1/")
        if path == "files":
            name = f"file-{uuid.uuid4().hex[:20]}"
            self.files[name] = uploaded(headers["content-type"], body)
            made = {"id": name, "object": "file", "bytes": len(body), "created_at": self._seconds(), "purpose": "batch"}
            return _json({**made, "filename": "x.jsonl", "status": "processed"})
        if path.startswith("files/"):
            name = path.split("/")[1]
            return _json(error_of("openai", 404), 404) if self.gone else (200, "application/jsonl", self.files[name])
        if method == "POST":
            told = json.loads(body)
            items = [json.loads(line) for line in self.files[told["input_file_id"]].splitlines()]
            assert {each["url"] for each in items} == {told["endpoint"]} == {"/v1/responses"}
            batch = self._take(
                "openai",
                items[0]["body"]["model"],
                ((each["custom_id"], each["body"]["input"], each["body"]) for each in items),
                told["metadata"]["tierfloor"],
            )
            return _json(self._file_batch(batch, "validating"))
        if path == "batches":
            return _json(_page(self._of("openai"), query, lambda batch: self._file_batch(batch, "in_progress")))
        found = self.batches.get(path.split("/")[1])
        return (
            _json(error_of("openai", 404), 404)
            if found is None
            else _json(self._file_batch(found, self._status(found)))
        )

    def _status(self, batch: Batch) -> str:
        if not self._look(batch):
            return "in_progress"
        late = any(self.fate(prompt) == "expired" for prompt in batch.prompts.values())
        return "failed" if batch.failed else "expired" if late else "completed"

    def _file_batch(self, batch: Batch, status: str) -> dict[str, Any]:
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for each in self._fates(batch):
            (bad if each[2] in {"bad", "overloaded", "expired", "canceled"} else good).append(
                response_line(*each, batch.model, self.usage, int(batch.created.timestamp()))
            )
        ended = status in {"completed", "expired"}
        files = {}
        for name, lines in (("output_file_id", good), ("error_file_id", bad)):
            files[name] = f"file-{name}-{batch.id}" if ended and lines else None
            if files[name]:
                self.files[str(files[name])] = _jsonl(lines)
        failed = {"object": "list", "data": [{"code": "invalid_request", "message": batch.failed, "line": 1}]}
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": "/v1/responses",
            "status": status,
            "input_file_id": "file-in",
            "completion_window": "24h",
            "created_at": int(batch.created.timestamp()),
            "completed_at": self._seconds() if ended else None,
            "errors": failed if status == "failed" else None,
            "request_counts": {
                "total": len(batch.prompts),
                "completed": len(good) if ended else min(batch.looks, len(batch.prompts)),
                "failed": len(bad) if ended else 0,
            },
            "metadata": {"tierfloor": batch.tag},
            **files,
        }

    # Google

    def _google(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Reply:
        path = path.removeprefix("v1/")
        if method == "POST":
            told = json.loads(body)["batch"]
            items = told["inputConfig"]["requests"]["requests"]
            batch = self._take(
                "google",
                re.fullmatch(r"models/(.+):batchGenerateContent", path)[1],  # type: ignore[index]
                (
                    (each["metadata"]["key"], each["request"]["contents"][0]["parts"][0]["text"], each["request"])
                    for each in items
                ),
                told["displayName"],
            )
            return _json(self._job(batch, ended=False))
        if path == "batches":
            start = int((query.get("pageToken") or ["0"])[0])
            jobs = [self._job(batch, ended=False) for batch in self._of("google")]
            more = {"nextPageToken": str(start + 2)} if start + 2 < len(jobs) else {}
            return _json({"operations": jobs[start : start + 2], **more})
        found = self.batches.get(path)
        if found is None or self.gone:
            return _json(error_of("google", 404), 404)
        return _json(self._job(found, ended=self._look(found)))

    def _job(self, batch: Batch, *, ended: bool) -> dict[str, Any]:
        replies = [inlined(*each, batch.model, self.usage, keyless=self.keyless) for each in self._fates(batch)]
        bad = sum("error" in reply for reply in replies)
        state = "FAILED" if batch.failed else "SUCCEEDED"
        counts = {"requestCount": str(len(batch.prompts))}
        if ended:
            counts |= {"successfulRequestCount": str(len(replies) - bad), "failedRequestCount": str(bad)}
        stamp = batch.created.isoformat().replace("+00:00", "Z")
        about = {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "model": f"models/{batch.model}",
            "displayName": batch.tag,
            "createTime": stamp,
            "updateTime": stamp,
            "batchStats": counts,
            "state": f"BATCH_STATE_{state if ended else 'RUNNING'}",
            "name": batch.id,
        }
        if ended and not batch.failed:
            about["output"] = {"inlinedResponses": {"inlinedResponses": replies}}
        job: dict[str, Any] = {"name": batch.id, "metadata": about, "done": ended}
        return job | ({"error": {"code": 3, "message": batch.failed}} if ended and batch.failed else {})

    def _of(self, provider: str) -> list[Batch]:
        """The newest first."""
        return [batch for batch in reversed(self.batches.values()) if batch.provider == provider]

    def _seconds(self) -> int:
        return int(self.now().timestamp())


def _page(
    batches: list[Batch], query: Mapping[str, list[str]], shown: Callable[[Batch], dict[str, Any]]
) -> dict[str, Any]:
    """Two a page, however many the client wants: it has to turn pages."""
    after = (query.get("after_id") or query.get("after") or [""])[0]
    ids = [batch.id for batch in batches]
    start = ids.index(after) + 1 if after else 0
    page = batches[start : start + 2]
    return {
        "object": "list",
        "data": [shown(batch) for batch in page],
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
        "has_more": start + 2 < len(batches),
    }


def _kind(method: str, path: str) -> str:
    if method == "POST":
        return "upload" if path.endswith("/files") else "submit"
    if path.endswith(("/results", "/content")):
        return "results"
    return "list" if path.endswith("batches") else "state"


def _dump(value: object) -> bytes:
    # Raw U+2028 is legal in JSON, and some line readers break at it.
    return json.dumps(value, ensure_ascii=False).encode()


def _json(value: object, status: int = 200) -> Reply:
    return status, "application/json", _dump(value)


def _jsonl(values: Iterable[object]) -> bytes:
    return b"".join(_dump(value) + b"\n" for value in values)


def _handler(server: BatchServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._do("POST", received(self))

        def do_GET(self) -> None:
            self._do("GET", b"")

        def _do(self, method: str, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            (status, kind, data), act = server.answer(method, self.path, headers, body)
            if act == "drop":
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("content-type", kind)
            if status == 429 and server.hint:
                self.send_header("retry-after", server.hint)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if act == "cut":
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
                return
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
