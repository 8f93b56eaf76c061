"""Savings for readers and programs: table cells, sentences, JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from ..stats.bands import Band
from ..stats.economics import Saved
from .policies import Checked, Policy, Terms
from .saving import Saving

__all__ = ["as_json", "cells", "head", "headline", "legend", "notes"]

_CHECKS = {"nothing": "", "everything": ", all failures caught", "form": ", form checked"}
_ALL = {"reference": "all at the reference", "floor": "each at its floor", "cascade": "cascades"}
_LEGEND = (
    "brackets: 90 % bands; saved: share of the reference's cost, on the samples that chose the floors; held out: on",
    "half of them, by floors that the other half chose, over random halves; a > b: b too where the check stops a; all",
    "failures caught: by the suite's own checker, which judged here; form checked: it stops what is unreadable, refused",
    "or truncated",
)


def head(unit: str, terms: Terms | None = None) -> tuple[str, ...]:
    """The columns of `cells`."""
    terms = terms or Terms()
    return (
        *("kind of work", "n", "policy", f"cost ({unit})", "cost per success"),
        *(() if terms.failure is None else (f"with {terms.failure:f} a failure",)),
        *("quality", "saved", "held out", f"failures more in {terms.requests:,}", "stopped / break-even"),
    )


def cells(savings: Iterable[Saving], *, full: bool = False) -> list[tuple[str, ...]]:
    """One line a policy: the reference, the floor and the main cascade, or (`full`) all cascades."""
    return [
        (_kind(saving), str(saving.samples), _label(policy, saving), *_numbers(policy, saving))
        for saving in savings
        for policy in (saving.policies if full else saving.main)
    ]


def notes(savings: Sequence[Saving], unit: str, terms: Terms | None = None, *, full: bool = False) -> list[str]:
    """Sentences: what is cheapest, whose margin costs more than it saves, how all kinds of work were weighted."""
    found = [each for saving in savings for each in _remarks(saving, unit, terms or Terms())]
    return [*found, *(_LEGEND if full and savings else ())]


def legend() -> str:
    """What the columns of `cells` mean, in a sentence."""
    return " ".join(_LEGEND)


def headline(savings: Sequence[Saving]) -> str:
    """What floors save in all, in a sentence: nothing, where none is proved below the reference."""
    if not savings:
        return "No kind of work has a sample that both its floor and the reference have answered."
    whole = savings[-1]
    floor = next((policy for policy in whole.policies if policy.kind == "floor"), None)
    if floor is None:
        return "No tier below the reference is proved on any kind of work, so floors save nothing."
    unseen = "" if whole.held_out is None else f"; held out: {_unseen(whole.held_out)}"
    named = f"On {_kind(whole)}" if whole.category else f"Over {_kind(whole)}"
    return f"{named}, floors save {_interval(floor.saved, '{:.0%}'.format)} of what the reference costs{unseen}."


def as_json(savings: Iterable[Saving], terms: Terms | None = None) -> list[dict[str, object]]:
    """One record a Saving; bands are [estimate, low, high], null where nothing succeeds."""
    terms = terms or Terms()
    return [
        {
            "category": saving.category,
            "shares": {name: _share(share) for name, share in saving.shares.items()},
            "weighted_by": "mix" if saving.is_mix else "equal shares",
            "samples": saving.samples,
            "use": saving.use or None,
            "left_out": list(saving.left_out),
            "requests": terms.requests,
            "failure_cost": None if terms.failure is None else f"{terms.failure:f}",
            "margin": None if saving.margin is None else f"{saving.margin:f}",
            "money_margin": _share(saving.money_margin),
            "warning": saving.warning,
            "held_out": _held_out(saving.held_out),
            "cheapest": {
                "unchecked": _cheapest(saving, "nothing"),
                "all_failures_caught": _cheapest(saving, "everything"),
            },
            "policies": [_policy(policy, saving) for policy in saving.policies],
        }
        for saving in savings
    ]


def _cheapest(saving: Saving, check: Checked) -> dict[str, object] | None:
    found = saving.cheapest(check)
    return None if found is None else {"policy": found.kind, "tiers": list(found.tiers)}


def _policy(policy: Policy, saving: Saving) -> dict[str, object]:
    return {
        "policy": policy.kind,
        "check": policy.check,
        "tiers": list(policy.tiers),
        "label": _label(policy, saving),
        "cost": _record(policy.cost, _amount),
        "cost_per_success": _record(policy.per_success, _amount),
        "cost_per_success_with_failures": _record(policy.with_failures, _amount),
        "quality": _record(policy.quality, _share),
        "saved": _record(policy.saved, _share),
        "failures_more": _record(policy.failures, _amount),
        "stopped": _share(policy.fails),
        "break_even": _share(policy.break_even),
    }


def _record(band: Band | None, rounded: Callable[[float], float | None]) -> list[float | None] | None:
    if band is None or not math.isfinite(band.estimate):
        return None
    return [rounded(x) for x in (band.estimate, band.low, band.high)]


def _amount(x: float) -> float | None:
    """Four significant digits: enough to read, and the same text on every machine."""
    return float(f"{x:.4g}") + 0.0 if math.isfinite(x) else None


def _share(x: float | None) -> float | None:
    return None if x is None or not math.isfinite(x) else round(x, 4) + 0.0


def _held_out(saved: Saved | None) -> dict[str, object] | None:
    if saved is None:
        return None
    between = None if saved.between is None else [_share(x) for x in saved.between]
    return {"saved": _share(saved.share), "between": between, "quality_gained": _share(saved.gained)}


def _kind(saving: Saving) -> str:
    if saving.category is not None:
        return saving.category
    return "all, by the mix" if saving.is_mix else "all, in equal shares"


def _label(policy: Policy, saving: Saving) -> str:
    if saving.category is None:
        return _ALL[policy.kind] + _CHECKS[policy.check]
    named = {"reference": "all ", "floor": "floor "}.get(policy.kind, "")
    return named + " > ".join(policy.tiers) + _CHECKS[policy.check]


def _numbers(policy: Policy, saving: Saving) -> tuple[str, ...]:
    """The cells of a policy from its cost on; the reference saves nothing against itself."""
    is_reference = policy.kind == "reference"
    unseen = saving.held_out if policy.kind == "floor" else None
    return (
        _interval(policy.cost, _money),
        _interval(policy.per_success, _money),
        *(() if policy.with_failures is None else (_interval(policy.with_failures, _money),)),
        _interval(policy.quality, "{:.2f}".format),
        "" if is_reference else _interval(policy.saved, "{:.0%}".format),
        "" if unseen is None else _unseen(unseen),
        "" if is_reference else _interval(policy.failures, "{:+.0f}".format),
        "" if policy.fails is None else f"{policy.fails:.2f} / {_even(policy.break_even)}",
    )


def _unseen(saved: Saved) -> str:
    low, high = saved.between or (saved.share, saved.share)
    share = _interval(Band(estimate=saved.share, low=low, high=high), "{:.0%}".format)
    return f"{share} (quality {_zero(saved.gained, 3):+.3f})"


def _even(rate: float | None) -> str:
    return "-" if rate is None else "never" if rate <= 0 else f"{rate:.2f}"


def _interval(band: Band, form: Callable[[float], str]) -> str:
    if not math.isfinite(band.estimate):
        return "-"
    estimate, low, high = (
        form(_zero(x, 9)) if math.isfinite(x) else "inf" for x in (band.estimate, band.low, band.high)
    )
    return f"{estimate} [{low}, {high}]"


def _zero(x: float, digits: int) -> float:
    """Without the minus of a zero, which noise in the last digit would give."""
    return round(x, digits) + 0.0


def _money(amount: float) -> str:
    """Three significant digits without exponent."""
    return format(Decimal(f"{amount:.3g}"), "f")


def _remarks(saving: Saving, unit: str, terms: Terms) -> Iterable[str]:
    kind = _kind(saving)
    if saving.is_mix:
        yield f"{kind}: " + ", ".join(f"{name} {share:.0%}" for name, share in saving.shares.items())
    plain, caught = saving.cheapest("nothing"), saving.cheapest("everything")
    if plain is None or caught is None:
        yield f"{kind}: nothing succeeds, so nothing has a cost per success"
    else:
        included = "" if terms.failure is None else ", failures included"
        unchecked = (
            f"{_label(plain, saving)} ({_money((plain.with_failures or plain.per_success).estimate)} {unit}{included})"
        )
        named = _label(caught, saving).removesuffix(_CHECKS["everything"])
        yield (
            f"{kind}: cheapest per success unchecked: {unchecked}; "
            f"with all failures caught: {named} ({_money(caught.per_success.estimate)} {unit})"
        )
    if saving.warning is not None:
        yield f"{kind}: floor {saving.use}: {saving.warning}"
    elif saving.money_margin is not None:
        even = f"what it saves pays for a loss of {saving.money_margin:.2g}, the margin is {saving.margin}"
        yield f"{kind}: floor {saving.use}: {even}"
    if saving.left_out:
        yield f"{kind}: {', '.join(saving.left_out)} answered too few of these samples to be played"
