"""The programs that run in the sandbox: modules of this folder, which nothing else runs, and what starts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.sandbox import Modules

if TYPE_CHECKING:
    # Read as text, never imported here: this names them as part of what decides a verdict.
    from . import inside_class, inside_gate, inside_http, inside_loading, inside_locks, inside_sqlite  # noqa: F401

__all__ = ["CLASS_DRIVER", "CLASS_MODULES", "HTTP_DRIVER", "HTTP_MODULES"]


def _modules(main: str) -> Modules:
    names = ("inside_gate", "inside_sqlite", "inside_locks", "inside_loading", main)
    return tuple(
        (f"inside.{name}", Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")) for name in names
    )


CLASS_DRIVER: Final = "from inside.inside_class import main\nmain(receive, send)\n"
HTTP_DRIVER: Final = "from inside.inside_http import main\nmain(receive, send, listener)\n"
CLASS_MODULES: Final = _modules("inside_class")
HTTP_MODULES: Final = _modules("inside_http")
