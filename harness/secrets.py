"""Keys stay out of whatever is written: messages, logs, stored bodies."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TextIO, cast
from urllib.parse import quote, quote_plus, unquote

__all__ = ["HIDDEN", "held", "hide", "hide_in", "hide_only", "hiding"]

HIDDEN: Final = "[key]"
# KEYBOARD, KEYRING and TOKENIZERS_PARALLELISM hold none.
_NAMES = re.compile(
    r"KEY(?!BOARD|MAP|RING)|TOKEN(?!IZ)|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(?:^|_)(?:PASS|PAT|AUTH)(?:$|_)|_PWD$",
    re.IGNORECASE,
)
# What stands before the @ of an address, of a proxy or a database.
_USER = re.compile(r"://([^\s/@]+)@")
# Shorter values are words that a text may hold by chance.
_SHORTEST = 8
# A message that was cut may end in the middle of a key: this much of its beginning may stay.
_BEGINNING = 16


def hide(text: str, *keys: str) -> str:
    """`text` with every one of `keys`, and every secret that the environment holds, replaced by `[key]`.

    For messages and logs. Also found: keys as addresses, JSON, Python and base 64 spell them, and keys cut short.
    """
    return hide_only(text, *keys, *held(os.environ))


def hide_only(text: str, *keys: str) -> str:
    """`text` with `keys` replaced, and nothing else."""
    wanted, forms = _wanted(keys)
    for form in forms:
        text = text.replace(form, HIDDEN)
    for key in wanted:
        text = _without_beginning(text, key)
    return text


def hide_in(value: Any, *keys: str) -> Any:
    """A body with `keys` replaced in all its texts and names, and nothing else.

    The environment does not count here: `DB_PASSWORD=postgres` must not change what a model wrote.
    """
    if isinstance(value, str):
        return hide_only(value, *keys)
    if isinstance(value, Mapping):
        return {hide_only(name, *keys): hide_in(item, *keys) for name, item in value.items()}
    if isinstance(value, list):
        return [hide_in(item, *keys) for item in value]
    return value


def held(environ: Mapping[str, str]) -> set[str]:
    """The secrets that an environment holds.

    A variable holds one when its name says so (KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL, ...), unless it names a file or
    counts tokens; an address holds one before its `@`.
    """
    found = set()
    for name, value in environ.items():
        value = value.strip()  # noqa: PLW2901 - only the stripped value matters
        if _NAMES.search(name) and not _harmless(name, value):
            found.add(value)
        for user in _USER.findall(value):
            found |= {user.rpartition(":")[2], unquote(user.rpartition(":")[2])}
    return {value for value in found if len(value) >= _SHORTEST}


def hiding(stream: TextIO) -> TextIO:
    """The stream, with `hide` before everything that is written to it."""
    return cast("TextIO", _Hiding(stream))


class _Hiding:
    """Not a subclass of the `io` classes: whatever a terminal's stream can do must stay reachable."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(hide(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _harmless(name: str, value: str) -> bool:
    counts = value.isdecimal() and "TOKENS" in name.upper()
    return counts or (value.startswith("/") and os.path.exists(value))  # noqa: PTH110 - no exception for odd values


@functools.lru_cache(maxsize=64)
def _wanted(keys: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys, and all their spellings, the longest first."""
    wanted = tuple({key.strip() for key in keys})
    forms = {form for key in wanted for form in _forms(key) if len(form) >= _SHORTEST}
    return wanted, tuple(sorted(forms, key=len, reverse=True))


def _forms(key: str) -> tuple[str, ...]:
    """The spellings in which a key may turn up."""
    data = key.encode(errors="surrogateescape")
    return (
        key,
        " ".join(key.split()),  # our own errors are one line
        *(line.strip() for line in key.splitlines() if len(line.strip()) >= _BEGINNING),
        quote(data, safe=""),
        quote_plus(data),
        json.dumps(key)[1:-1],
        json.dumps(key, ensure_ascii=False)[1:-1],
        repr(key)[1:-1],
        *_base64(data),
    )


def _base64(data: bytes) -> Iterator[str]:
    """What base 64 makes of `data` wherever it stands in a longer text (`Authorization: Basic`), without its ends."""
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + data).decode()
        inner = coded[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _without_beginning(text: str, key: str) -> str:
    """`text` without the beginnings of `key` that are long enough to give something away."""
    if len(key) <= _BEGINNING or "://" in key or key.startswith("/"):
        return text
    beginning, at = key[:_BEGINNING], 0
    while (at := text.find(beginning, at)) >= 0:
        alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(text[at:], key, strict=False))
        text = text[:at] + HIDDEN + text[at + sum(1 for _ in alike) :]
        at += len(HIDDEN)
    return text
