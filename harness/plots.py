"""Cost-quality curves: every tier with its interval, the hull that mixing can reach, and what no routing can beat."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import stats
from .records import plain
from .stats import bands, economics
from .stats.economics import Played, Recorded
from .values import Floor, Ladder, Row, Suite, digest

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Answered", "draw", "fingerprint"]

# Okabe and Ito's palette, told apart by colour-blind readers; shapes tell the tiers apart in grey print.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SHAPES: Final = ("o", "s", "D", "^", "v", "p", "H")
HULL: Final = "#444444"
# Of the grid that the band is computed on, and of what is drawn between: a line in cost is a curve on a log axis.
POINTS: Final = 121
STEPS: Final = 600
DECADE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Samples that all of `tiers` have answered, one row each: what bands, oracle and cascade are computed from."""

    tiers: tuple[str, ...]
    recorded: Recorded


def fingerprint(floors: Sequence[Floor], suite: Suite, ladder: Ladder, answered: Answered | None = None) -> str:
    """A hash of everything a figure is drawn from, this module included: equal ones need no new drawing."""
    rows = hashlib.sha256()
    if answered is not None:
        recorded = answered.recorded
        for array in (recorded.scores, recorded.costs, recorded.units):
            rows.update(f"{array.shape}".encode() + array.tobytes())
    tiers = None if answered is None else list(answered.tiers)
    source = hashlib.sha256(_source()).hexdigest()
    return digest([plain(floors), str(suite.rule.bar), plain(ladder), tiers, rows.hexdigest(), source])


def draw(
    floors: Sequence[Floor], suite: Suite, ladder: Ladder, answered: Answered | None = None, *, kind: str = "svg"
) -> bytes:
    """One figure for a kind of work: all levels together above, each level below.

    `floors` are those of the suite's category; without `answered` there are no bands, no oracle and no cascade. The
    same input gives the same bytes; the fingerprint is in the SVG's description.
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
        figure = Figure(figsize=(10, 7.6), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=(2.3, 1)) if levels else [figure]
        _overall(parts[0].add_subplot(), overall, suite, ladder, answered)
        if levels:
            _levels(parts[1], levels, suite, ladder)
        out = io.BytesIO()
        mark = fingerprint(floors, suite, ladder, answered)
        figure.savefig(out, format=kind, dpi=150, metadata=_metadata(kind, mark))
    return out.getvalue()


def _overall(axes: Axes, floor: Floor, suite: Suite, ladder: Ladder, answered: Answered | None) -> None:
    from matplotlib import ticker
    from matplotlib.container import ErrorbarContainer

    shown = _shown(floor)
    marks = _marks(answered) if answered is not None else []
    costs = [*(_cost(row) for row in shown), *(cost for _, _, (cost, _) in marks)]
    is_log = _frame(axes, costs)
    for row in shown:
        _point(axes, row, floor, _index(row, ladder), size=8)
    for label, style, (cost, quality) in marks:
        axes.plot([cost], [quality], linestyle="none", label=label, clip_on=False, **style)
    if shown:
        _mixtures(axes, shown, answered)
    axes.axhline(float(suite.rule.bar), color="#777777", linestyle=":", linewidth=1.2, label=f"bar {suite.rule.bar}")
    if is_log:
        axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda cost, _: f"{cost:g}"))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.set_title(_title(floor, suite), loc="left", fontsize=11)
    axes.set_xlabel(f"cost per sample ({ladder.unit}{', log scale' if is_log else ''})")
    axes.set_ylabel("quality")
    axes.annotate(
        _caption(shown, suite, ladder, answered),
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -34),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="#444444",
    )
    handles, labels = axes.get_legend_handles_labels()
    # Error bars come last by default, but the tiers are what a reader looks up first.
    order = sorted(range(len(labels)), key=lambda i: not isinstance(handles[i], ErrorbarContainer))
    axes.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=8.5,
        labelspacing=0.75,
    )


def _levels(figure: SubFigure, floors: Sequence[Floor], suite: Suite, ladder: Ladder) -> None:
    """One small panel a level, all with the same axes."""
    from matplotlib import ticker

    costs = [_cost(row) for floor in floors for row in _shown(floor)]
    first = None
    for column, floor in enumerate(floors):
        axes = figure.add_subplot(1, len(floors), column + 1, sharex=first, sharey=first)
        first = first or axes
        is_log = _frame(axes, costs)
        axes.axhline(float(suite.rule.bar), color="#777777", linestyle=":", linewidth=1)
        shown = _shown(floor)
        if not shown:
            axes.text(0.5, 0.5, "no answers yet", ha="center", va="center", transform=axes.transAxes, fontsize=7)
        else:
            _mixtures(axes, shown, None)
        for row in shown:
            _point(axes, row, floor, _index(row, ladder), size=5)
        if is_log:
            axes.xaxis.set_major_locator(ticker.LogLocator(numticks=4))
            axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda cost, _: f"{cost:g}"))
            axes.xaxis.set_minor_locator(ticker.NullLocator())
        else:
            axes.xaxis.set_major_locator(ticker.MaxNLocator(3))
        axes.set_title(f"level {floor.level} (n={_most(floor)})\nfloor: {_named(floor)}", fontsize=8)
        axes.tick_params(labelsize=7, labelleft=column == 0)
    figure.supxlabel(f"cost per sample ({ladder.unit})", fontsize=8)


def _frame(axes: Axes, costs: Sequence[float]) -> bool:
    """Scales, limits and grid; whether costs are on a log scale, which they are if they span more than a decade."""
    axes.set_ylim(-0.04, 1.04)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    if not costs:
        axes.text(0.5, 0.5, "no answers yet", ha="center", va="center", transform=axes.transAxes)
        axes.set_xticks([])
        return False
    low, high = min(costs), max(costs)
    if low > 0 and high > DECADE * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.5, high * 1.5)
        return True
    axes.set_xlim(0, high * 1.1 or 1)
    return False


def _mixtures(axes: Axes, rows: Sequence[Row], answered: Answered | None) -> None:
    """What mixing tiers at random reaches: the hull with its band, and cheapest tier and reference alone."""
    import numpy as np

    points = [(_cost(row), _quality(row)) for row in rows]
    corners = [points[index] for index in stats.hull(points)]
    dearest = max(points)
    # Beyond its last corner more money buys nothing.
    corners.append((max(dearest[0], corners[-1][0]), corners[-1][1]))
    is_large = answered is not None and len(np.unique(answered.recorded.units)) > 1
    if answered is not None and is_large:
        band = bands.hull_band(_by_unit(answered.recorded), points=POINTS)
        xs = _between(band.costs[0], band.costs[-1])
        low, high = (
            np.interp(xs, band.costs, [getattr(each, end) for each in band.quality]) for end in ("low", "high")
        )
        if (high > low).any():
            label = "90 % bootstrap band of the hull"
            axes.fill_between(xs, low, high, color=HULL, alpha=0.13, linewidth=0, label=label, zorder=0.5)
    xs = _between(corners[0][0], corners[-1][0])
    ys = np.interp(xs, [cost for cost, _ in corners], [quality for _, quality in corners])
    axes.plot(xs, ys, color=HULL, linewidth=1.2, linestyle="--", zorder=1, label="hull: best random mix of tiers")
    cheapest, reference = min(points), points[-1]
    if len(points) > 1 and rows[-1].reference:
        (x0, y0), (x1, y1) = sorted((cheapest, reference))
        xs = _between(x0, x1)
        ys = np.interp(xs, (x0, x1), (y0, y1))
        label = "random mix of cheapest and reference"
        axes.plot(xs, ys, color="#888888", linewidth=1, linestyle=(0, (1, 1.5)), zorder=0.9, label=label)


def _between(low: float, high: float) -> Floats:
    """Costs as close to each other as a reader sees, on either axis."""
    import numpy as np

    even = np.linspace(low, high, STEPS)
    return np.unique(np.concatenate([even, np.geomspace(low, high, STEPS).clip(low, high)])) if low > 0 else even


def _point(axes: Axes, row: Row, floor: Floor, index: int, *, size: int) -> None:
    quality, low, high = row.quality or (0.0, 0.0, 0.0)
    colour, shape = COLOURS[index % len(COLOURS)], SHAPES[index % len(SHAPES)]
    is_floor = row.tier == floor.tier
    role = ", ".join(["reference"] * row.reference + ["floor"] * is_floor)
    axes.errorbar(
        _cost(row),
        quality,
        yerr=[[max(0.0, quality - low)], [max(0.0, high - quality)]],
        fmt=shape,
        color=colour,
        markersize=size,
        markerfacecolor=colour if row.verdict.kind == "sufficient" else "white",
        markeredgewidth=1.5,
        capsize=size / 2.7,
        linewidth=1.2,
        zorder=4,
        label=f"{row.tier}{f' ({role})' if role else ''}: {row.verdict.kind}{_post_hoc(row.verdict.post_hoc)}",
    )
    if is_floor:
        at = [_cost(row)], [quality]
        axes.scatter(
            *at, s=5.2 * size**2, facecolors="none", edgecolors="black", linewidths=1.6, zorder=5, clip_on=False
        )


def _marks(answered: Answered) -> list[tuple[str, dict[str, Any], tuple[float, float]]]:
    """Label, style and place of what routing by sample could bring."""
    recorded = answered.recorded
    order = range(len(answered.tiers))
    best = {"marker": "*", "markersize": 18, "zorder": 3, "markerfacecolor": "#F0E442", "markeredgecolor": "black"}
    tried = {"marker": "P", "markersize": 9, "zorder": 6, "markerfacecolor": "white", "markeredgecolor": "black"}
    return [
        ("oracle: cheapest right tier, by sample", best, _place(economics.oracle(recorded), recorded)),
        (
            f"cascade with a perfect checker:\n{' > '.join(answered.tiers)}",
            tried,
            _place(economics.cascade(recorded, order), recorded),
        ),
    ]


def _place(played: Played, recorded: Recorded) -> tuple[float, float]:
    """Mean cost and quality, the latter over units as in the table."""
    scores = _by_unit(replace(recorded, scores=played.score[:, None], costs=played.cost[:, None])).scores
    return float(played.cost.mean()), float(scores.mean())


def _by_unit(recorded: Recorded) -> Recorded:
    """One row a unit, with the means of its samples: units count alike in the table."""
    import numpy as np

    _, at = np.unique(recorded.units, return_inverse=True)
    sizes = np.bincount(at)
    scores, costs = (
        np.column_stack([np.bincount(at, weights=column) / sizes for column in array.T])
        for array in (recorded.scores, recorded.costs)
    )
    return Recorded(scores=scores, costs=costs, kinds=np.zeros(len(sizes), np.int64), units=np.arange(len(sizes)))


def _caption(rows: Sequence[Row], suite: Suite, ladder: Ladder, answered: Answered | None) -> str:
    parts = [f"bars: {100 * (1 - 2 * float(suite.rule.alpha)):.0f} % intervals; filled: proved sufficient; ring: floor"]
    if rows:
        area = stats.aiq([(_cost(row), _quality(row)) for row in rows])
        parts.append(f"AIQ {area:.3f}: mean quality of the hull between the cheapest and the dearest tier's cost")
    if answered is not None:
        named = f"{len(answered.recorded.units)} answers to the same samples by {', '.join(answered.tiers)}"
        weighted = ", samples alike whatever the mix" if ladder.level_shares(suite.category) else ""
        parts.append(f"band, oracle and cascade: {named}{weighted}")
    return "\n".join(parts)


def _title(floor: Floor, suite: Suite) -> str:
    named = (f"floor {floor.tier}" if floor.tier else floor.status) + _post_hoc(floor.post_hoc)
    rule = suite.rule
    return f"{suite.category}: {named}   (n={_most(floor)}, margin {rule.margin}, alpha {rule.alpha})"


def _named(floor: Floor) -> str:
    return (floor.tier or floor.status.replace("no tier qualifies", "none")) + _post_hoc(floor.post_hoc)


def _post_hoc(change: str | None) -> str:
    return " (post-hoc)" if change else ""


def _shown(floor: Floor) -> list[Row]:
    return [row for row in floor.rows if row.quality is not None and row.cost is not None]


def _index(row: Row, ladder: Ladder) -> int:
    return [tier.name for tier in ladder.tiers].index(row.tier)


def _cost(row: Row) -> float:
    return float(row.cost or 0)


def _quality(row: Row) -> float:
    return (row.quality or (0.0,))[0]


def _most(floor: Floor) -> int:
    return max(row.n for row in floor.rows)


def _metadata(kind: str, inputs: str) -> dict[str, Any]:
    if kind == "svg":
        return {"Date": None, "Creator": "tierfloor", "Description": f"inputs {inputs}"}
    return {"Software": "tierfloor", "Description": f"inputs {inputs}"}


def _source() -> bytes:
    return Path(__file__).read_bytes()
