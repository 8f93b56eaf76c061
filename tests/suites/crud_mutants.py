"""Small mechanical faults in a right answer: one comparison, constant, connective or statement at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["mutants"]

COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}
SQL = (
    (" AUTOINCREMENT", ""),
    (" DESC", ""),
    (" AND owner=?", " AND ?=?"),
    ("gone=1", "gone=0"),
    (", version=version+1", ""),
    ("DEFAULT 0", "DEFAULT 1"),
)


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Each mutant's source, with the line that is not as it was (a dropped one begins with "-")."""
    tree = ast.parse(source)
    right = ast.unparse(tree)
    for node in list(ast.walk(tree)):
        for _ in _edited(node):
            wrong = ast.unparse(ast.fix_missing_locations(tree))
            if wrong != right:
                yield wrong, _difference(right, wrong)


def _edited(node: ast.AST) -> Iterator[None]:
    """Edit the node in place, in one way after the other, and put it right again after each."""
    for name, value in _values(node):
        before = getattr(node, name)
        setattr(node, name, value)
        yield
        setattr(node, name, before)
    if isinstance(node, (ast.FunctionDef, ast.If, ast.With)):
        whole = node.body
        for place in range(len(whole)):
            node.body = [*whole[:place], ast.Pass(), *whole[place + 1 :]]
            yield
            node.body = whole


def _values(node: ast.AST) -> Iterator[tuple[str, object]]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield "ops", [*node.ops[:place], COMPARISONS[type(operator)], *node.ops[place + 1 :]]
    elif isinstance(node, ast.BoolOp):
        yield "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "value", None
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "value", not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "value", node.value + 1
        yield "value", node.value - 1
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        for right, wrong in SQL:
            if right in node.value:
                yield "value", node.value.replace(right, wrong)


def _difference(right: str, wrong: str) -> str:
    rest = right.splitlines()
    for line in wrong.splitlines():
        if line in rest:
            rest.remove(line)
        elif line.strip() != "pass":
            return line.strip()
    return f"- {rest[0].strip()}" if rest else ""
