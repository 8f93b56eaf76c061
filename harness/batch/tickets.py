"""What is known of every batch, on disk before the batch is sent, so that nothing is paid twice whatever is killed when.

A ticket is a file of one JSON line; beside it lie the requests of its batch, so that its answers can be stored even when
the suite they came from has changed meanwhile. No ticket holds a key.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from ..errors import BadInput
from ..records import line, read_lines
from ..values import Request, Tier

__all__ = ["Drawer", "Ticket"]

_LOOK_AGAIN: Final = 0.5
_REQUESTS: Final = ".requests.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One batch: what it holds, the most it can cost (in `unit`), and how far handing it in has come.

    `batch` is the provider's id, None while nobody knows whether the provider has it. `tried` is when it was last sent.
    `found`: the id was looked up and not told; `not_ours` are ids that proved to be somebody else's. Times are ISO 8601.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    version: Literal[1] = 1
    tag: str
    tier: Tier
    keys: tuple[str, ...]
    unit: str
    worst: Decimal
    intended: str
    tried: str
    batch: str | None = None
    found: bool = False
    not_ours: tuple[str, ...] = ()

    @property
    def since(self) -> datetime:
        return datetime.fromisoformat(self.intended)

    @property
    def when(self) -> str:
        """When it was handed in, for people."""
        return f"{datetime.fromisoformat(self.tried):%Y-%m-%d %H:%M} UTC"


class Drawer:
    """The tickets of one cache folder."""

    __slots__ = ("_turn", "folder")

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "batches"
        self._turn = asyncio.Lock()

    def all(self) -> list[Ticket]:
        """Every open ticket, the oldest first. A file that is not one of ours, or damaged, is BadInput."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append(self._read(path))
            except BadInput:
                # Another process may just have fetched the batch.
                if path.exists():
                    raise
        return sorted(found, key=lambda ticket: (ticket.intended, ticket.tag))

    def get(self, tag: str) -> Ticket | None:
        path = self._path(tag)
        return self._read(path) if path.exists() else None

    def requests(self, ticket: Ticket) -> list[Request]:
        path = self._path(ticket.tag, _REQUESTS)
        found = read_lines(path, Request)
        if {request.key for request in found} != set(ticket.keys):
            raise BadInput(str(path), f"not the requests of the batch; restore the file, or delete {ticket.tag}.json")
        return found

    def add(self, ticket: Ticket, requests: Sequence[Request]) -> None:
        """Keep a new ticket and its requests; when this returns, they are on disk."""
        with self._one_line():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(self._path(ticket.tag, _REQUESTS), "".join(f"{line(request)}\n" for request in requests))
        self.put(ticket)

    def put(self, ticket: Ticket) -> None:
        """Replace a ticket as a whole; when this returns, it is on disk."""
        with self._one_line():
            self._replace(self._path(ticket.tag), f"{line(ticket)}\n")

    def remove(self, ticket: Ticket) -> None:
        """Forget a batch: its answers are stored, or it never came to be."""
        with self._one_line():
            self._path(ticket.tag).unlink(missing_ok=True)
            self._sync_folder()
            self._path(ticket.tag, _REQUESTS).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a killed process left half written. Only for the holder of the lock."""
        tags = {path.stem for path in self.folder.glob("*.json")}
        lost = [path for path in self.folder.glob(f"*{_REQUESTS}") if path.name.removesuffix(_REQUESTS) not in tags]
        with self._one_line():
            for path in [*lost, *self.folder.glob(".*.part")]:
                path.unlink(missing_ok=True)

    @asynccontextmanager
    async def locked(
        self, say: Callable[[str], None], sleep: Callable[[float], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Hand in and fetch alone: one task of one process at a time. The system lets go when a process dies."""
        async with self._turn:
            with self._one_line():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                told = False
                while not self._lock(descriptor):
                    if not told:
                        say("batches: another run is handing in or fetching; waiting for it")
                    told = True
                    await sleep(_LOOK_AGAIN)
                yield
            finally:
                os.close(descriptor)

    def _lock(self, descriptor: int) -> bool:
        with self._one_line():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def _path(self, tag: str, ending: str = ".json") -> Path:
        return self.folder / f"{tag}{ending}"

    def _read(self, path: Path) -> Ticket:
        found = read_lines(path, Ticket)
        remedy = "a batch may be under way under it: restore the file, or delete it to give the batch up"
        if len(found) != 1:
            raise BadInput(str(path), f"holds {len(found)} tickets instead of one; {remedy}")
        ticket = found[0]
        try:
            times = [datetime.fromisoformat(text) for text in (ticket.intended, ticket.tried)]
        except ValueError as error:
            raise BadInput(f"{path}:1", f"{error}; {remedy}") from None
        if ticket.tag != path.stem or not ticket.keys or any(time.tzinfo is None for time in times):
            raise BadInput(f"{path}:1", f"not the ticket of {path.stem}; {remedy}")
        return ticket

    def _replace(self, path: Path, text: str) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = (
                f"cannot keep the record of a batch: {error.strerror}; free space or mend the folder's permissions"
            )
            raise BadInput(str(self.folder), problem) from error
