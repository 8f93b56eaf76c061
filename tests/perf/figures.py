"""From measured cells to the table, its ratios, and the goals."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perf.clients import ANTHROPIC, OPENAI
from perf.measure import Used

__all__ = ["FULL", "HEAD", "Cell", "Goal", "goals", "ideal", "least", "problem", "records", "table", "write_csv"]

OURS = "tierfloor"
FULL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run of one contender. `run` is cold, warm or start; starts ask nothing, so they have no latency and no calls.

    `calls` were seen by the server, at most `most` at once; `right` answers were reported by the contender.
    """

    name: str
    run: str
    used: Used
    latency_ms: int | None = None
    calls: int | None = None
    most: int | None = None
    right: int | None = None

    @property
    def place(self) -> tuple[str, str, int | None]:
        return self.name, self.run, self.latency_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal: what was wanted, what was measured, and whether that reaches it (None: not measured)."""

    wanted: str
    measured: str
    reached: bool | None


def least(cells: Iterable[Cell]) -> list[Cell]:
    """The rounds of a cell as one: least time and most memory of those that ended well, the worst of what went wrong."""
    rounds: dict[tuple[str, str, int | None], list[Cell]] = {}
    for cell in cells:
        rounds.setdefault(cell.place, []).append(cell)
    return [_merged(same) for same in rounds.values()]


def _merged(rounds: Sequence[Cell]) -> Cell:
    well = [cell.used for cell in rounds if not cell.used.code] or [cell.used for cell in rounds]
    worst = min(rounds, key=lambda cell: (cell.used.code == 0, cell.right is not None, cell.right or 0))
    used = replace(
        worst.used,
        wall=min(each.wall for each in well),
        cpu=min(each.cpu for each in well),
        peak_mb=max(each.peak_mb for each in well),
        largest_mb=max(each.largest_mb for each in well),
    )
    return replace(worst, used=used)


def problem(cell: Cell, calls: int) -> str:
    """Why a cell does not count, or nothing: it ended badly, answers are wrong, or the calls are not what they must be."""
    place = ", ".join(str(part) for part in cell.place if part is not None)
    if cell.used.code:
        return f"{place}: exit {cell.used.code}"
    if cell.calls is None:
        return ""
    if cell.right != calls:
        return f"{place}: {cell.right} of {calls} answers are right"
    if cell.calls != (calls if cell.run == "cold" else 0):
        return f"{place}: the server saw {cell.calls} calls"
    return ""


def ideal(calls: int, connections: int, latency_ms: int) -> float:
    """Seconds that the server alone takes: full rounds of `connections` calls."""
    return math.ceil(calls / connections) * latency_ms / 1000


def goals(cells: Sequence[Cell], *, calls: int, connections: int, imported: Sequence[str] | None) -> list[Goal]:
    """What was wanted against what was measured: open until it was measured with as many calls as the goals are set for.

    `imported` names the SDKs that an all-cached run loaded.
    """
    cells = [cell for cell in cells if not problem(cell, calls)]
    ours = {(cell.run, cell.latency_ms): cell for cell in cells if cell.name == OURS}
    slow, quick = ours.get(("cold", 1000)), ours.get(("cold", 50))
    bare = _best([cell for cell in cells if cell.name in OPENAI and cell.latency_ms == 50])
    inspect = _best([cell for cell in cells if cell.place == ("inspect_ai", "cold", 50)])
    warm = _best([cell for cell in ours.values() if cell.run == "warm"], worst=True)
    memory = [cell.used.peak_mb for cell in cells if cell.name.startswith(OURS) and cell.calls is not None]
    extra = (quick.used.cpu - bare.used.cpu) / calls * 1000 if quick and bare else None
    names = ", ".join(imported or ()) or "none"
    found = [
        _goal(
            "1 s latency, cold: wall at most 1.05 x ideal", _over(slow, ideal(calls, connections, 1000)), at_most=1.05
        ),
        _goal("50 ms, cold: wall at most 1.3 x the best bare SDK client's", _over(quick, bare), at_most=1.3),
        _goal("50 ms, cold: at least 8 x as fast as inspect_ai", _over(inspect, quick), at_least=8),
        _goal("50 ms, cold: CPU at most 1.5 ms a call above that client's", extra, at_most=1.5),
        _goal("warm with grading and table: at most 1 s", _over(warm, 1.0), at_most=1),
        _goal("peak memory at most 150 MB", max(memory, default=None), at_most=150),
        Goal(
            wanted="no SDK imported by an all-cached run",
            measured="not measured" if imported is None else names,
            reached=None if imported is None else not imported,
        ),
    ]
    return found if calls == FULL else [replace(goal, reached=None) for goal in found]


def _goal(wanted: str, value: float | None, *, at_most: float = math.inf, at_least: float = -math.inf) -> Goal:
    if value is None:
        return Goal(wanted=wanted, measured="not measured", reached=None)
    return Goal(wanted=wanted, measured=f"{value:.2f}", reached=at_least <= value <= at_most)


def _best(cells: Sequence[Cell], *, worst: bool = False) -> Cell | None:
    return (max if worst else min)(cells, key=lambda cell: cell.used.wall, default=None)


def _over(cell: Cell | None, limit: Cell | float | None) -> float | None:
    wall = limit.used.wall if isinstance(limit, Cell) else limit
    return cell.used.wall / wall if cell and wall else None


HEAD = (
    *("what", "run", "latency ms", "wall s", "CPU s", "CPU ms/call", "peak MB", "largest MB"),
    *("calls", "most at once", "right", "x ideal", "x bare SDK", "x tierfloor"),
)


def records(cells: Sequence[Cell], *, calls: int, connections: int) -> list[tuple[str, ...]]:
    """The rows under `HEAD`: wall in ratio to the ideal, to the vendor's best bare SDK and to tierfloor in the same cell."""
    rows = []
    sound = [cell for cell in cells if not problem(cell, calls)]
    for cell in cells:
        beside = [each for each in sound if each.latency_ms == cell.latency_ms]
        limits = ANTHROPIC if cell.name in {*ANTHROPIC, "tierfloor, Messages"} else OPENAI
        bare = _best([each for each in beside if each.name in limits and cell.run == "cold"])
        ours = _best([each for each in beside if each.name == OURS and each.run == cell.run])
        shortest = ideal(calls, connections, cell.latency_ms or 0) if cell.run == "cold" else None
        rows.append(
            (
                cell.name,
                cell.run,
                _text(cell.latency_ms),
                f"{cell.used.wall:.3f}",
                f"{cell.used.cpu:.3f}",
                "" if cell.latency_ms is None else f"{cell.used.cpu / calls * 1000:.2f}",
                f"{cell.used.peak_mb:.0f}",
                f"{cell.used.largest_mb:.0f}",
                *map(_text, (cell.calls, cell.most, cell.right)),
                *(_ratio(_over(cell, limit)) if cell in sound else "failed" for limit in (shortest, bare, ours)),
            )
        )
    return rows


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows in columns, names to the left and numbers to the right."""
    every = [HEAD, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(HEAD))]
    lines = []
    for row in every:
        cells = zip(row, widths, range(len(HEAD)), strict=True)
        lines.append(
            "  ".join(text.ljust(width) if column < 2 else text.rjust(width) for text, width, column in cells).rstrip()
        )
    return lines


def write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows((HEAD, *rows))
