"""Cost-quality curves: every tier with its interval, the hull that mixing can reach, the floor marked."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import stats
from .records import plain
from .values import Floor, Ladder, Row, Suite, digest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "fingerprint"]

# Okabe and Ito's palette, told apart by colour-blind readers; shapes tell the tiers apart in grey print.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SHAPES: Final = ("o", "s", "D", "^", "v", "P", "X")
# Below this quality a label stands above its point, clear of the axis.
LOW: Final = 0.12


def fingerprint(floors: Sequence[Floor], suite: Suite, ladder: Ladder) -> str:
    """A hash of everything a figure is drawn from, this module included: equal ones need no new drawing."""
    return digest([plain(floors), str(suite.rule.bar), plain(ladder), hashlib.sha256(_source()).hexdigest()])


def draw(floors: Sequence[Floor], suite: Suite, ladder: Ladder, *, kind: str = "svg") -> bytes:
    """One figure for a kind of work: all levels together above, each level below.

    `floors` are those of the suite's category. The same input gives the same bytes; the fingerprint is in the SVG's
    description.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    overall = next(floor for floor in floors if floor.level is None)
    levels = [floor for floor in floors if floor.level is not None]
    settings: dict[Any, Any] = {
        "svg.hashsalt": "tierfloor",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with rc_context(settings):
        figure = Figure(figsize=(9, 7.2), layout="constrained")
        grid = figure.add_gridspec(2, max(len(levels), 1), height_ratios=(2.4, 1))
        top = figure.add_subplot(grid[0, :])
        _panel(top, overall, suite, ladder, labels=True)
        top.set_title(_title(overall, suite), loc="left", fontsize=11)
        top.set_xlabel(f"cost per sample ({ladder.unit}, log scale)")
        top.set_ylabel("quality: share of samples passed")
        for column, floor in enumerate(levels):
            axes = figure.add_subplot(grid[1, column])
            _panel(axes, floor, suite, ladder, labels=False)
            named = floor.tier or floor.status.replace("no tier qualifies", "none")
            axes.set_title(f"level {floor.level} (n={_most(floor)})\nfloor: {named}", fontsize=8)
            axes.tick_params(labelsize=7, labelleft=column == 0)
        out = io.BytesIO()
        figure.savefig(out, format=kind, dpi=150, metadata=_metadata(kind, fingerprint(floors, suite, ladder)))
    return out.getvalue()


def _panel(axes: Axes, floor: Floor, suite: Suite, ladder: Ladder, *, labels: bool) -> None:
    from matplotlib import ticker

    shown = [row for row in floor.rows if row.quality is not None and row.cost]
    bar = float(suite.rule.bar)
    axes.axhline(bar, color="#777777", linestyle=":", linewidth=1)
    axes.set_ylim(-0.04, 1.04)
    axes.set_xscale("log")
    _hull(axes, shown)
    for row in shown:
        _point(axes, row, [tier.name for tier in ladder.tiers].index(row.tier), floor, labels=labels)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if labels else (1, 3)))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda cost, _: f"{cost:g}"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    if shown:
        costs = [float(row.cost) for row in shown if row.cost]
        axes.set_xlim(min(costs) / 2, max(costs) * (3 if labels else 2))
        if labels:
            axes.text(min(costs) / 1.95, bar, f" bar {bar:.2f}", va="bottom", fontsize=8, color="#555555")
    else:
        axes.text(0.5, 0.5, "no answers yet", ha="center", va="center", transform=axes.transAxes)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)


def _point(axes: Axes, row: Row, index: int, floor: Floor, *, labels: bool) -> None:
    quality, low, high = row.quality or (0.0, 0.0, 0.0)
    cost = float(row.cost or 0)
    colour, shape = COLOURS[index % len(COLOURS)], SHAPES[index % len(SHAPES)]
    is_floor = row.tier == floor.tier
    axes.errorbar(
        cost,
        quality,
        yerr=[[max(0.0, quality - low)], [max(0.0, high - quality)]],
        fmt=shape,
        color=colour,
        markersize=8 if labels else 5,
        markerfacecolor=colour if row.verdict.kind == "sufficient" else "white",
        markeredgewidth=1.5,
        capsize=3 if labels else 2,
        linewidth=1.2,
    )
    if is_floor:
        size = 330 if labels else 130
        axes.scatter([cost], [quality], s=size, facecolors="none", edgecolors="black", linewidths=1.6, zorder=5)
    if labels:
        note = f"{row.tier}{' (reference)' if row.reference else ''}{': floor' if is_floor else ''}\n{row.verdict.kind}"
        box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        axes.annotate(
            note,
            (cost, quality),
            xytext=(14, 13 if quality < LOW else -13),
            textcoords="offset points",
            fontsize=8,
            va="center",
            bbox=box,
            zorder=4,
        )


def _hull(axes: Axes, rows: Sequence[Row]) -> None:
    """The non-decreasing hull, drawn through mixtures: a straight line in cost is a curve on a log axis."""
    points = [(float(row.cost or 0), (row.quality or (0.0,))[0]) for row in rows]
    corners = [points[index] for index in stats.hull(points)]
    steps = [step / 24 for step in range(25)]
    xs: list[float] = []
    ys: list[float] = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        xs += [x0 + (x1 - x0) * step for step in steps]
        ys += [y0 + (y1 - y0) * step for step in steps]
    axes.plot(xs, ys, color="#444444", linewidth=1, linestyle="--", zorder=1)


def _title(floor: Floor, suite: Suite) -> str:
    named = f"floor {floor.tier}" if floor.tier else floor.status
    rule = suite.rule
    head = f"{suite.category}: {named}   (n={_most(floor)}, margin {rule.margin}, alpha {rule.alpha})"
    return (
        f"{head}\nfilled: proved sufficient; ring: floor; dashed: hull; bars: {1 - 2 * float(rule.alpha):.0%} intervals"
    )


def _most(floor: Floor) -> int:
    return max(row.n for row in floor.rows)


def _metadata(kind: str, inputs: str) -> dict[str, Any]:
    if kind == "svg":
        return {"Date": None, "Creator": "tierfloor", "Description": f"inputs {inputs}"}
    return {"Software": "tierfloor", "Description": f"inputs {inputs}"}


def _source() -> bytes:
    return Path(__file__).read_bytes()
