"""The programs that run in the sandbox, as one text each: `inside_*.py` of this folder, which nothing else runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # Read as text, never imported here: this names them as part of what decides a verdict.
    from . import inside_class, inside_gate, inside_http, inside_loading, inside_sqlite  # noqa: F401

__all__ = ["CLASS_DRIVER", "HTTP_DRIVER"]

LOADER = """
import sys
from importlib.machinery import ModuleSpec


class Inside:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=name == "inside") if name in SOURCES else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(SOURCES[module.__name__], f"{module.__name__}.py", "exec"), module.__dict__)


sys.meta_path.append(Inside())
from inside.MODULE import main

main(ARGUMENTS)
"""


def _driver(main: str, arguments: str) -> str:
    names = ("inside_gate", "inside_sqlite", "inside_loading", main)
    sources = {"inside": ""}
    for name in names:
        sources[f"inside.{name}"] = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    return f"SOURCES = {sources!r}{LOADER.replace('MODULE', main).replace('ARGUMENTS', arguments)}"


CLASS_DRIVER: Final = _driver("inside_class", "receive, send")
HTTP_DRIVER: Final = _driver("inside_http", "receive, send, listener")
