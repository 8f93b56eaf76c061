"""Runs small threaded programs under every schedule with a bounded number of switches, and tells how each one ends.

The modules of this package need the standard library only, so that `driver()` can carry them as text into a process
that has nothing else. What is explored is one interpreter's threads at the grain of its bytecode, under the lock of the
interpreter: a pass says "no violation with at most so many switches", never "free of races". asyncio is left out.
"""

from __future__ import annotations

from importlib import resources

from .program import IMPORTABLE, Program
from .scenario import Explorer, Scene, serve
from .scheduler import Diverged, Run, Scheduler
from .search import Search

__all__ = ["IMPORTABLE", "Diverged", "Explorer", "Program", "Run", "Scene", "Scheduler", "Search", "driver", "serve"]

_MODULES = (
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

_START = """
import sys, types
def start():
    package = types.ModuleType("explore")
    package.__path__ = []
    sys.modules["explore"] = package
    for name, text in {texts}:
        module = types.ModuleType("explore." + name)
        module.__package__ = "explore"
        sys.modules[module.__name__] = module
        exec(compile(text, "<explore." + name + ">", "exec", dont_inherit=True), vars(module))
    return module.serve
start()(receive, send)
"""


def driver() -> str:
    """A program for the sandbox: this package as text, serving as an `Explorer` on `receive()` and `send(value)`."""
    folder = resources.files(__name__)
    texts = tuple((name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in _MODULES)
    return _START.replace("{texts}", repr(texts))
