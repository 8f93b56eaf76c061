"""Usage and a dated price become money. An unknown price is an error, never zero."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from .errors import BadInput
from .values import Ladder, Request, Tier, Usage

__all__ = ["cost", "expected", "source", "worst_case"]

_MILLION = Decimal(1_000_000)
_FRAMING_TOKENS = 64
"""What a chat template may add around system text, prompt and schema."""


def cost(usage: Usage, tier: Tier, unit: str, on: date) -> Decimal:
    """What a reply costs at the prices of a day, in the ladder's unit.

    A price declared in the ladder counts every input token alike; else the price book of genai-prices decides, with
    cached tokens apart. Raises BadInput where neither knows the model.
    """
    if tier.price is not None:
        return (tier.price.input * usage.input + tier.price.output * usage.output) / _MILLION
    if unit != "USD":
        raise BadInput(tier.name, f"no price in {unit}: declare price.input and price.output in the ladder")
    return _book(usage, tier, on)


def worst_case(request: Request, tier: Tier, unit: str, on: date) -> Decimal:
    """What a request cannot cost more than: a token for every byte sent and every output token that is allowed."""
    sent = sum(len(text.encode()) for text in (request.system, request.prompt, request.schema or ""))
    return cost(Usage(input=sent + _FRAMING_TOKENS, output=request.max_output_tokens), tier, unit, on)


def expected(request: Request, tier: Tier, unit: str, on: date) -> Decimal:
    """A guess at what a request costs: a token for every four bytes sent, half of the output tokens that are allowed."""
    sent = sum(len(text.encode()) for text in (request.system, request.prompt, request.schema or ""))
    return cost(Usage(input=sent // 4, output=request.max_output_tokens // 2), tier, unit, on)


def source(ladder: Ladder) -> str:
    """Where a ladder's prices come from, for readers of a table."""
    declared = sorted({tier.price.source for tier in ladder.tiers if tier.price is not None})
    if all(tier.price is not None for tier in ladder.tiers):
        return "; ".join(declared)
    from importlib.metadata import version

    return "; ".join([f"genai-prices {version('genai-prices')}", *declared])


def _book(usage: Usage, tier: Tier, on: date) -> Decimal:
    import genai_prices

    counted = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached or None,
        cache_write_tokens=usage.cache_write or None,
    )
    noon = datetime.combine(on, time(12), tzinfo=UTC)
    try:
        found = genai_prices.calc_price(counted, tier.model, provider_id=tier.provider, genai_request_timestamp=noon)
    except LookupError:
        raise BadInput(tier.name, f"no price of {tier.model!r} is known: declare price.input and price.output") from None
    if found.model.id != tier.model:
        raise BadInput(
            tier.name, f"the price book takes {tier.model!r} for {found.model.id!r}: declare price.input and price.output"
        )
    return found.total_price
