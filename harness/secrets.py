"""Keys stay out of whatever is written: messages, logs, stored bodies."""

from __future__ import annotations

import os
import re

__all__ = ["hide"]

HIDDEN = "[key]"
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
# Shorter values are words that a text may hold by chance.
_SHORTEST = 8


def hide(text: str, *keys: str) -> str:
    """`text` with every one of `keys`, and every secret that the environment holds, replaced by `[key]`.

    A variable holds a secret when its name says so (KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL).
    """
    found = {value.strip() for name, value in os.environ.items() if _NAMES.search(name)}
    for key in sorted({*found, *keys}, key=len, reverse=True):
        if len(key) >= _SHORTEST:
            text = text.replace(key, HIDDEN)
    return text
