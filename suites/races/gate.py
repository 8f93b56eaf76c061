"""What the source of an answer may not contain. It runs beside the explorer, so nothing in it may reach around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.explore import IMPORTABLE

__all__ = ["forbidden", "public_names"]

MODULES = IMPORTABLE | {"threading", "queue", "time"}
BUILTINS = frozenset(
    """
    breakpoint compile delattr dir eval exec exit getattr globals help input locals memoryview open quit setattr
    vars
    """.split()  # noqa: SIM905
)
# They lead out of the module, or (cached_property on CPython 3.11) wait on a lock that no scheduler knows.
ATTRIBUTES = frozenset(
    """
    ForwardRef _evaluate cached_property _os _sys _thread _world ag_frame builtins cr_frame f_back f_builtins
    f_code f_globals f_locals get_type_hints gi_frame importlib inspect os sys tb_frame tb_next
    """.split()  # noqa: SIM905
)
DUNDERS = frozenset(
    """
    __all__ __annotations__ __author__ __class__ __contains__ __delitem__ __doc__ __enter__ __eq__ __exit__
    __getitem__ __hash__ __init__ __iter__ __len__ __lt__ __name__ __new__ __next__ __post_init__ __repr__
    __setitem__ __slots__ __str__ __version__
    """.split()  # noqa: SIM905
)


def forbidden(tree: ast.AST) -> str | None:
    """The first construct that an answer must not use, or None."""
    return next((problem for node in ast.walk(tree) for problem in _problems(node)), None)


def public_names(tree: ast.Module) -> list[str]:
    """The dotted names of the module's classes, functions and methods, apart from special methods."""
    names = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.append(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (part.name for part in node.body if isinstance(part, ast.FunctionDef))
            names += [f"{node.name}.{method}" for method in methods if not method.startswith("__")]
    return names


def _problems(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import() | ast.ImportFrom():
            yield from _imported(node)
        case ast.Name(id=name):
            if name in BUILTINS or _special(name):
                yield name
        case ast.Attribute(attr=name):
            if _hidden(name):
                yield f".{name}"


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        yield from (f"import of {each.name}" for each in node.names if _hidden(each.name))
        modules = ["." * node.level + (node.module or "")]
    else:
        modules = [each.name for each in node.names]
    yield from (f"import of {module}" for module in modules if module.partition(".")[0] not in MODULES)


def _hidden(name: str) -> bool:
    return name in ATTRIBUTES or _special(name)


def _special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in DUNDERS
