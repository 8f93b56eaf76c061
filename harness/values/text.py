"""Canonical text, and the hashes that are taken of it."""

from __future__ import annotations

import hashlib
import json

__all__ = ["canonical", "digest"]


def canonical(value: object) -> str:
    """JSON text that is equal for equal values: sorted keys, no spaces, Unicode kept, NaN refused."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(value: object) -> str:
    """SHA-256, in hex, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
