"""Stand-ins for what `queue` holds. A call is one step; the locks inside real queues are not modelled."""

# ruff: noqa: D101  each class is what Python documents under its name

from __future__ import annotations

import heapq
from collections import deque
from typing import Any

from .primitives import Scheduled

__all__ = ["Empty", "Full", "LifoQueue", "PriorityQueue", "Queue", "SimpleQueue"]


class Empty(Exception):
    pass


class Full(Exception):
    pass


class Queue(Scheduled):
    def __init__(self, maxsize: int = 0) -> None:
        self.maxsize = maxsize
        self._open = 0
        self._items: Any = deque()

    def qsize(self) -> int:
        return len(self._items)

    def empty(self) -> bool:
        return not self._items

    def full(self) -> bool:
        return 0 < self.maxsize <= len(self._items)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if not (self._world.wait(lambda: not self.full(), timeout) if block else not self.full()):
            raise Full
        self._add(item)
        self._open += 1

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not (self._world.wait(lambda: not self.empty(), timeout) if block else not self.empty()):
            raise Empty
        return self._remove()

    def put_nowait(self, item: Any) -> None:
        self.put(item, block=False)

    def get_nowait(self) -> Any:
        return self.get(block=False)

    def task_done(self) -> None:
        if not self._open:
            raise ValueError("task_done() called too many times")
        self._open -= 1

    def join(self) -> None:
        self._world.wait(lambda: not self._open)

    def _add(self, item: Any) -> None:
        self._items.append(item)

    def _remove(self) -> Any:
        return self._items.popleft()


class LifoQueue(Queue):
    def _remove(self) -> Any:
        return self._items.pop()


class PriorityQueue(Queue):
    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._items = []

    def _add(self, item: Any) -> None:
        heapq.heappush(self._items, item)

    def _remove(self) -> Any:
        return heapq.heappop(self._items)


class SimpleQueue(Queue):
    def __init__(self) -> None:
        super().__init__()
