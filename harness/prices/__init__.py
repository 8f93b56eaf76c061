"""What answers cost: usage times the price of a day, as `Decimal`. An unknown price is an error, never 0.

A tier's own declared price counts first; else its entry in the price book as of the given day: the one that `priced_as`
names, or the tier's own provider and model. Lookups are remembered, so that pricing thousands of answers takes a moment.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from ..errors import BadInput
from ..values import Ladder, Price, Processing, Request, Tier, Usage
from . import book
from .rates import Rate, Rates, at, dearest, priced

__all__ = [
    "Change",
    "Quote",
    "Rate",
    "Rates",
    "changes",
    "cost",
    "entry",
    "quote",
    "rate",
    "size",
    "source",
    "worst_case",
]

# Tokens of the chat template around what we send, and of the instructions that come with a schema (Anthropic's
# "Structured outputs" page: an additional system prompt explains the format).
_FRAME: Final = 64
_SCHEMA_FRAME: Final = 512
# An answer may come after midnight; a batch takes a day, and may be handed in after midnight.
_DAYS: Final = {"standard": 1, "batch": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A day (`on`) on which an entry of the price book changes its price, live (`standard`) or in a batch."""

    on: str
    standard: tuple[Rates, Rates]
    batch: tuple[Rates, Rates]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a tier's tokens cost on a day in the ladder's unit, by which source, and what the book announces."""

    tier: str
    model: str
    entry: str | None
    unit: str
    on: str
    source: str
    standard: Rates
    batch: Rates
    changes: tuple[Change, ...]


def cost(usage: Usage, tier: Tier, unit: str, on: date, processing: Processing = "standard") -> Decimal:
    """What a reply costs in `unit` at the prices of the day `on`."""
    return priced(usage, _rates(tier, unit, on, processing))


def worst_case(request: Request, tier: Tier, unit: str, on: date, processing: Processing = "standard") -> Decimal:
    """The most that a request can cost when it is sent on the day `on` and answered then or after midnight.

    No tokenizer makes more tokens than there are bytes, no reply is longer than it may be, and all of the input may be
    billed as written to the provider's cache, which some do by themselves; cliffs that the bytes reach are counted.
    """
    tokens = size(request) + _FRAME + (_SCHEMA_FRAME if request.schema else 0)
    return max(
        dearest(_rates(tier, unit, _later(on, days), processing), tokens, request.max_output_tokens)
        for days in range(_DAYS[processing] + 1)
    )


def rate(tokens: int, tier: Tier, unit: str, on: date, processing: Processing = "standard") -> Rate:
    """The price of a million tokens in a request with so many input tokens."""
    return at(_rates(tier, unit, on, processing), tokens)


def size(request: Request) -> int:
    """The bytes that a request holds for the model to read."""
    return sum(len(text.encode()) for text in (request.system, request.prompt, request.schema or ""))


def source(ladder: Ladder) -> str:
    """Where the prices of a ladder come from, for its manifest."""
    return "; ".join(sorted({_source(tier) for tier in ladder.tiers}))


def entry(tier: Tier) -> str | None:
    """The entry of the price book (provider/model) that holds for a tier; None where it declares its own price."""
    return None if tier.price else tier.priced_as or f"{tier.provider}/{tier.model}"


def quote(tier: Tier, unit: str, on: date) -> Quote:
    """The prices of a tier on a day, with everything that the book announces after it."""
    return Quote(
        tier=tier.name,
        model=tier.model,
        entry=entry(tier),
        unit=unit,
        on=on.isoformat(),
        source=_source(tier),
        standard=_rates(tier, unit, on, "standard"),
        batch=_rates(tier, unit, on, "batch"),
        changes=changes(tier, unit, on),
    )


def without_batch_price(ladder: Ladder, on: date) -> list[str]:
    """The tiers that cost the same in a batch, as far as anybody has said."""
    return [
        tier.name
        for tier in ladder.tiers
        if _rates(tier, ladder.unit, on, "batch") == _rates(tier, ladder.unit, on, "standard")
    ]


def changes(tier: Tier, unit: str, after: date, until: date = date.max) -> tuple[Change, ...]:
    """The days after one day and up to another on which a tier costs something else than on the day before."""
    name = entry(tier)
    if name is None:
        return ()
    try:
        days = [day for day in book.days(name) if after < day <= until]
    except LookupError as error:
        raise _unpriced(tier, error) from error
    found = []
    for day in days:
        eve = day - timedelta(days=1)
        standard, batch = (
            (_rates(tier, unit, eve, processing), _rates(tier, unit, day, processing))
            for processing in ("standard", "batch")
        )
        if standard[0] != standard[1] or batch[0] != batch[1]:
            found.append(Change(on=day.isoformat(), standard=standard, batch=batch))
    return tuple(found)


def _rates(tier: Tier, unit: str, on: date, processing: Processing) -> Rates:
    if tier.price is not None:
        if tier.price.unit != unit:
            raise BadInput(
                f"tier {tier.name}", f"its price is in {tier.price.unit}, the ladder counts in {unit}; make them equal"
            )
        return _declared(tier.price, processing)
    if unit != "USD":
        raise BadInput(f"tier {tier.name}", f"no price in {unit}; add a price to it, the price book knows USD only")
    try:
        return book.rates(tier.priced_as or f"{tier.provider}/{tier.model}", on, processing)
    except LookupError as error:
        raise _unpriced(tier, error) from error


@functools.lru_cache(maxsize=256)
def _declared(price: Price, processing: Processing) -> Rates:
    share = price.batch if processing == "batch" and price.batch is not None else Decimal(1)
    return (
        Rate(
            above=0,
            input=share * price.input,
            output=share * price.output,
            cached=share * (price.input if price.cached is None else price.cached),
            cache_write=share * (price.input if price.cache_write is None else price.cache_write),
        ),
    )


def _unpriced(tier: Tier, error: LookupError) -> BadInput:
    return BadInput(f"tier {tier.name}", str(error))


def _source(tier: Tier) -> str:
    return f"declared on {tier.price.on}: {tier.price.source}" if tier.price else book.name()


def _later(on: date, days: int) -> date:
    return date.fromordinal(min(on.toordinal() + days, date.max.toordinal()))
