"""Small mechanical faults in a right answer, one at a time: what a checker that sees everything would refuse.

A mutant is the source with one operator, constant, condition or statement changed and everything else, down to the
last space, as it was. It is named by what changed and where, never by line numbers, so that a list of mutants that do
the right thing all the same outlives other edits of the source.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Mutant", "mutants"]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
}
# The operators, constants and clauses of SQL, which to Python is text.
_SQL = (
    (" AND ", " OR "),
    (" OR ", " AND "),
    (" ASC", " DESC"),
    (" DESC", " ASC"),
    (" AUTOINCREMENT", ""),
    (" UNIQUE", ""),
    (" NOCASE", " BINARY"),
    ("IS NOT NULL", "IS NULL"),
    ("IS NULL", "IS NOT NULL"),
    (" <= ", " < "),
    (" >= ", " > "),
    (" < ", " <= "),
    (" > ", " >= "),
    (" + 1", " + 2"),
    ("IMMEDIATE", "DEFERRED"),
    ("COMMIT", "ROLLBACK"),
    ("ROLLBACK", "COMMIT"),
    ("RESTRICT", "CASCADE"),
    ("CASCADE", "RESTRICT"),
    ("DEFAULT 0", "DEFAULT 1"),
    ("DEFAULT 1", "DEFAULT 0"),
    (" = 0", " = 1"),
    (" = 1", " = 0"),
)
_WORTH_DELETING = (
    *(ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Expr),
    *(ast.Raise, ast.Assert, ast.If, ast.For, ast.Break, ast.Continue),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A source with one small fault: in which function, the line before and after, and the whole of it.

    `where` is the qualified name of the innermost function or class, empty for the module; `change` is
    `before -> after`, with a number where the same change can be made to several equal lines of one function.
    """

    where: str
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of the source, in its order; raises SyntaxError for a source that does not compile."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    seen: Counter[tuple[str, str]] = Counter()
    for where, node, text in _edits(ast.parse(source), ""):
        begin, end = _span(source, starts, node)
        for first, last, new in _inside(source[begin:end]) if text is None else [(0, end - begin, text)]:
            wrong = source[: begin + first] + new + source[begin + last :]
            change = _change(source, wrong, begin + first, begin + last, whole=text == "pass")
            seen[where, change] += 1
            number = seen[where, change]
            yield Mutant(where=where, change=change if number == 1 else f"{change} #{number}", source=wrong)


def _span(source: str, starts: list[int], node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Where the node begins and ends in the source; the parser counts bytes in a line."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    places = ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
    begin, end = (
        starts[line - 1] + len(source[starts[line - 1] : starts[line]].encode()[:column].decode())
        for line, column in places
    )
    return begin, end


def _change(source: str, wrong: str, begin: int, end: int, *, whole: bool) -> str:
    """The lines that a change touches before and after it, as one; of a whole statement the first alone."""
    first = source.rfind("\n", 0, begin) + 1
    last = source.find("\n", end)
    before = source[first : last if last >= 0 else None]
    after = wrong[first : len(wrong) - (len(source) - last) if last >= 0 else None]
    if whole:
        before = before.split("\n")[0]
    return f"{' '.join(before.split())} -> {' '.join(after.split())}"


def _edits(scope: ast.AST, where: str) -> Iterator[tuple[str, ast.expr | ast.stmt, str | None]]:
    """(function, the part that changes, its new text) of every change; no text for one inside a string."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = f"{where}.{child.name}".lstrip(".")
            defaults = [] if isinstance(child, ast.ClassDef) else [*child.args.defaults, *child.args.kw_defaults]
            for each in (*child.decorator_list, *filter(None, defaults)):
                yield from ((inside, node, text) for node in _expressions(each) for text in _replacements(node))
            yield from _edits(child, inside)
        elif isinstance(child, ast.stmt) and not _is_docstring(child):
            if isinstance(child, _WORTH_DELETING):
                yield where, child, "pass"
            yield from ((where, node, text) for node in _expressions(child) for text in _replacements(node))
            if isinstance(child, ast.If | ast.While) and isinstance(child.test, ast.Name | ast.Call | ast.Attribute):
                yield where, child.test, f"not {ast.unparse(child.test)}"
            yield from _edits(child, where)
        elif isinstance(child, ast.excepthandler | ast.match_case):
            yield from _edits(child, where)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _expressions(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """The node and what it consists of, without the statements inside it.

    The parts of an f-string have no place of their own before Python 3.12, so all of them are left alone.
    """
    if isinstance(node, ast.expr | ast.Return):
        yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case | ast.JoinedStr):
            yield from _expressions(child)


def _replacements(node: ast.expr | ast.stmt) -> Iterator[str | None]:
    match node:
        case ast.Compare(left=left, ops=operators, comparators=comparators):
            for place, operator in enumerate(operators):
                wrong = [*operators[:place], _COMPARISONS[type(operator)](), *operators[place + 1 :]]
                yield ast.unparse(ast.Compare(left=left, ops=wrong, comparators=comparators))
        case ast.BoolOp(op=either, values=values):
            other = ast.Or() if isinstance(either, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(op=other, values=values))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.BinOp(left=left, op=binary, right=right) if type(binary) in _ARITHMETIC:
            yield f"({ast.unparse(ast.BinOp(left=left, op=_ARITHMETIC[type(binary)](), right=right))})"
        case ast.Return(value=ast.expr() as given) if not (isinstance(given, ast.Constant) and given.value is None):
            yield "return None"
        case ast.Constant(value=bool() as flag):
            yield repr(not flag)
        case ast.Constant(value=int() as number):
            yield from (repr(number + 1), repr(number - 1))
        case ast.Constant(value=str()):
            yield None


def _inside(text: str) -> Iterator[tuple[int, int, str]]:
    """(begin, end, new text) of every change of the SQL that a string literal holds."""
    for right, wrong in _SQL:
        for found in re.finditer(re.escape(right), text):
            yield found.start(), found.end(), wrong
