from __future__ import annotations

import math
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.stats import (
    Pair,
    binomial_p,
    decide,
    decided_at,
    exact_p,
    flawless_at,
    gather,
    judge,
    least_units,
    qualify,
    tango_z,
)
from harness.values import Rule

RULE = Rule(margin=Decimal("0.10"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=100, method="sequential")
FIXED = replace(RULE, method="fixed", horizon=60)
GRADES = st.sampled_from([0.0, 0.25, 0.5, 1.0])


def units(both: int, wins: int, losses: int, neither: int) -> tuple[list[float], list[float]]:
    """Scores of tier and reference, the discordant pairs spread evenly by a seeded shuffle."""
    pairs = [(1.0, 1.0)] * both + [(1.0, 0.0)] * wins + [(0.0, 1.0)] * losses + [(0.0, 0.0)] * neither
    random.Random(7).shuffle(pairs)
    return [tier for tier, _ in pairs], [reference for _, reference in pairs]


@pytest.mark.parametrize(
    ("margin", "alpha", "bar", "expected"),
    [
        ("0.02", "0.05", "0.50", 149),
        ("0.03", "0.05", "0.50", 99),
        ("0.05", "0.05", "0.50", 59),
        ("0.10", "0.05", "0.50", 29),
        ("0.02", "0.025", "0.50", 183),
        ("0.03", "0.025", "0.50", 122),
        ("0.05", "0.025", "0.50", 72),
        ("0.10", "0.025", "0.50", 36),
        ("0.50", "0.05", "0.80", 14),
        ("0.50", "0.05", "0.90", 29),
        ("0.50", "0.05", "0.95", 59),
        ("0.50", "0.25", "0.10", 2),
        ("0.10", "0.00729", "0.10", 47),
        ("0.90", "0.01", "0.10", 2),
    ],
)
def test_least_units(margin: str, alpha: str, bar: str, expected: int) -> None:
    rule = replace(RULE, margin=Decimal(margin), alpha=Decimal(alpha), bar=Decimal(bar))

    assert least_units(rule) == expected


def test_ties_are_sufficient_at_the_known_unit_and_not_before() -> None:
    rule = replace(RULE, margin=Decimal("0.05"))

    assert judge([1.0] * 73, [1.0] * 73, rule).kind == "inconclusive"
    verdict = judge([1.0] * 74, [1.0] * 74, rule)
    assert verdict == judge([1.0] * 99, [1.0] * 99, rule)
    assert (verdict.kind, verdict.why, verdict.method) == ("sufficient", "gap and bar shown", "betting e-process")
    assert verdict.statistic == pytest.approx(20.06, abs=0.01)
    assert verdict.needed is None


def test_the_exact_test_calls_ties_sufficient_from_its_least_units_on() -> None:
    for margin, least in (("0.05", 59), ("0.10", 29)):
        fixed = replace(FIXED, margin=Decimal(margin))
        kinds = [judge([1.0] * n, [1.0] * n, replace(fixed, horizon=n)).kind for n in (least - 1, least)]
        assert kinds == ["inconclusive", "sufficient"]


@pytest.mark.parametrize("rule", [RULE, FIXED], ids=lambda rule: rule.method)
def test_no_units_are_no_data(rule: Rule) -> None:
    for verdict in (judge([], [], rule), qualify([], rule)):
        assert (verdict.kind, verdict.why, verdict.statistic) == ("inconclusive", "no data", None)
        assert verdict.needed is not None
        assert verdict.needed >= least_units(rule)


def test_a_clearly_worse_tier_is_insufficient_long_before_the_horizon() -> None:
    scores, reference = units(both=10, wins=0, losses=15, neither=0)

    verdict = judge(scores, reference, RULE)

    assert (verdict.kind, verdict.why, verdict.needed) == ("insufficient", "loses more than the margin", None)
    assert verdict.statistic is not None
    assert verdict.statistic >= 20


def test_a_tier_as_bad_as_its_reference_misses_the_bar() -> None:
    scores, reference = units(both=20, wins=0, losses=0, neither=30)

    verdict = judge(scores, reference, RULE)

    assert (verdict.kind, verdict.why) == ("insufficient", "misses the bar")
    assert qualify(reference, RULE) == verdict


@pytest.mark.parametrize("method", ["sequential", "fixed"])
def test_no_worse_than_the_reference_is_not_enough_without_the_bar(method: Any) -> None:
    scores, reference = units(both=80, wins=0, losses=0, neither=20)

    verdict = judge(scores, reference, replace(RULE, method=method))

    assert (verdict.kind, verdict.why) == ("inconclusive", "bar not shown")
    assert verdict.needed is not None


@pytest.mark.parametrize("method", ["sequential", "fixed"])
def test_above_the_bar_is_not_enough_where_the_gap_is_open(method: Any) -> None:
    scores, reference = units(both=93, wins=0, losses=7, neither=0)

    verdict = judge(scores, reference, replace(RULE, method=method, margin=Decimal("0.08")))

    assert (verdict.kind, verdict.why) == ("inconclusive", "gap not shown")


def test_too_few_samples_say_how_many_more() -> None:
    verdict = judge([1.0] * 20, [1.0] * 20, RULE)

    assert (verdict.kind, verdict.why) == ("inconclusive", "too few samples")
    assert verdict.needed is not None
    assert 9 <= verdict.needed <= 60


def test_wins_do_not_certify_below_the_least_units() -> None:
    scores, reference = [1.0] * 28, [0.0] * 28

    assert judge(scores, reference, RULE).why == "too few samples"
    assert judge([*scores, 1.0], [*reference, 0.0], RULE).kind == "sufficient"


def test_hopeless_is_futile() -> None:
    scores, reference = units(both=51, wins=0, losses=9, neither=0)

    verdict = judge(scores, reference, RULE)

    assert (verdict.kind, verdict.why) == ("inconclusive", "futile")
    assert verdict.needed is not None


def test_nothing_shown_is_not_enough_evidence_yet() -> None:
    scores, reference = units(both=42, wins=4, losses=5, neither=4)

    verdict = judge(scores, reference, RULE)

    assert (verdict.kind, verdict.why) == ("inconclusive", "not enough evidence yet")
    assert verdict.statistic is not None
    assert 1 <= verdict.statistic < 20


def test_betting_goes_on_beyond_the_horizon() -> None:
    scores, reference = [1.0] * 20 + [0.0] + [1.0] * 60, [1.0] * 81
    rule = replace(RULE, horizon=40)

    assert judge(scores[:40], reference[:40], rule).kind == "inconclusive"
    assert judge(scores, reference, rule).kind == "sufficient"


def test_graded_scores_are_judged() -> None:
    scores, reference = [0.9, 1.0, 0.95] * 30, [1.0, 0.9, 0.95] * 30

    assert judge(scores, reference, RULE).kind == "sufficient"
    assert judge([0.75] * 90, [1.0] * 90, RULE).kind == "insufficient"


def test_the_fixed_test_reports_the_larger_p_when_sufficient_and_its_own_when_refuted() -> None:
    rule = replace(FIXED, horizon=100)
    good, poor, low = units(94, 3, 2, 1), units(70, 0, 25, 5), units(60, 5, 5, 30)

    sufficient, worse, missed = (judge(*pair, rule) for pair in (good, poor, low))

    assert (sufficient.kind, sufficient.method) == ("sufficient", "exact unconditional test")
    assert sufficient.statistic == pytest.approx(max(exact_p(3, 2, 100, 0.1), binomial_p(97, 100, 0.8)))
    assert (worse.kind, worse.why) == ("insufficient", "loses more than the margin")
    assert worse.statistic == pytest.approx(exact_p(0, 25, 100, 0.1, "less"))
    assert (missed.kind, missed.why) == ("insufficient", "misses the bar")
    assert missed.statistic == pytest.approx(binomial_p(65, 100, 0.8, "less"))


def test_the_fixed_test_is_read_once_on_the_first_units_up_to_the_horizon() -> None:
    scores, reference = units(both=60, wins=0, losses=0, neither=0)

    early = judge(scores[:59], reference[:59], FIXED)
    read = judge(scores, reference, FIXED)
    later = judge(scores + [0.0] * 40, reference + [1.0] * 40, FIXED)

    assert (early.kind, early.why, early.statistic) == ("inconclusive", "not enough evidence yet", None)
    assert early.needed == 1
    assert read.kind == "sufficient"
    assert later == read


@pytest.mark.parametrize("method", ["sequential", "fixed"])
def test_the_reference_has_only_the_bar_to_meet(method: Any) -> None:
    rule = replace(RULE, method=method)

    shown = qualify([1.0] * 95 + [0.0] * 5, rule)
    missed = qualify([1.0, 0.0] * 50, rule)
    unclear = qualify([1.0, 1.0, 1.0, 1.0, 0.0] * 20, rule)

    assert (shown.kind, shown.why) == ("sufficient", "bar shown")
    assert (missed.kind, missed.why) == ("insufficient", "misses the bar")
    assert unclear.kind == "inconclusive"


@settings(deadline=None)
@given(st.lists(st.tuples(GRADES, GRADES), max_size=120), st.integers(1, 120))
def test_nothing_is_sufficient_below_the_least_units_and_a_decision_stands(
    pairs: list[tuple[float, float]], cut: int
) -> None:
    scores, reference = [tier for tier, _ in pairs], [other for _, other in pairs]

    early, late = judge(scores[:cut], reference[:cut], RULE), judge(scores, reference, RULE)

    assert early.kind != "sufficient" or cut >= least_units(RULE)
    assert (early.needed is None) == (early.kind != "inconclusive")
    assert early.needed is None or 1 <= early.needed <= 5000
    if early.kind != "inconclusive":
        assert late == early
    at = decided_at(scores, reference, RULE)
    assert (at is None) == (late.kind == "inconclusive")
    if at is not None:
        assert judge(scores[:at], reference[:at], RULE) == late
        assert judge(scores[: at - 1], reference[: at - 1], RULE).kind == "inconclusive"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=60, max_size=60))
def test_the_fixed_test_does_not_depend_on_the_order_of_units(pairs: list[tuple[float, float]]) -> None:
    scores, reference = [tier for tier, _ in pairs], [other for _, other in pairs]

    assert judge(scores, reference, FIXED) == judge(scores[::-1], reference[::-1], FIXED)


def test_tiers_at_the_margin_are_seldom_called_sufficient_whenever_one_stops() -> None:
    # One unit in eight is lost and 0.025 are won: the gap is just -0.10, the quality 0.875.
    rng = random.Random("tiers at the margin")
    runs, alpha = 800, 0.05

    wrong = 0
    for _ in range(runs):
        pairs = rng.choices([(0, 1), (1, 0), (1, 1)], [0.125, 0.025, 0.85], k=120)
        wrong += judge([tier for tier, _ in pairs], [other for _, other in pairs], RULE).kind == "sufficient"

    assert wrong / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_good_tiers_are_seldom_called_insufficient_and_mostly_sufficient() -> None:
    rng = random.Random("good tiers")
    runs = 500

    kinds = []
    for _ in range(runs):
        pairs = rng.choices([(0, 1), (1, 0), (1, 1), (0, 0)], [0.01, 0.01, 0.95, 0.03], k=100)
        kinds.append(judge([tier for tier, _ in pairs], [other for _, other in pairs], RULE).kind)

    assert kinds.count("insufficient") <= 0.02 * runs
    assert kinds.count("sufficient") >= 0.9 * runs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": Decimal(0)}, "rule.margin: 0 is not between 0 and 1"),
        ({"margin": Decimal(1)}, "rule.margin: 1 is not between 0 and 1"),
        ({"margin": Decimal("NaN")}, "rule.margin: NaN is not between 0 and 1"),
        ({"alpha": Decimal("0.5")}, "rule.alpha: 0.5 is not between 0 and 0.5"),
        ({"alpha": Decimal(0)}, "rule.alpha: 0 is not between 0 and 0.5"),
        ({"bar": Decimal("1.5")}, "rule.bar: 1.5 is not between 0 and 1"),
        ({"horizon": 0}, "rule.horizon: 0 units cannot be planned"),
    ],
)
def test_impossible_rules_are_refused(change: dict[str, Any], message: str) -> None:
    rule = replace(RULE, **change)

    for ask in (lambda: judge([1.0], [1.0], rule), lambda: qualify([1.0], rule), lambda: least_units(rule)):
        with pytest.raises(BadInput) as refused:
            ask()
        assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("scores", "reference", "rule", "message"),
    [
        ([1.0], [1.0, 0.0], RULE, "scores: 1 units but 2 of the reference, pair them first"),
        ([1.0, 1.5], [1.0, 1.0], RULE, "scores[1]: 1.5 is not between 0 and 1"),
        ([1.0], [-0.1], RULE, "reference[0]: -0.1 is not between 0 and 1"),
        ([math.nan], [1.0], RULE, "scores[0]: nan is not between 0 and 1"),
        ([1.0, 0.5], [1.0, 1.0], FIXED, "scores[1]: 0.5 is neither 0 nor 1"),
    ],
)
def test_impossible_scores_are_refused(scores: list[float], reference: list[float], rule: Rule, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        judge(scores, reference, rule)

    assert str(refused.value).startswith(message)


def test_beyond_a_thousand_units_the_fixed_test_is_tangos_score() -> None:
    scores, reference = units(both=1100, wins=30, losses=40, neither=30)

    verdict = judge(scores, reference, replace(FIXED, margin=Decimal("0.05"), horizon=1200))

    assert (verdict.kind, verdict.method) == ("sufficient", "Tango's score test")
    z = tango_z(30, 40, 1200, -0.05)
    assert verdict.statistic == pytest.approx(max(0.5 * math.erfc(z / math.sqrt(2)), binomial_p(1130, 1200, 0.8)))


def test_full_shares_change_nothing() -> None:
    scores, reference = units(both=50, wins=2, losses=3, neither=2)

    assert judge(scores, reference, RULE, [1.0] * 57) == judge(scores, reference, RULE)


def test_light_units_move_the_verdict_less_than_heavy_ones() -> None:
    # Half of the work is lost, but it is a twentieth of the mix.
    scores, reference = [1.0, 0.0] * 100, [1.0] * 200
    rule = replace(RULE, margin=Decimal("0.20"), bar=Decimal("0.70"), horizon=200)

    assert judge(scores, reference, rule).kind == "insufficient"
    assert judge(scores, reference, rule, [1.0, 0.05] * 100).kind == "sufficient"


@pytest.mark.parametrize(
    ("rule", "shares", "message"),
    [
        (RULE, [1.0], "shares: 1 shares of 2 units"),
        (RULE, [1.0, 1.2], "shares[1]: 1.2 is not above 0 and at most 1"),
        (RULE, [1.0, 0.0], "shares[1]: 0.0 is not above 0 and at most 1"),
        (FIXED, [1.0, 1.0], "rule.method: the fixed test cannot weigh units"),
    ],
)
def test_impossible_shares_are_refused(rule: Rule, shares: list[float], message: str) -> None:
    for scores, reference in (([1.0, 1.0], [1.0, 1.0]), ([1.0, 1.0], None)):
        with pytest.raises(BadInput) as refused:
            _ = judge(scores, reference, rule, shares) if reference else qualify(scores, rule, shares)
        assert str(refused.value).startswith(message)


def pairs_of(scores: list[float], reference: list[float]) -> list[Pair]:
    return [
        Pair(sample=str(i), unit=str(i), scores=(score,), reference=(other,))
        for i, (score, other) in enumerate(zip(scores, reference, strict=True))
    ]


def hole(i: int, *, at: str) -> Pair:
    return Pair(
        sample=f"hole {i}",
        unit=f"hole {i}",
        scores=() if at in ("tier", "both") else (1.0,),
        reference=() if at in ("reference", "both") else (1.0,),
    )


def test_without_holes_decide_says_what_judge_says() -> None:
    scores, reference = units(both=90, wins=2, losses=2, neither=2)

    decision = decide(pairs_of(scores, reference), RULE)

    assert decision.verdict == judge(scores, reference, RULE)
    assert (decision.units, decision.holes, decision.has_many_holes) == (96, 0, False)
    assert decide(pairs_of(scores, reference), RULE, alone=True).verdict == qualify(scores, RULE)


def test_no_pairs_are_no_data() -> None:
    decision = decide([], RULE)

    assert (decision.verdict.kind, decision.verdict.why, decision.units, decision.holes) == (
        *("inconclusive", "no data"),
        *(0, 0),
    )


@pytest.mark.parametrize("at", ["tier", "reference", "both"])
def test_a_few_holes_do_not_turn_a_clear_verdict(at: str) -> None:
    good = pairs_of([1.0] * 80, [1.0] * 80)
    poor = pairs_of([0.0] * 40, [1.0] * 40)
    holes = [hole(i, at=at) for i in range(1)]

    assert decide(holes + good, RULE).verdict.kind == "sufficient"
    assert decide(holes + poor, RULE).verdict.kind == "insufficient"
    assert not decide(good + holes, RULE).has_many_holes


@pytest.mark.parametrize("at", ["tier", "reference", "both"])
def test_holes_that_could_turn_the_verdict_leave_it_open(at: str) -> None:
    # An open reference can turn a claim only where the tier itself failed.
    failed = replace(hole(0, at="reference"), scores=(0.0,))
    holes = [replace(failed, sample=f"h{i}", unit=f"h{i}") if at == "reference" else hole(i, at=at) for i in range(8)]

    decision = decide(holes + pairs_of([1.0] * 60, [1.0] * 60), RULE)

    assert (decision.verdict.kind, decision.verdict.why) == ("inconclusive", "missing data")
    assert decision.verdict.needed == 8
    assert decision.has_many_holes
    assert decision.units == 60


def test_holes_could_save_a_tier_that_looks_insufficient() -> None:
    holes = [hole(i, at="tier") for i in range(30)]
    poor = pairs_of([0.0, 1.0] * 13, [1.0] * 26)

    assert decide(poor, RULE).verdict.kind == "insufficient"
    assert decide(holes + poor, RULE).verdict.why == "missing data"


def test_the_reference_alone_may_have_holes_too() -> None:
    own = [Pair(sample=str(i), unit=str(i), scores=(1.0,)) for i in range(40)]
    holes = [Pair(sample=f"h{i}", unit=f"h{i}", scores=()) for i in range(12)]

    assert decide(own, RULE, alone=True).verdict.kind == "sufficient"
    assert decide(holes + own, RULE, alone=True).verdict.why == "missing data"


def test_needed_is_resampled_from_twenty_units_on() -> None:
    few, more = pairs_of([1.0] * 15, [1.0] * 15), pairs_of([1.0] * 30, [1.0] * 30)

    assert decide(few, RULE).verdict == judge([1.0] * 15, [1.0] * 15, RULE)
    # Ties alone are decided after 39 units.
    assert decide(more, RULE).verdict.needed == 9


def test_decide_weighs_units_by_the_mix() -> None:
    heavy, light = Pair(sample="", unit="", scores=(1.0,), reference=(1.0,), weight=20), (0.0,)
    mixed = [
        replace(heavy, sample=str(i), unit=str(i))
        if i % 2
        else replace(heavy, sample=str(i), unit=str(i), weight=1, scores=light)
        for i in range(200)
    ]
    rule = replace(RULE, margin=Decimal("0.20"), bar=Decimal("0.70"), horizon=200)

    assert decide(mixed, rule, heaviest=20).verdict.kind == "sufficient"
    assert decide(mixed, rule).verdict.kind == "insufficient"
    assert gather(mixed, heaviest=20).shares[:2] == (0.05, 1.0)


def test_the_unit_of_the_decision_is_told() -> None:
    assert decided_at([1.0] * 90, [1.0] * 90, RULE) == 39
    assert decided_at([1.0] * 38, [1.0] * 38, RULE) is None
    assert decided_at([1.0] * 90, None, RULE) == 29
    assert decided_at([1.0] * 70, [1.0] * 70, FIXED) == 60
    assert decided_at([], [], RULE) is None


@pytest.mark.parametrize(
    ("margin", "horizon", "method", "at"),
    [
        ("0.05", 100, "sequential", 74),
        ("0.05", 200, "sequential", 80),
        ("0.05", 400, "sequential", 97),
        ("0.10", 100, "sequential", 39),
        ("0.10", 200, "sequential", 48),
        ("0.05", 58, "fixed", None),
        ("0.05", 59, "fixed", 59),
        ("0.10", 29, "fixed", 29),
    ],
)
def test_a_flawless_run_is_decided_at_the_known_unit(margin: str, horizon: int, method: Any, at: int | None) -> None:
    assert flawless_at(replace(RULE, margin=Decimal(margin), horizon=horizon, method=method)) == at


def test_a_flawless_run_may_take_longer_than_its_horizon_but_not_for_ever() -> None:
    short = flawless_at(replace(RULE, margin=Decimal("0.05"), horizon=40))

    assert short is not None
    assert 59 <= short <= 80
    assert flawless_at(replace(RULE, margin=Decimal("0.0005"), horizon=40)) is None


def test_a_sample_is_a_hole_once_and_only_without_any_answer() -> None:
    pairs = pairs_of([1.0] * 8, [1.0] * 8)
    open_epoch = replace(pairs[0], scores=())

    assert decide([*pairs, open_epoch], RULE).holes == 0
    assert decide([*pairs, hole(1, at="tier"), hole(1, at="tier"), hole(2, at="reference")], RULE).holes == 0.2
