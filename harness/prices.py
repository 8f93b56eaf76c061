"""What answers cost: usage times the price of a day, as `Decimal`. An unknown price is an error, never 0.

A tier's own declared price counts first; else the price book `genai-prices` as of the given day, without a network.
"""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, date, datetime, time
from decimal import Decimal

from .errors import BadInput
from .values import Ladder, Request, Tier, Usage

__all__ = ["cost", "expected", "source", "worst_case"]

_MILLION = Decimal(1_000_000)
# Tokens of the chat template and of a schema's instructions around what we send.
_FRAME = 64
_BYTES_PER_TOKEN = 4


def cost(usage: Usage, tier: Tier, unit: str, on: date) -> Decimal:
    """What a reply costs in `unit` at the prices of the day `on`."""
    if tier.price is not None:
        if tier.price.unit != unit:
            raise BadInput(
                tier.name, f"its price is in {tier.price.unit}, the ladder counts in {unit}; make them equal"
            )
        return (usage.input * tier.price.input + usage.output * tier.price.output) / _MILLION
    if unit != "USD":
        raise BadInput(tier.name, f"no price in {unit}; add a price to the tier, the price book knows USD only")
    return _by_the_book(usage, tier, on)


def worst_case(request: Request, tier: Tier, unit: str, on: date) -> Decimal:
    """The most that a request can cost.

    No tokenizer makes more tokens than there are bytes, no reply is longer than it may be, and all of the input may be
    billed as written to the provider's cache, which some do by themselves.
    """
    tokens = _bytes(request) + _FRAME
    plain = Usage(input=tokens, output=request.max_output_tokens)
    written = Usage(input=tokens, output=request.max_output_tokens, cache_write=tokens)
    return max(cost(plain, tier, unit, on), cost(written, tier, unit, on))


def expected(request: Request, tier: Tier, unit: str, on: date, output: int | None = None) -> Decimal:
    """A guess at what a request costs: four bytes a token, and `output` tokens or half of what it may write."""
    tokens = _bytes(request) // _BYTES_PER_TOKEN + _FRAME
    written = request.max_output_tokens // 2 if output is None else output
    return cost(Usage(input=tokens, output=written), tier, unit, on)


def source(ladder: Ladder) -> str:
    """Where the prices of a ladder come from, for its manifest."""
    declared = {f"declared on {tier.price.on}: {tier.price.source}" for tier in ladder.tiers if tier.price is not None}
    book = {f"genai-prices {importlib.metadata.version('genai-prices')}" for tier in ladder.tiers if tier.price is None}
    return "; ".join(sorted(declared | book))


def _bytes(request: Request) -> int:
    return sum(len(text.encode()) for text in (request.system, request.prompt, request.schema or ""))


def _by_the_book(usage: Usage, tier: Tier, on: date) -> Decimal:
    import genai_prices

    tokens = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.cache_write,
    )
    place = f"{tier.provider}/{tier.model}"
    try:
        found = genai_prices.calc_price(
            tokens, tier.model, provider_id=tier.provider, genai_request_timestamp=datetime.combine(on, time(12), UTC)
        )
    except LookupError as error:
        raise BadInput(place, "the price book does not know it; add a price to the tier") from error
    # The book matches by prefix: an id it has never heard of can be priced as its neighbour.
    if found.model.id != tier.model:
        raise BadInput(place, f"the price book takes it for {found.model.id!r}; add a price to the tier")
    if found.model_price.input_mtok is None or found.model_price.output_mtok is None:
        raise BadInput(place, "the price book has no price per token for it; add a price to the tier")
    return found.total_price
