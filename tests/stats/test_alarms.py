from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from harness.stats import Seen, alarms
from harness.values import Rule

RULE = Rule(margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=60, method="sequential")
SMALL = Seen(tier="small", quality=0.85, cost=1.0, unparsable=0.0, wins=3, losses=9)
MIDDLE = Seen(tier="middle", quality=0.9, cost=2.0, unparsable=0.05, wins=4, losses=6)
LARGE = Seen(tier="large", quality=0.93, cost=5.0, unparsable=0.0)


def kinds(*ladder: Seen) -> list[tuple[str, str]]:
    return [(alarm.kind, alarm.tier) for alarm in alarms(ladder, RULE)]


def test_an_ordinary_ladder_raises_none() -> None:
    assert kinds(SMALL, MIDDLE, LARGE) == []


@pytest.mark.parametrize(("wins", "losses", "raised"), [(6, 0, True), (5, 0, False), (20, 9, False), (22, 9, True)])
def test_a_reference_worse_than_a_cheaper_tier(wins: int, losses: int, raised: bool) -> None:
    # Two tiers share alpha: 2^-6 is below 0.025, 2^-5 is not.
    found = alarms([replace(SMALL, wins=wins, losses=losses), MIDDLE, LARGE], RULE)

    assert [(alarm.kind, alarm.tier) for alarm in found] == ([("reference", "large")] if raised else [])
    if raised:
        assert found[0].text.startswith(f"large is worse than small: {losses} units won, {wins} lost (p 0.0")


def test_without_a_discordant_unit_the_reference_is_not_worse() -> None:
    assert kinds(replace(SMALL, wins=0, losses=0), LARGE) == []


def test_a_tier_that_costs_more_than_the_next() -> None:
    assert kinds(replace(SMALL, cost=2.5), MIDDLE, LARGE) == [("cost order", "small")]
    assert kinds(replace(SMALL, cost=None), MIDDLE, LARGE) == []


def test_answers_that_cannot_be_read() -> None:
    assert kinds(SMALL, MIDDLE, replace(LARGE, unparsable=0.74)) == [("unparsable", "large")]


def test_too_easy_and_too_hard() -> None:
    easy = [replace(seen, quality=0.95) for seen in (SMALL, MIDDLE, LARGE)]
    hard = [replace(seen, quality=0.39) for seen in (SMALL, MIDDLE, LARGE)]

    assert kinds(*easy) == [("too easy", "small")]
    assert kinds(*hard) == [("too hard", "large")]
    assert kinds(replace(easy[0], quality=0.94), *easy[1:]) == []
    assert kinds(*hard[:2], replace(hard[2], quality=0.4)) == []
    assert kinds(*hard[:2], replace(hard[2], quality=None)) == []
