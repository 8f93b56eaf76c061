"""What the source of an answer may not contain. It runs beside the explorer, so nothing in it may reach around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.explore import IMPORTABLE

__all__ = ["forbidden", "public_names"]

MODULES = IMPORTABLE | {"threading", "queue", "time"}
BUILTINS = frozenset(
    """
    breakpoint compile delattr dir eval exec exit globals help input locals memoryview open quit setattr vars
    """.split()
)
ATTRIBUTES = frozenset(
    """
    ForwardRef _evaluate _os _sys _thread _world ag_frame builtins cr_frame f_back f_builtins f_code f_globals f_locals
    get_type_hints gi_frame importlib inspect os sys tb_frame tb_next
    """.split()
)
DUNDERS = frozenset(
    """
    __all__ __annotations__ __author__ __class__ __contains__ __delitem__ __doc__ __enter__ __eq__ __exit__ __getitem__
    __hash__ __init__ __iter__ __len__ __lt__ __name__ __new__ __next__ __post_init__ __repr__ __setitem__ __slots__
    __str__ __version__
    """.split()
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
        case ast.Import(names=names):
            yield from (f"import {each.name}" for each in names if each.name.partition(".")[0] not in MODULES)
        case ast.ImportFrom(module=module, level=level, names=names):
            if level or (module or "").partition(".")[0] not in MODULES:
                yield f"import from {'.' * level}{module or ''}"
            yield from (f"import of {each.name}" for each in names if _hidden(each.name))
        case ast.Name(id=name):
            if name in BUILTINS or _special(name):
                yield name
        case ast.Attribute(attr=name):
            if _hidden(name):
                yield f".{name}"
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            if _hidden(name):
                yield f"getattr of {name}"
        case ast.Call(func=ast.Name(id="getattr")):
            yield "getattr of a computed name"


def _hidden(name: str) -> bool:
    return name in ATTRIBUTES or _special(name)


def _special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in DUNDERS
