"""The price book `genai-prices`: dated prices of a provider's model, without a network.

The book matches by prefix and by likeness of names: a model that it has never heard of is priced as its neighbour, and a
provider `openai-compatible` as `openai`. Only an entry of exactly the asked name counts here.
"""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..values import Processing
from .rates import Rate, Rates, merged

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

__all__ = ["days", "name", "rates"]

_THOUSAND = Decimal(1000)
_OWN_PRICE = 'price = { input = "...", output = "...", unit = "USD", on = "2026-11-22", source = "..." }'


def name() -> str:
    """The book and its release."""
    return f"genai-prices {importlib.metadata.version('genai-prices')}"


@functools.lru_cache(maxsize=4096)
def rates(entry: str, on: date, processing: Processing) -> Rates:
    """The prices of an entry (provider/model) on a day; raises LookupError saying what to write into the ladder.

    Where the price depends on the hour of the day it is the dearest hour's, since an answer carries its day only. An
    entry without a price for batches costs the same in one.
    """
    moments = {time(0), *(hour for constraint in _constraints(_model(entry)) for hour in _hours(constraint))}
    return merged([_steps(_price(entry, datetime.combine(on, moment, UTC), processing), entry) for moment in moments])


@functools.lru_cache(maxsize=256)
def days(entry: str) -> tuple[date, ...]:
    """The days on which the book has other prices of an entry begin, sorted."""
    starts = (getattr(constraint, "start_date", None) for constraint in _constraints(_model(entry)))
    return tuple(sorted({start for start in starts if start is not None}))


@functools.lru_cache(maxsize=256)
def _model(entry: str) -> ModelInfo:
    import genai_prices

    provider, _, model = entry.partition("/")
    try:
        found = genai_prices.calc_price(genai_prices.Usage(), model, provider_id=provider)
    except LookupError:
        problem = f'does not know {entry}; write into the tier: priced_as = "provider/model" of one of its entries'
    else:
        if (found.provider.id, found.model.id) == (provider, model):
            return found.model
        meant = f"{found.provider.id}/{found.model.id}"
        problem = f'takes {entry} for {meant}; if that is its price, write into the tier: priced_as = "{meant}"'
    raise LookupError(f"{name()} {problem}; else: {_OWN_PRICE}")


def _price(entry: str, moment: datetime, processing: Processing) -> ModelPrice:
    import genai_prices

    provider, _, model = entry.partition("/")
    return genai_prices.calc_price(
        genai_prices.Usage(),
        model,
        provider_id=provider,
        genai_request_timestamp=moment,
        price_context={"processing": processing} if processing != "standard" else None,
    ).model_price


def _constraints(model: ModelInfo) -> Iterator[Any]:
    """When a model's prices hold, live ones and those for batches."""
    if isinstance(model.prices, list):
        yield from (each.constraint for each in model.prices)
    yield from (each.constraint for each in model.price_variants or () if each.when == {"processing": "batch"})


def _hours(constraint: Any) -> Iterator[time]:
    for edge in ("start_time", "end_time"):
        hour = getattr(constraint, edge, None)
        if hour is not None:
            yield datetime.combine(date(2026, 1, 1), hour, hour.tzinfo or UTC).astimezone(UTC).time()


def _steps(price: ModelPrice, entry: str) -> Rates:
    found = (price.input_mtok, price.output_mtok, price.cache_read_mtok, price.cache_write_mtok)
    if price.input_mtok is None or price.output_mtok is None:
        raise LookupError(f"{name()} has no price per token of {entry}; write into the tier: {_OWN_PRICE}")
    call = _above(price.requests_kcount, 0) or Decimal(0)
    starts = sorted({0, *(tier.start for each in found for tier in getattr(each, "tiers", ()))})
    made = []
    for start in starts:
        plain, output, cached, written = (_above(each, start) for each in found)
        assert plain is not None
        assert output is not None
        made.append(
            Rate(
                above=start,
                input=plain,
                output=output,
                cached=plain if cached is None else cached,
                cache_write=plain if written is None else written,
                call=call / _THOUSAND,
            )
        )
    return tuple(made)


def _above(value: Any, start: int) -> Decimal | None:
    """A price just above so many input tokens."""
    if value is None or isinstance(value, Decimal):
        return value
    found: Decimal = value.base
    for tier in value.tiers:
        if tier.start <= start:
            found = tier.price
    return found
