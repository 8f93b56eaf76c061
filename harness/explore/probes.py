"""How a program's instructions are watched while it runs: trace functions on CPython 3.11, `sys.monitoring` later.

CPython 3.13 gives no opcode event in the first frame of a code object whose trace function asks for them in that frame,
so trace functions would miss switch points there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from .opcodes import Points

__all__ = ["Probe", "watch"]

Visit = Callable[[bool], None]


class Probe(Protocol):
    """Calls back before each watched instruction, between `start` and `stop`, in every thread that `joins`."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


def watch(points: Points | None, visit: Visit) -> Probe:
    """A probe for the running version of Python; with no points, one that never calls."""
    if points is None:
        return _Blind()
    return _Monitoring(points, visit) if sys.version_info >= (3, 12) else _Tracing(points, visit)


class _Blind:
    def start(self) -> None:
        """There is nothing to watch."""

    def stop(self) -> None:
        """There was nothing to watch."""

    def join(self) -> None:
        """Threads run unwatched."""


class _Tracing:
    __slots__ = ("_before", "_points", "_visit")

    def __init__(self, points: Points, visit: Visit) -> None:
        self._points = points
        self._visit = visit
        self._before: Any = None

    def start(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(self._enter)

    def stop(self) -> None:
        sys.settrace(self._before)

    def join(self) -> None:
        sys.settrace(self._enter)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != self._points.file:
            return None
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        here = self._points[frame.f_code]
        visit = self._visit

        def trace(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "opcode":
                switchable = here.get(frame.f_lasti)
                if switchable is not None:
                    visit(switchable)
            return trace

        return trace


class _Monitoring:
    __slots__ = ("_monitoring", "_points", "_tool", "_visit")

    def __init__(self, points: Points, visit: Visit) -> None:
        self._points = points
        self._visit = visit
        self._monitoring: Any = vars(sys)["monitoring"]
        self._tool = -1

    def start(self) -> None:
        monitoring = self._monitoring
        # 0, 1, 2 and 5 are spoken for by debuggers, coverage, profilers and optimizers.
        free = [tool for tool in (3, 4, 2, 1, 0, 5) if monitoring.get_tool(tool) is None]
        if not free:
            raise RuntimeError("all tools of sys.monitoring are taken")
        self._tool = free[0]
        monitoring.use_tool_id(self._tool, "tierfloor")
        monitoring.register_callback(self._tool, monitoring.events.INSTRUCTION, self._instruction)
        for code in self._points.codes:
            monitoring.set_local_events(self._tool, code, monitoring.events.INSTRUCTION)

    def stop(self) -> None:
        monitoring = self._monitoring
        for code in self._points.codes:
            monitoring.set_local_events(self._tool, code, monitoring.events.NO_EVENTS)
        monitoring.register_callback(self._tool, monitoring.events.INSTRUCTION, None)
        monitoring.free_tool_id(self._tool)

    def join(self) -> None:
        """Code is watched in all threads."""

    def _instruction(self, code: Any, offset: int) -> Any:
        switchable = self._points[code].get(offset)
        if switchable is None:
            return self._monitoring.DISABLE
        return self._visit(switchable)
