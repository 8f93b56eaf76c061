"""What a plan takes: requests, expected cost with an interval, and the most it can cost.

Lengths are learnt from answers that are there. `worst` alone is a bound; what is expected is a forecast, and says what it
stands on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist
from types import MappingProxyType
from typing import Final

from .. import prices
from ..values import Plan, Processing, Request, Response, Tier, Usage

__all__ = ["COVERAGE", "Estimate", "estimate", "total"]

Answers = Mapping[str, tuple[Request, Response]]
PerByte = Mapping[tuple[str, str], Fraction]

COVERAGE: Final = 0.90
# Fewer answers say too little of their spread.
_ENOUGH: Final = 4
# How far a tier's lengths may lie outside those of other tiers, and a tokenizer's counts from another's.
_OTHER_LENGTHS: Final = 3
_OTHER_INPUT: Final = Fraction(3, 2)
# Input tokens where nothing is known, so many a byte and so many around the request: few, a guess, many.
_UNKNOWN: Final = ((Fraction(1, 6), 0), (Fraction(1, 4), 16), (Fraction(1, 2), 64))

_Input = tuple[Fraction, int]
_Three = tuple[Decimal, Decimal, Decimal]
_Given = Sequence[tuple[Request, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one suite at one tier takes; amounts in the ladder's unit.

    `expected` lies between `low` and `high`; `basis` says what they stand on. Where they are `measured`, on answers of
    this tier to this suite, that is a 90 % prediction interval of the sum. `worst` cannot be exceeded.
    """

    suite: str
    tier: str
    requests: int
    stored: int
    to_ask: int
    expected: Decimal
    low: Decimal
    high: Decimal
    worst: Decimal
    basis: str
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a tier's tokens cost: the tier, the ladder's unit, the day and the way of asking."""

    tier: Tier
    unit: str
    on: date
    processing: Processing

    def cost(self, usage: Usage) -> Decimal:
        return prices.cost(usage, self.tier, self.unit, self.on, self.processing)

    def worst(self, request: Request) -> Decimal:
        return prices.worst_case(request, self.tier, self.unit, self.on, self.processing)

    def mean(self, tokens: int, output: Decimal) -> Decimal:
        """The cost of an answer to so many input tokens, whose length is a mean and so no whole number."""
        rate = prices.rate(tokens, self.tier, self.unit, self.on, self.processing)
        return self.cost(Usage(input=tokens, output=0)) + output * rate.output / 1_000_000


def estimate(
    plan: Plan,
    stored: Collection[str],
    on: date,
    *,
    answers: Answers = MappingProxyType({}),
    processing: Processing = "standard",
    counted: PerByte = MappingProxyType({}),
) -> tuple[Estimate, ...]:
    """Requests and costs of what is still to ask, per suite and tier, at the prices of a day.

    Lengths are learnt from `answers`: those of the same tier to this suite, whichever samples they answer; else those of
    other tiers to it. `counted` gives the input tokens a byte of a (suite, tier), where a provider counted them.
    """
    tiers = {tier.name: tier for tier in plan.ladder.tiers}
    cells: dict[tuple[str, str], dict[str, Request]] = {}
    for ask in plan.asks:
        cells.setdefault((ask.suite, ask.tier.name), {}).update((request.key, request) for request in ask.requests)
    kinds = _kinds(answers.values())
    rows = []
    for (suite, name), mine in cells.items():
        terms = _Terms(tier=tiers[name], unit=plan.ladder.unit, on=on, processing=processing)
        asked = [request for key, request in mine.items() if key not in stored]
        own = [answers[key] for key in mine if key in answers]
        worst = sum((terms.worst(each) for each in asked), Decimal(0))
        forecast = _forecast(asked, own, kinds, terms, counted.get((suite, name)))
        rows.append(
            Estimate(
                suite=suite,
                tier=name,
                requests=len(mine),
                stored=len(mine) - len(asked),
                to_ask=len(asked),
                expected=_digits(forecast.expected),
                low=_digits(min(forecast.low, forecast.expected)),
                high=_digits(max(forecast.expected, min(forecast.high, worst))),
                worst=worst,
                basis=forecast.basis,
                measured=forecast.measured,
            )
        )
    return tuple(rows)


def total(rows: Sequence[Estimate]) -> Estimate:
    """All rows as one. Misses are taken to add up within a suite, whose samples all tiers share, and where nothing is
    measured; those of different suites are independent, so that the squares add.
    """
    expected, worst = (sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("expected", "worst"))
    return Estimate(
        suite="total",
        tier="",
        requests=sum(row.requests for row in rows),
        stored=sum(row.stored for row in rows),
        to_ask=sum(row.to_ask for row in rows),
        expected=expected,
        low=_digits(expected - _together((row, row.expected - row.low) for row in rows)),
        high=_digits(expected + _together((row, row.high - row.expected) for row in rows)),
        worst=worst,
        basis="",
        measured=all(row.measured for row in rows),
    )


def _together(reaches: Iterable[tuple[Estimate, Decimal]]) -> Decimal:
    unknown, suites = Decimal(0), dict[str, Decimal]()
    for row, reach in reaches:
        if row.measured:
            suites[row.suite] = suites.get(row.suite, Decimal(0)) + reach
        else:
            unknown += reach
    return unknown + sum((reach * reach for reach in suites.values()), Decimal(0)).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forecast:
    expected: Decimal
    low: Decimal
    high: Decimal
    basis: str
    measured: bool


def _forecast(
    asked: Sequence[Request],
    own: _Given,
    kinds: Mapping[Request, _Given],
    terms: _Terms,
    per_byte: Fraction | None,
) -> _Forecast:
    """What is known best: answers of the tier itself, else those of other tiers, else nothing."""
    if not asked:
        return _Forecast(expected=Decimal(0), low=Decimal(0), high=Decimal(0), basis="", measured=True)
    kind, limit = _kind(asked[0]), asked[0].max_output_tokens
    own = own if len(own) >= _ENOUGH else kinds.get(kind, ())
    basis = f"{len(own)} answers"
    if len(own) >= _ENOUGH:
        forecast = _measured(asked, own, terms, per_byte)
    else:
        others = [
            given
            for other, given in kinds.items()
            if (other.system, other.max_output_tokens) == (kind.system, limit) and len(given) >= _ENOUGH
        ]
        inputs, lengths = _UNKNOWN, (Decimal(1), Decimal(limit) / 2, Decimal(limit))
        basis = "no answers yet: half the limit"
        if others:
            inputs, lengths = _outside(others, limit)
            basis = "other tiers' answers"
        if per_byte is not None:
            inputs = ((per_byte, 0),) * 3
        forecast = _between(asked, terms, inputs, lengths)
    low, expected, high = forecast
    if per_byte is not None:
        basis += ", input counted"
    return _Forecast(expected=expected, low=low, high=high, basis=basis, measured=len(own) >= _ENOUGH)


def _measured(asked: Sequence[Request], own: _Given, terms: _Terms, per_byte: Fraction | None) -> _Three:
    """Low, expected and high cost of the requests, learnt from answers to others like them.

    A request is expected to cost its bytes in tokens, as many a byte as the answers show, and their mean length. What
    the answers cost beyond that is their miss, and the interval is the one for the sum of m further observations after n:
    t(0.95; n - 2) s sqrt(m + m^2 / n), with two degrees of freedom spent (Meeker, Hahn and Escobar, Statistical Intervals,
    2nd ed., ch. 4). The spread s is never less than that of one answer in 4n at the far end of the possible lengths: a
    tier that has always written up to the limit looks too sure of itself otherwise.
    """
    n, m, limit = len(own), len(asked), asked[0].max_output_tokens
    length = Decimal(sum(response.usage.output for _, response in own)) / n
    shown = _per_byte(own)
    misses = [
        terms.cost(response.usage) - terms.mean(round(shown * prices.size(request)), length)
        for request, response in own
    ]
    tokens = [round((shown if per_byte is None else per_byte) * prices.size(request)) for request in asked]
    bias = sum(misses, Decimal(0)) / n
    expected = sum((terms.mean(each, length) for each in tokens), Decimal(0)) + m * bias
    typical, *ends = (terms.mean(tokens[0], each) for each in (length, Decimal(1), Decimal(limit)))
    far = max(abs(end - typical) for end in ends)
    variance = max(sum(((miss - bias) ** 2 for miss in misses), Decimal(0)) / (n - 2), far**2 / (4 * n))
    reach = _student(n - 2) * (variance * (m + Decimal(m * m) / n)).sqrt()
    least = sum((terms.cost(Usage(input=each, output=0, cached=each)) for each in tokens), Decimal(0))
    return max(expected - reach, least), expected, expected + reach


def _outside(others: Sequence[_Given], limit: int) -> tuple[tuple[_Input, _Input, _Input], _Three]:
    """Input tokens a byte and lengths that a tier may have of which only other tiers are known: few, a guess, many."""
    ratios = [_per_byte(given) for given in others]
    means = [Decimal(sum(response.usage.output for _, response in given)) / len(given) for given in others]
    inputs = (
        (min(ratios) / _OTHER_INPUT, 0),
        (sum(ratios, Fraction(0)) / len(ratios), 0),
        (max(ratios) * _OTHER_INPUT, 0),
    )
    lengths = (
        min(means) / _OTHER_LENGTHS,
        sum(means, Decimal(0)) / len(means),
        min(max(means) * _OTHER_LENGTHS, Decimal(limit)),
    )
    return inputs, (max(Decimal(1), lengths[0]), lengths[1], lengths[2])


def _between(asked: Sequence[Request], terms: _Terms, inputs: Sequence[_Input], lengths: _Three) -> _Three:
    """The costs of the requests with few, some and many tokens."""
    low, expected, high = (
        sum((terms.mean(round(ratio * prices.size(each)) + around, length) for each in asked), Decimal(0))
        for (ratio, around), length in zip(inputs, lengths, strict=True)
    )
    return low, expected, high


def _per_byte(given: _Given) -> Fraction:
    """Input tokens a byte of the requests, over all of them."""
    return Fraction(
        sum(response.usage.input for _, response in given), max(1, sum(prices.size(request) for request, _ in given))
    )


def _student(freedom: int) -> Decimal:
    """The quantile of Student's t that leaves half of 1 - COVERAGE above it.

    Abramowitz and Stegun 26.7.5, an expansion around the normal quantile: within 0.3 % from two degrees of freedom on.
    """
    z = NormalDist().inv_cdf((1 + COVERAGE) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return Decimal(f"{z + sum(term / freedom**power for power, term in enumerate(terms, 1)):.6f}")


def _digits(amount: Decimal) -> Decimal:
    return Decimal(f"{amount:.8g}")


def _kinds(answers: Iterable[tuple[Request, Response]]) -> dict[Request, list[tuple[Request, Response]]]:
    """Answers by everything of their request but the sample's own part: one kind is one tier on one suite."""
    found: dict[Request, list[tuple[Request, Response]]] = {}
    for request, response in answers:
        found.setdefault(_kind(request), []).append((request, response))
    return found


def _kind(request: Request) -> Request:
    return replace(request, prompt="", seed=None, epoch=0)
