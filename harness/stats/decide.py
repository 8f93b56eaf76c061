"""From scores to a verdict: a tier is good enough, is not, or nobody can tell yet.

A tier is sufficient when two claims are both shown, each at alpha (intersection-union, so alpha is not split): it
loses less than the margin to the reference, and its quality is above the bar. It is insufficient when either claim is
refuted, each at alpha. Whichever comes first in the suite's fixed order of units stands, whatever comes after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from ..errors import BadInput
from ..values import Rule, Verdict
from .betting import Game, bar_game, gap_game, log_wealth
from .exact import MOST_UNITS, Alternative, binomial_p, exact_p
from .forecast import MOST_FURTHER, further_by_betting, further_by_counting, is_futile
from .lazy import lazy_gaps, lazy_log_wealth, readable
from .resampling import further_by_resampling
from .rules import check_rule, least_units
from .units import Holes, Pair, Units, gather, is_hole, merged

__all__ = ["Decision", "decide", "decided_at", "flawless_at", "judge", "qualify"]

MANY_HOLES = 0.02
"""A larger share of samples without an answer is worth a warning, whatever the verdict."""

_REFUTED = {"gap": "loses more than the margin", "bar": "misses the bar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How one claim stands.

    Of the `read` units it was decided after `shown_at` or `refuted_at`, inf while it is not; `shown` and `refuted` are
    e-values or p-values, None while there is nothing to read; `to_show` and `to_refute` estimate further units.
    """

    claim: str
    read: int
    shown_at: float
    refuted_at: float
    shown: float | None
    refuted: float | None
    to_show: float
    to_refute: float
    is_futile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """A claim's game with the path of its log-wealth, and the game of the opposite claim."""

    claim: str
    game: Game
    path: Sequence[float]
    against: Game


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict with what it stands on: `units` of evidence and the share of samples that are `holes`."""

    verdict: Verdict
    units: int
    holes: float

    @property
    def has_many_holes(self) -> bool:
        return self.holes > MANY_HOLES


def decide(
    pairs: Iterable[Pair],
    rule: Rule,
    *,
    alone: bool = False,
    heaviest: float | None = None,
    lazily: Collection[str] = (),
) -> Decision:
    """The verdict on a tier from its samples in the suite's fixed order, holes included.

    `alone` judges the reference itself, which has only the bar to meet; `heaviest` weighs the units (see `gather`), and
    those named in `lazily`, which come first, are bet on lazily (see `judge`).
    Where the holes could turn the verdict, filled in at their worst and at their best, it is inconclusive. Under
    `sequential` the units still needed are resampled from those seen.
    """
    samples = merged(pairs)
    holes = sum(is_hole(pair, alone=alone) for pair in samples)

    def verdict(filled: Holes) -> tuple[Verdict, Units]:
        units = gather(samples, holes=filled, alone=alone, heaviest=heaviest)
        if alone:
            return qualify(units.scores, rule, units.shares), units
        lazy = sum(name in lazily for name in units.names)
        return judge(units.scores, units.reference, rule, units.shares, lazily=lazy), units

    found, units = verdict("drop")
    if holes and any(verdict(filled)[0].kind != found.kind for filled in ("against", "for")):
        found = Verdict(kind="inconclusive", why="missing data", method=found.method, needed=holes)
    elif found.kind == "inconclusive" and rule.method == "sequential":
        # Planning only: an unasked reference is taken to have passed.
        reference = None if alone else [1.0 if other is None else other for other in units.reference]
        needed = further_by_resampling(units.scores, reference, rule, units.shares)
        found = found if needed is None else replace(found, needed=needed)
    return Decision(verdict=found, units=len(units.names), holes=holes / len(samples) if samples else 0.0)


def judge(
    scores: Sequence[float],
    reference: Sequence[float | None],
    rule: Rule,
    shares: Sequence[float] = (),
    *,
    lazily: int = 0,
) -> Verdict:
    """The verdict on a tier from the scores (0..1) of its units and the reference's on the same units, in fixed order.

    `sequential` stays valid however often one looks. `fixed` is read once, on the first `horizon` units: until they are
    there it is inconclusive, and later ones change nothing. `statistic` belongs to the claim least well shown, or to
    the one refuted. `needed` estimates the units until a decision either way, 5000 at most. `shares` are the units'
    weights as shares of the heaviest (none: all alike).

    On the first `lazily` units bets do not know the reference where the tier passes, so that it may be None there: left
    unasked, it stands for a pass where the claim is that little is lost and for a fail where it is that much is. Where it
    is needed and not known, reading ends; the bar needs none. Raises BadInput on an impossible rule, on scores outside 0..1
    or not paired, and under `fixed` on scores other than 0 and 1 and on shares.
    """
    return _verdict(_standings(scores, reference, rule, shares, lazily), rule, lazily=lazily)


def qualify(scores: Sequence[float], rule: Rule, shares: Sequence[float] = ()) -> Verdict:
    """The verdict on the reference itself, which has only the bar to meet; otherwise as `judge`."""
    return _verdict(_standings(scores, None, rule, shares), rule)


def decided_at(
    scores: Sequence[float], reference: Sequence[float] | None, rule: Rule, shares: Sequence[float] = ()
) -> int | None:
    """After how many units the verdict of `judge` (or, without a reference, of `qualify`) fell; None while it is open."""
    standings = _standings(scores, reference, rule, shares)
    at = min(_sufficient_at(standings, rule), *(standing.refuted_at for standing in standings))
    return int(at) if at <= len(scores) else None


def flawless_at(rule: Rule) -> int | None:
    """After how many units, all passed by tier and reference alike, the tier is sufficient: no suite can be smaller.

    None if that takes more than 5000 units, or more than the one reading that `fixed` has.
    """
    units = min(rule.horizon, MOST_FURTHER)
    while True:
        at = decided_at([1.0] * units, [1.0] * units, rule)
        if at is not None or rule.method == "fixed" or units == MOST_FURTHER:
            return at
        units = min(2 * units, MOST_FURTHER)


def _standings(
    scores: Sequence[float],
    reference: Sequence[float | None] | None,
    rule: Rule,
    shares: Sequence[float],
    lazily: int = 0,
) -> list[_Standing]:
    _check(rule, shares, len(scores))
    _check_scores("scores", scores, rule)
    if reference is None:
        bar = bar_game(scores, rule, shares)
        return _bet([_played("bar", bar, rule)], rule) if rule.method == "sequential" else [_test_bar(scores, rule)]
    if len(scores) != len(reference):
        raise BadInput("scores", f"{len(scores)} units but {len(reference)} of the reference, pair them first")
    _check_scores("reference", [0.0 if other is None else other for other in reference], rule)
    if rule.method == "sequential":
        end = readable(scores, reference, lazily)
        gap = _played_lazily(scores[:end], reference[:end], rule, shares[:end], lazily)
        return _bet([gap, _played("bar", bar_game(scores, rule, shares), rule)], rule)
    gaps = [score - other for score, other in zip(scores, reference, strict=True) if other is not None]
    return [_test_gap(gaps, rule), _test_bar(scores, rule)]


def _sufficient_at(standings: Sequence[_Standing], rule: Rule) -> float:
    return max(least_units(rule), *(standing.shown_at for standing in standings))


def _verdict(standings: Sequence[_Standing], rule: Rule, *, lazily: int = 0) -> Verdict:
    method = _method(rule) + (", lazy reference" if lazily else "")
    n = min(standing.read for standing in standings)
    sufficient_at = _sufficient_at(standings, rule)
    refuted = min(standings, key=lambda standing: standing.refuted_at)
    if refuted.refuted_at <= min(sufficient_at, refuted.read):
        why = _REFUTED[refuted.claim]
        return Verdict(kind="insufficient", why=why, method=method, statistic=refuted.refuted)
    weakest = min if rule.method == "sequential" else max
    statistic = weakest((standing.shown for standing in standings if standing.shown is not None), default=None)
    if sufficient_at <= n:
        why = f"{' and '.join(standing.claim for standing in standings)} shown"
        return Verdict(kind="sufficient", why=why, method=method, statistic=statistic)
    why, needed = _why_not_yet(standings, n, rule), _needed(standings, n, rule)
    return Verdict(kind="inconclusive", why=why, method=method, statistic=statistic, needed=needed)


def _why_not_yet(standings: Sequence[_Standing], n: int, rule: Rule) -> str:
    if not any(standing.read for standing in standings):
        return "no data"
    if any(standing.is_futile for standing in standings):
        return "futile"
    if n < least_units(rule):
        return "too few samples"
    missing = [standing.claim for standing in standings if standing.shown_at > n]
    return f"{missing[0]} not shown" if len(missing) < len(standings) else "not enough evidence yet"


def _needed(standings: Sequence[_Standing], n: int, rule: Rule) -> int:
    """Units until the nearer of two ends: every claim shown, or one refuted."""
    to_show = max(least_units(rule) - n, *(standing.to_show for standing in standings))
    units = min(to_show, *(standing.to_refute for standing in standings))
    if rule.method == "fixed":
        units = max(units, rule.horizon - n)
    return max(1, math.ceil(min(units, MOST_FURTHER)))


def _played(claim: str, game: Game, rule: Rule) -> _Played:
    return _Played(claim=claim, game=game, path=log_wealth(game, rule), against=game.mirrored())


def _played_lazily(
    scores: Sequence[float], reference: Sequence[float | None], rule: Rule, shares: Sequence[float], lazily: int
) -> _Played:
    game = gap_game(lazy_gaps(scores, reference), rule, shares)
    if not lazily:
        return _played("gap", game, rule)
    most = [score - (other or 0.0) for score, other in zip(scores, reference, strict=True)]
    path = lazy_log_wealth(scores, reference, rule, shares, lazily).filled
    return _Played(claim="gap", game=game, path=path, against=gap_game(most, rule, shares).mirrored())


def _bet(played: Sequence[_Played], rule: Rule) -> list[_Standing]:
    n = max(len(each.path) for each in played)
    # A refutation counts only if it comes no later than all claims are shown: beyond that nothing need be played.
    last = min(n, max(least_units(rule), *(_reached(each.path, rule) for each in played)))
    return [_standing(each, int(last), rule) for each in played]


def _standing(played: _Played, last: int, rule: Rule) -> _Standing:
    game, path, against = played.game, played.path, played.against
    opposite = log_wealth(replace(against, units=against.units[:last]), rule)
    shown_at, refuted_at = _reached(path, rule), _reached(opposite, rule)
    is_open = last >= len(game.units)
    return _Standing(
        claim=played.claim,
        read=len(game.units),
        shown_at=shown_at,
        refuted_at=refuted_at,
        shown=math.exp(max(path)) if path else None,
        refuted=math.exp(max(opposite)) if opposite else None,
        to_show=further_by_betting(game, path[-1] if path else 0.0, rule) if is_open else 0.0,
        to_refute=further_by_betting(against, opposite[-1] if opposite else 0.0, rule) if is_open else math.inf,
        is_futile=math.isinf(shown_at) and is_futile(game, rule),
    )


def _reached(path: Sequence[float], rule: Rule) -> float:
    """After how many units the wealth reached its goal; inf if it did not."""
    goal = -math.log(rule.alpha)
    if not path or max(path) < goal:
        return math.inf
    return next(n for n, wealth in enumerate(path, start=1) if wealth >= goal)


def _test_gap(gaps: Sequence[float], rule: Rule) -> _Standing:
    read = gaps[: rule.horizon]
    wins, losses = read.count(1.0), read.count(-1.0)
    margin = float(rule.margin)
    return _test("gap", gap_game(gaps, rule), rule, lambda side: exact_p(wins, losses, len(read), margin, side))


def _test_bar(scores: Sequence[float], rule: Rule) -> _Standing:
    read = scores[: rule.horizon]
    passes = sum(score == 1 for score in read)
    bar = float(rule.bar)
    return _test("bar", bar_game(scores, rule), rule, lambda side: binomial_p(passes, len(read), bar, side))


def _test(claim: str, game: Game, rule: Rule, p: Callable[[Alternative], float]) -> _Standing:
    """A fixed-sample test is read at its horizon only: read at every look it would err far more often than alpha."""
    is_read = len(game.units) >= rule.horizon
    shown, refuted = (p("greater"), p("less")) if is_read else (None, None)
    return _Standing(
        claim=claim,
        read=len(game.units),
        shown_at=rule.horizon if shown is not None and shown <= rule.alpha else math.inf,
        refuted_at=rule.horizon if refuted is not None and refuted <= rule.alpha else math.inf,
        shown=shown,
        refuted=refuted,
        to_show=further_by_counting(game, rule),
        to_refute=further_by_counting(game.mirrored(), rule),
    )


def _method(rule: Rule) -> str:
    if rule.method == "sequential":
        return "betting e-process"
    return "exact unconditional test" if rule.horizon <= MOST_UNITS else "Tango's score test"


def _check(rule: Rule, shares: Sequence[float], units: int) -> None:
    check_rule(rule)
    if shares and rule.method == "fixed":
        raise BadInput("rule.method", "the fixed test cannot weigh units, set it to 'sequential'")
    if shares and len(shares) != units:
        raise BadInput("shares", f"{len(shares)} shares of {units} units, give one each")
    for i, share in enumerate(shares):
        if not 0 < share <= 1:
            raise BadInput(
                f"shares[{i}]", f"{share} is not above 0 and at most 1, divide by the heaviest unit's weight"
            )


def _check_scores(place: str, scores: Sequence[float], rule: Rule) -> None:
    for i, score in enumerate(scores):
        if not 0 <= score <= 1:
            raise BadInput(f"{place}[{i}]", f"{score} is not between 0 and 1, mend the checker that gave it")
        if rule.method == "fixed" and score not in (0, 1):
            raise BadInput(f"{place}[{i}]", f"{score} is neither 0 nor 1, set rule.method to 'sequential'")
