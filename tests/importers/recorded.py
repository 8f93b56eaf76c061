"""Outcomes as somebody else may have recorded them, for tests of imports."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from harness.errors import BadInput
from harness.importers import Imported, Terms

TERMS = Terms(name="mine", margin=Decimal("0.10"), alpha=Decimal("0.05"), bar=Decimal("0.80"), method="sequential")

Row = dict[str, Any]
Load = Callable[..., Imported]


def rows(items: int = 3, tiers: tuple[str, ...] = ("small", "large"), **more: Any) -> list[Row]:
    """Every tier is right about every item; ranks and costs rise with the tiers."""
    return [
        {
            "category": "sums",
            "item_id": f"i{item}",
            "provider": "acme",
            "model": f"acme-{tier}",
            "tier": tier,
            "tier_rank": rank,
            "correct": 1,
            "input_tokens": 10,
            "output_tokens": 5,
            "latency_s": 0.25,
            "cost_usd": 0.001 * rank,
            **more,
        }
        for item in range(items)
        for rank, tier in enumerate(tiers, start=1)
    ]


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(BadInput) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)
