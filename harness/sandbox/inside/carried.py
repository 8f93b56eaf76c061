"""Modules that come as text, where nothing of ours can be imported."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType

__all__ = ["load"]


def load(modules: Iterable[tuple[str, str]]) -> None:
    """Import modules of these dotted names and texts, given in the order in which they import each other."""
    for name, text in modules:
        module = _made(name)
        module.__package__ = name.rpartition(".")[0]
        exec(compile(text, f"<{name}>", "exec", dont_inherit=True), vars(module))  # noqa: S102  trusted


def _made(name: str) -> ModuleType:
    """A new module, in packages that are made as they are needed."""
    module = sys.modules[name] = ModuleType(name)
    above, _, last = name.rpartition(".")
    if above:
        package = sys.modules.get(above) or _made(above)
        package.__path__ = []
        setattr(package, last, module)
    return module
