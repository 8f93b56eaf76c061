"""The calibration page: a table for each question, and one figure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibration.measures import EXACT, HORIZONS, SEQUENTIAL, Rate
from calibration.routing import Routed

from harness.stats import Chances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Powered = tuple[str, float, Chances, float, float | None]
Continued = tuple[float, float, tuple[float, ...]]
Ground = tuple[str, str, int, float, float]

ALPHA = 0.05
# Shapes tell the rules apart in grey print, thick lines ours from others'.
STYLES = {
    SEQUENTIAL: ("#0b6e4f", "o"),
    EXACT: ("#08a045", "s"),
    "Tango limit": ("#8d6a9f", "D"),
    "Wald limit": ("#d17b0f", "^"),
    "point estimate within the margin": ("#c1292e", "v"),
    "not significantly worse (McNemar)": ("#555555", "P"),
}

HEAD = """# Calibration

How often the tests of tierfloor are wrong, how much they can show, and what they spend, in simulated worlds whose truth
is known; beside them the rules that are used elsewhere, in the same worlds. Made by `nox -s calibration`; the seed is
fixed, so the same packages give the same page.

Unless said otherwise: margin .05, alpha .05, bar .80. Standard errors are in brackets where rates are simulated; the
others are enumerated. Our own rows are **bold**.

![Error at the margin by rule and size, and floors that are too cheap](calibration.svg)
"""


CONTINUED = """## Beyond the horizon

A run that is undecided at its horizon of 200 may go on: the wealth stays, the horizon doubles, and bets are held below
the one that has made the wealth grow fastest. How often the gap is shown by then:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything that the page shows."""

    rates: dict[str, Sequence[Rate]]
    powered: Sequence[Powered]
    continued: Sequence[Continued]
    routed: dict[int, Sequence[Routed]]
    ground: Sequence[Ground]


def text(results: Results) -> str:
    """The page in Markdown."""
    parts = [HEAD]
    for margin, rates in results.rates.items():
        title = "Hard cases" if margin == "hard" else f"A tier that loses just {margin}"
        said = (
            ""
            if margin == "hard"
            else " The worst of 18: references that pass .50 to .99, correlations of .2 to .6; so chance alone lifts simulated ones."
        )
        parts.append(f"## {title}: how often it is called good enough\n\nAt most 5 % is right.{said}\n")
        parts.append(_rates(rates))
    parts.append(
        "## What can be shown\n\nA tier as good as its reference, correlation .4, without a bar. "
        "`earlier` are the figures of an independent simulation or enumeration.\n"
    )
    parts.append(_powered(results.powered))
    parts.append(CONTINUED)
    parts.append(
        _table(
            ("reference", "gap", *(f"{times} x 200" for times in HORIZONS)),
            ((f"{r:.2f}", f"{gap:.2f}", *map(_percent, shares)) for r, gap, shares in results.continued),
        )
    )
    for horizon, routed in results.routed.items():
        parts.append(_routing_head(horizon))
        parts.append(_routed(routed))
    parts.append(
        "## Other rules on their own ground\n\nHow often each accepts the tier, and how often our e-process "
        "does with that n as its horizon.\n"
    )
    parts.append(
        _table(
            ("rule", "world", "n", "accepted", "by ours"),
            ((r, w, str(n), _percent(a), _percent(b)) for r, w, n, a, b in results.ground),
        )
    )
    return "\n".join(parts)


def fingerprint(results: Results) -> str:
    """A hash of what the figure is drawn from and of how: it stands in the figure."""
    return hashlib.sha256(text(results).encode() + Path(__file__).read_bytes()).hexdigest()


def figure(results: Results, path: Path) -> None:
    """Draw the page's figure as SVG or PNG, the same bytes for the same results."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.hashsalt": "calibration",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "hatch.linewidth": 0.6,
    }
    with rc_context(settings):
        drawn = Figure(figsize=(11, 5), layout="constrained")
        left, right = drawn.subplots(1, 2)
        _errors(left, results.rates["0.05"])
        _traps(right, [each for each in results.routed[200] if each.world == "trap .91/.91/.96"][::-1])
        kind = path.suffix.removeprefix(".")
        about = {"Description": f"inputs {fingerprint(results)}"}
        created = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        drawn.savefig(path, format=kind, dpi=150, metadata={**about, **created})


def _errors(axes: Axes, rates: Sequence[Rate]) -> None:
    """How often a tier just at the margin is accepted, by rule and size."""
    axes.axhline(100 * ALPHA, color="black", linewidth=0.8, linestyle=":", label="promised: alpha, 5 %", zorder=1)
    for (rule, world), found in _by_rule(rates).items():
        peeking = world != "passes and fails"
        colour, shape = STYLES[rule]
        axes.plot(
            [rate.n for rate in found],
            [100 * rate.rate for rate in found],
            color=colour,
            marker=shape,
            linestyle="--" if peeking else "-",
            label=f"{rule}, read after every unit" if peeking else rule,
            linewidth=2.4 if found[0].ours else 1.2,
            markersize=5,
        )
    axes.set(yscale="log", xscale="log", xlabel="units", ylabel="called good enough, %")
    axes.set_title("A tier that loses just the margin", fontsize=10)
    axes.set_yticks([2, 5, 10, 20, 50, 100], labels=["2", "5", "10", "20", "50", "100"])
    sizes = sorted({rate.n for rate in rates})
    axes.set_xticks(sizes, labels=[str(n) for n in sizes])
    axes.minorticks_off()
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, handlelength=2.5)


def _traps(axes: Axes, trap: Sequence[Routed]) -> None:
    """How often a procedure's floor is too cheap, and what it spends, where two tiers are too bad by a hair."""
    axes.axvline(100 * ALPHA, color="black", linewidth=0.8, linestyle=":", zorder=1)
    bars = axes.barh(
        [each.procedure for each in trap],
        [100 * each.wrong for each in trap],
        color=["#0b6e4f" if each.ours else "#f2b8b5" for each in trap],
        edgecolor=["#0b6e4f" if each.ours else "#c1292e" for each in trap],
        hatch=["" if each.ours else "//" for each in trap],
        zorder=2,
    )
    labels = axes.bar_label(
        bars, labels=[f"{100 * each.wrong:.1f} %, ${each.dollars:.2f}" for each in trap], padding=4, fontsize=7.5
    )
    for label in labels:
        label.set_bbox({"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"})
    axes.set(xlim=(0, 128), xlabel="floor too cheap, %, and dollars spent (solid: ours)")
    axes.set_title("Two tiers of .91 below a reference of .96", fontsize=10)
    axes.set_xticks([0, 5, 20, 40, 60, 80, 100])
    axes.tick_params(axis="y", labelsize=7.5)


def _rates(rates: Sequence[Rate]) -> str:
    sizes = sorted({rate.n for rate in rates})
    rows = []
    for (rule, world), found in _by_rule(rates).items():
        cells = {rate.n: _percent(rate.rate, rate.error if rate.runs else None) for rate in found}
        rows.append((_bold(rule, found[0].ours), world, *(cells.get(n, "") for n in sizes)))
    return _table(("rule", "world", *(f"n = {n}" for n in sizes)), rows)


def _powered(powered: Sequence[Powered]) -> str:
    rows = []
    for method, quality, chances, earlier, earlier_units in powered:
        units = f"{chances.units:.0f}" + (f" ({earlier_units:.0f})" if earlier_units else "")
        rows.append(
            (method, f"{quality:.2f}", str(chances.size), _percent(chances.sufficient), _percent(earlier), units)
        )
    return _table(("method", "pass rate", "horizon", "shown", "earlier", "units (earlier)"), rows)


def _routing_head(horizon: int) -> str:
    return (
        f"## Three tiers, horizon {horizon}\n\nTrue pass rates of the cheap, the middle and the reference tier; floors "
        "too cheap % / floors right % / mean dollars. Where a floor is not right and not too cheap the procedure stays "
        f"on a dearer tier. Rules from elsewhere read {50} samples of each tier and take the cheapest that passes.\n"
    )


def _routed(routed: Sequence[Routed]) -> str:
    worlds = list(dict.fromkeys(each.world for each in routed))
    cells = {(e.procedure, e.world): f"{100 * e.wrong:.1f} / {100 * e.right:.0f} / {e.dollars:.2f}" for e in routed}
    names = dict.fromkeys((each.procedure, each.ours) for each in routed)
    return _table(
        ("procedure", *worlds), ((_bold(name, ours), *(cells[name, world] for world in worlds)) for name, ours in names)
    )


def _by_rule(rates: Iterable[Rate]) -> dict[tuple[str, str], list[Rate]]:
    found: dict[tuple[str, str], list[Rate]] = {}
    for rate in rates:
        found.setdefault((rate.rule, rate.world), []).append(rate)
    return found


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _percent(share: float, error: float | None = None) -> str:
    return f"{100 * share:.1f} %" + (f" ({100 * error:.1f})" if error is not None else "")


def _bold(name: str, ours: bool) -> str:
    return f"**{name}**" if ours else name
