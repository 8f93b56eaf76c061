"""Where a thread may be interrupted: the bytecode instructions that can touch what other threads see.

Everything is a switch point unless it is known to work on the thread's own frame, so an instruction this file has never
heard of costs schedules, never a missed bug. Reading a truth value, comparing and arithmetic that is not in place are
counted as one step with the read of their operands just before; `+=` on a mutable object is not.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

__all__ = ["SUPPORTED", "Points"]

SUPPORTED = ((3, 11), (3, 12), (3, 13))

_LOCAL = frozenset(
    """
    NOP RESUME POP_TOP PUSH_NULL COPY SWAP EXTENDED_ARG KW_NAMES GET_LEN IS_OP COMPARE_OP
    LOAD_FAST STORE_FAST DELETE_FAST LOAD_CONST LOAD_CLOSURE LOAD_BUILD_CLASS LOAD_ASSERTION_ERROR
    MAKE_FUNCTION MAKE_CELL COPY_FREE_VARS RETURN_VALUE RETURN_GENERATOR YIELD_VALUE RAISE_VARARGS RERAISE
    BUILD_CONST_KEY_MAP BUILD_LIST BUILD_MAP BUILD_SET BUILD_SLICE BUILD_STRING BUILD_TUPLE
    LIST_APPEND MAP_ADD SET_ADD UNPACK_SEQUENCE FORMAT_VALUE
    UNARY_INVERT UNARY_NEGATIVE UNARY_NOT PUSH_EXC_INFO POP_EXCEPT CHECK_EXC_MATCH CHECK_EG_MATCH
    JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT
    """.split()  # noqa: SIM905  a list of this length reads better as words
)
_LOCAL_BY_VERSION = {
    (3, 11): """
        CACHE PRECALL LOAD_METHOD LIST_TO_TUPLE UNARY_POSITIVE JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP
        POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_TRUE POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE
        POP_JUMP_BACKWARD_IF_FALSE POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_BACKWARD_IF_NONE POP_JUMP_BACKWARD_IF_NOT_NONE
        """,
    (3, 12): """
        CACHE LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR RETURN_CONST END_FOR END_SEND
        POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE
        """,
    (3, 13): """
        CACHE LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR LOAD_FAST_LOAD_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST
        RETURN_CONST END_FOR END_SEND TO_BOOL CONVERT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC SET_FUNCTION_ATTRIBUTE
        POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE
        """,
}
# With any of these a program can rebind names that its instructions don't show.
_REBINDING = frozenset({"setattr", "delattr", "globals", "vars", "__dict__", "__setattr__", "__delattr__"})


class Points:
    """The watched places of a module: `points[code]` are offsets in one code object of it, each with its meaning.

    True: a thread may be interrupted before this instruction. False: it closes a loop and is counted only.
    """

    __slots__ = ("_found", "_local", "_settled", "_shared_globals", "codes", "file")

    def __init__(self, module: CodeType, version: tuple[int, int] = sys.version_info[:2]) -> None:
        self._local = _LOCAL | frozenset(_LOCAL_BY_VERSION.get(version, "").split())
        self._found: dict[CodeType, dict[int, bool]] = {}
        self.file = module.co_filename
        self.codes = codes = tuple(_codes(module))
        opaque = any(_REBINDING & set(code.co_names) for code in codes)
        self._shared_globals = None if opaque else _stored(codes, "STORE_GLOBAL", "DELETE_GLOBAL")
        rebound = _stored(codes, "STORE_ATTR", "DELETE_ATTR", outside="__init__")
        named = {name for code in codes for name in code.co_names}
        self._settled = frozenset() if opaque else frozenset(named - rebound)

    def __getitem__(self, code: CodeType) -> dict[int, bool]:
        found = self._found.get(code)
        if found is None:
            found = self._found[code] = dict(self._offsets(code))
        return found

    def _offsets(self, code: CodeType) -> Iterator[tuple[int, bool]]:
        instructions = list(dis.get_instructions(code))
        for place, instruction in enumerate(instructions):
            following = instructions[place + 1] if place + 1 < len(instructions) else None
            shared = self._touches_shared(instruction, following)
            if shared or "JUMP_BACKWARD" in instruction.opname:
                yield instruction.offset, shared
                # Where an argument is long the event may come with the prefix instead of the instruction itself.
                for before in reversed(instructions[:place]):
                    if before.opname != "EXTENDED_ARG":
                        break
                    yield before.offset, shared

    def _touches_shared(self, instruction: dis.Instruction, following: dis.Instruction | None) -> bool:
        name = instruction.opname
        if name == "LOAD_GLOBAL":
            return self._shared_globals is None or instruction.argval in self._shared_globals
        if name == "BINARY_OP":
            return "=" in instruction.argrepr
        if name == "LOAD_ATTR":
            if _loads_method(instruction):
                return False
            # An attribute that is set in __init__ only is the same before and after the switch point that follows.
            leads = following is not None and (following.opname == "BEFORE_WITH" or _loads_method(following))
            return not (leads and instruction.argval in self._settled)
        return name not in self._local


def _loads_method(instruction: dis.Instruction) -> bool:
    if instruction.opname == "LOAD_METHOD":
        return True
    long_form: tuple[int, int] = (3, 12)
    return instruction.opname == "LOAD_ATTR" and sys.version_info >= long_form and bool((instruction.arg or 0) & 1)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _stored(codes: tuple[CodeType, ...], *opnames: str, outside: str = "") -> frozenset[Any]:
    """The names that instructions called `opnames` bind, leaving out the functions called `outside`."""
    return frozenset(
        instruction.argval
        for code in codes
        if code.co_name != outside
        for instruction in dis.get_instructions(code)
        if instruction.opname in opnames
    )
