"""Runs small threaded programs under every schedule with a bounded number of switches, and tells how each one ends.

The modules of this package need the standard library only, so that they can be carried as text into a process that has
nothing else: `DRIVER` is a program for the sandbox that serves as an `Explorer`, `modules()` is what it needs. What is
explored is one interpreter's threads at the grain of its bytecode, under the lock of the interpreter: a pass says "no
violation with at most so many switches", never "free of races". asyncio is left out.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from .program import IMPORTABLE, Program
from .scenario import Explorer, Scene, serve
from .scheduler import Diverged, Run, Scheduler
from .search import Search

__all__ = [
    "DRIVER",
    "IMPORTABLE",
    "Diverged",
    "Explorer",
    "Program",
    "Run",
    "Scene",
    "Scheduler",
    "Search",
    "modules",
    "serve",
]

DRIVER: Final = "from explore.scenario import serve\nserve(receive, send)\n"

_MODULES: Final = (
    "opcodes",
    "probes",
    "scheduler",
    "primitives",
    "queues",
    "stand_ins",
    "program",
    "search",
    "shown",
    "scenario",
)  # in the order of their imports


@cache
def modules() -> tuple[tuple[str, str], ...]:
    """Names and texts of this package's modules, in the order of their imports."""
    folder = resources.files(__name__)
    return tuple((f"explore.{name}", (folder / f"{name}.py").read_text(encoding="utf-8")) for name in _MODULES)
