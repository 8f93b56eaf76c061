"""Tiers, what they cost, and the ladders they stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

__all__ = ["Ladder", "Price", "Procedure", "Tier"]

Procedure = Literal["top-down", "cheap-first"]

_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a million tokens cost, in `unit`, on a date, by a source.

    `cached` and `cache_write` price input read from and written to the provider's prompt cache (None: like other
    input); `batch` is the share of the price that batch processing costs (None: all of it).
    """

    __pydantic_config__ = _STRICT

    input: Decimal
    output: Decimal
    unit: str
    on: str
    source: str
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    batch: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A model with its parameters and the strategy that turns its replies into one answer.

    `schema` asks for schema-constrained decoding; `vote` n > 1 asks n times and takes the commonest answer.
    `weights` names pinned local weights, `engine` the release that runs them. `price` overrides the price book, and
    `priced_as` (provider/model) names the entry of the book that holds for it. `max_connections` fixes how many requests
    are under way at once (None: as many as the provider takes).
    """

    __pydantic_config__ = _STRICT

    name: str
    provider: str
    model: str
    temperature: Decimal | None = None
    seed: int | None = None
    effort: str | None = None
    schema: bool = False
    vote: int = 1
    base_url: str | None = None
    key_env: str | None = None
    weights: str | None = None
    engine: str | None = None
    price: Price | None = None
    priced_as: str | None = None
    max_connections: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Tiers in their owner's order of price, the reference last. All costs on it are in `unit`.

    `floors`: tiers are tried from the reference downwards, each at full alpha, or the cheapest first at alpha shared
    between them. `table_alpha` shares alpha between all rows of a table as well. `mix` gives the user's workload: shares
    of kinds of work ("crud") and of levels within them ("crud.2"); empty where every sample counts alike.
    """

    name: str
    title: str
    unit: str
    tiers: tuple[Tier, ...]
    floors: Procedure = "top-down"
    table_alpha: bool = False
    mix: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def reference(self) -> Tier:
        return self.tiers[-1]

    def share(self, category: str) -> Decimal | None:
        """The share of a kind of work in the mix (that of its levels together, unless it is given); None without a mix.

        Shares need not add up to 1: they say how kinds of work relate.
        """
        if not self.mix:
            return None
        return self.mix.get(category, sum(self.level_shares(category).values(), Decimal(0)))

    def level_shares(self, category: str) -> dict[int, Decimal]:
        """The shares of a category's levels; empty where the mix does not tell them apart, and each sample counts alike."""
        named = ((level, self.mix.get(f"{category}.{level}")) for level in range(1, 6))
        return {level: share for level, share in named if share is not None}
