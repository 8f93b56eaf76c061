"""Reading what a model was asked for out of the text it answered with.

An answer is a stranger's text: whatever it holds, these functions give a value or raise `Unreadable`, and nothing else.
"""

from __future__ import annotations

import ast
import json
import math
import re
import warnings
from dataclasses import dataclass
from typing import Any, NoReturn

__all__ = ["Unreadable", "read_code", "read_json_object"]

MAX_CHARACTERS = 1_000_000
PYTHON_FENCES = frozenset({"", "py", "python", "python3"})

_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})[ \t]*([^`]*)")


class Unreadable(ValueError):
    """The answer does not hold what was asked for; `str()` is a short reason."""


def read_json_object(answer: str) -> dict[str, Any]:
    """The JSON object that the whole answer is, bare or inside one Markdown fence.

    Text beside the object, a second object or fence, duplicate keys, NaN, infinities and unpaired surrogates are
    refused. A fence that was never closed is read to the end.
    """
    text = _bounded(answer)
    blocks = _blocks(text)
    if blocks:
        if len(blocks) > 1 or blocks[0].beside:
            raise Unreadable("text or another fence beside the fenced object")
        text = blocks[0].text
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)
        # A lone surrogate parses but can be neither hashed nor stored.
        json.dumps(value, ensure_ascii=False).encode()
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("JSON nested too deeply") from None
    except UnicodeEncodeError:
        raise Unreadable("JSON with half a character (an unpaired surrogate)") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"not one JSON object: {error.msg} at character {error.pos}") from None
    except ValueError as error:
        raise Unreadable(f"not JSON that can be read: {str(error)[:80]}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"JSON, but a {type(value).__name__} instead of an object")
    return value


def read_code(answer: str) -> str:
    """The Python code in the answer: its first fenced block, marked as Python or unmarked.

    Without any fence the whole answer is the code if it parses as Python. A fence that was never closed takes the
    rest. Code in a fence is not parsed here.
    """
    text = _bounded(answer)
    blocks = _blocks(text)
    for block in blocks:
        if block.language in PYTHON_FENCES:
            if not block.text.strip():
                raise Unreadable("the code block is empty")
            return block.text
    if blocks:
        raise Unreadable("no code block marked as Python")
    if not _parses(text):
        raise Unreadable("no code block, and the text is not Python")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    language: str
    text: str
    beside: bool


def _blocks(text: str) -> list[_Block]:
    """The fenced blocks; `beside` of each says whether the answer has text outside of all fences."""
    blocks: list[tuple[str, list[str]]] = []
    beside, fence = False, ""
    for line in text.split("\n"):
        match = _FENCE.fullmatch(line.rstrip())
        if not fence and match:
            fence = match[1]
            words = match[2].split()
            blocks.append((words[0].lower() if words else "", []))
        elif fence and match and match[1].startswith(fence) and not match[2]:
            fence = ""
        elif fence:
            blocks[-1][1].append(line)
        else:
            beside = beside or bool(line.strip())
    return [_Block(language=name, text="".join(f"{x}\n" for x in lines), beside=beside) for name, lines in blocks]


def _bounded(answer: str) -> str:
    if len(answer) > MAX_CHARACTERS:
        raise Unreadable(f"longer than {MAX_CHARACTERS} characters")
    text = answer.removeprefix("\ufeff").replace("\r\n", "\n").strip()
    if not text:
        raise Unreadable("empty answer")
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("a JSON object with a key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable("a number too large for JSON readers")
    return number


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
