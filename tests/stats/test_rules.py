from __future__ import annotations

from decimal import Decimal

import pytest

from harness.errors import BadInput
from harness.stats import least_units, share_alpha
from harness.values import Rule

RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=60, method="sequential")


def test_alpha_is_shared_by_tiers_and_by_rows() -> None:
    assert share_alpha(RULE) == RULE
    assert share_alpha(RULE, candidates=2).alpha == Decimal("0.025")
    assert share_alpha(RULE, candidates=2, rows=5).alpha == Decimal("0.005")
    assert least_units(share_alpha(RULE, candidates=2)) == 72


@pytest.mark.parametrize(("candidates", "rows"), [(0, 1), (1, 0)])
def test_alpha_is_shared_by_one_at_least(candidates: int, rows: int) -> None:
    with pytest.raises(BadInput, match="there must be one of each"):
        share_alpha(RULE, candidates=candidates, rows=rows)
