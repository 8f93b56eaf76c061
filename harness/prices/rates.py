"""Prices of tokens, and what usage costs at them: exact arithmetic on `Decimal`, nothing looked up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..values import Usage

__all__ = ["MILLION", "Rate", "Rates", "at", "dearest", "merged", "priced"]

MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a million tokens cost in a request of more than `above` input tokens; `call` is charged for it in any case.

    `cached` and `cache_write` price input read from and written to the provider's prompt cache.
    """

    above: int
    input: Decimal
    output: Decimal
    cached: Decimal
    cache_write: Decimal
    call: Decimal = Decimal(0)


Rates = tuple[Rate, ...]
"""Rates by rising `above`, the first from 0: crossing a cliff reprices every token of a request."""


def at(rates: Rates, tokens: int) -> Rate:
    """The rate of a request with so many input tokens."""
    found = rates[0]
    for rate in rates[1:]:
        if tokens <= rate.above:
            break
        found = rate
    return found


def priced(usage: Usage, rates: Rates) -> Decimal:
    """What a reply costs. Cached and written tokens are part of the input, reasoning is part of the output."""
    rate = at(rates, usage.input)
    plain = max(0, usage.input - usage.cached - usage.cache_write)
    tokens = (
        plain * rate.input
        + usage.cached * rate.cached
        + usage.cache_write * rate.cache_write
        + usage.output * rate.output
    )
    return rate.call + tokens / MILLION


def dearest(rates: Rates, tokens: int, output: int) -> Decimal:
    """The most that up to so many input tokens, cached, written or neither, and so many output tokens can cost.

    Each cliff below `tokens` is looked at by itself, so that it does not matter whether prices rise or fall there.
    """
    ends = [rate.above for rate in rates[1:]] + [tokens]
    return max(
        rate.call + (min(end, tokens) * max(rate.input, rate.cached, rate.cache_write) + output * rate.output) / MILLION
        for rate, end in zip(rates, ends, strict=True)
        if rate.above < tokens or rate.above == 0
    )


def merged(each: Sequence[Rates]) -> Rates:
    """The dearer of several prices, component by component and cliff by cliff."""
    starts = sorted({rate.above for rates in each for rate in rates})
    return tuple(_dearer(start, (at(rates, start + 1) for rates in each)) for start in starts)


def _dearer(start: int, rates: Iterable[Rate]) -> Rate:
    found = list(rates)
    return Rate(
        above=start,
        input=max(rate.input for rate in found),
        output=max(rate.output for rate in found),
        cached=max(rate.cached for rate in found),
        cache_write=max(rate.cache_write for rate in found),
        call=max(rate.call for rate in found),
    )
