"""What is sent and what comes back, and the key that answers are kept under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import Fault
from .text import digest

__all__ = ["KEY_VERSION", "Attempt", "Failure", "Finish", "Processing", "Request", "Response", "Usage"]

Finish = Literal["ok", "refusal", "truncated", "filtered", "empty"]

Processing = Literal["standard", "batch"]

KEY_VERSION = 1

_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Exactly what one call sends. `endpoint` is empty for a provider's own address; it never holds credentials.

    `key` is the cache key: everything that can change the reply, and nothing else.
    """

    __pydantic_config__ = _STRICT

    provider: str
    model: str
    endpoint: str
    system: str
    prompt: str
    max_output_tokens: int
    temperature: str | None
    seed: int | None
    effort: str | None
    schema: str | None
    weights: str | None
    engine: str | None
    epoch: int
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", digest({"version": KEY_VERSION, **self.as_dict()}))

    def as_dict(self) -> dict[str, str | int | None]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one reply. `input` includes cached ones, `output` includes reasoning."""

    __pydantic_config__ = _STRICT

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that brought no answer. `took_ms` is how long it lasted, without the wait after it."""

    __pydantic_config__ = _STRICT

    fault: Fault
    why: str
    took_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Exactly what came back. It carries no grade and no price.

    `model` is the model that served; `on` the day of the answer, whose prices were paid; `processing` how it was
    ordered; `latency_ms` is None for a batch; `failed` holds the tries before this one; `raw` the provider's own body.
    """

    __pydantic_config__ = _STRICT

    text: str
    finish: Finish
    usage: Usage
    model: str
    latency_ms: int | None
    on: str
    raw: Mapping[str, Any]
    failed: tuple[Attempt, ...] = ()
    processing: Processing = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a request has no answer: ours or the provider's doing, never the model's. `failed` holds every try."""

    why: str
    failed: tuple[Attempt, ...] = ()
