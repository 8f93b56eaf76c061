"""Measure the tests' error rates, power and cost in simulated worlds, and write the page and the figure about it.

Exits with 1 if one of our tests errs in more than 5.5 % of runs, or if power is not the earlier one. Seeded; about a
minute on one core, `--quick` takes seconds and is too coarse to be published. `--check` writes nothing and exits with 1
if page or figure would change.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from calibration import measures, page
from calibration.measures import RULE, Rate
from calibration.page import Powered, Results
from calibration.routing import routing

from harness.stats import Assumed, power

ROOT = Path(__file__).parent.parent.parent

# Method, pass rate, horizon, then chance and mean units by an earlier simulation (e-process) or enumeration (exact).
EARLIER = (
    ("sequential", 0.80, 200, 0.37, 175),
    ("sequential", 0.90, 100, 0.29, None),
    ("sequential", 0.90, 200, 0.52, 163),
    ("sequential", 0.90, 400, 0.83, 267),
    ("sequential", 0.95, 100, 0.42, None),
    ("sequential", 0.95, 200, 0.74, 142),
    ("sequential", 0.95, 400, 0.96, 209),
    ("sequential", 0.99, 100, 0.75, None),
    ("sequential", 0.99, 200, 0.99, 101),
    ("sequential", 0.99, 400, 1.00, 125),
    ("fixed", 0.80, 200, 0.46, None),
    ("fixed", 0.90, 100, 0.39, None),
    ("fixed", 0.90, 200, 0.64, None),
    ("fixed", 0.90, 400, 0.90, None),
    ("fixed", 0.95, 200, 0.85, None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How many runs a figure takes, and at which sizes."""

    runs: int
    sizes: tuple[int, ...]
    horizons: tuple[int, ...]


FULL = Effort(runs=20_000, sizes=(50, 100, 200, 400), horizons=(200, 400))
QUICK = Effort(runs=800, sizes=(100,), horizons=(200,))


def measure(effort: Effort, seed: int = 4) -> Results:
    """Every figure of the page."""
    rates: dict[str, Sequence[Rate]] = {
        margin: [
            *measures.fixed_errors(Decimal(margin), effort.sizes),
            *measures.sequential_errors(Decimal(margin), effort.sizes, effort.runs, seed),
        ]
        for margin in ("0.05", "0.10")
    }
    rates["hard"] = list(measures.hard_errors(tuple(n for n in effort.sizes if n >= 100), effort.runs, seed))
    few = max(400, effort.runs // 5)
    return Results(
        rates=rates,
        powered=list(_powered(max(800, effort.runs // 2), seed)),
        continued=list(measures.continued(max(200, effort.runs // 10), seed)),
        routed={horizon: list(routing(few, horizon, seed)) for horizon in effort.horizons},
        ground=list(measures.own_ground(few, seed)),
    )


def _powered(runs: int, seed: int) -> Iterator[Powered]:
    for method, quality, horizon, earlier, units in EARLIER:
        rule = replace(RULE, method=method, bar=Decimal("0.01"))  # type: ignore[arg-type]
        assumed = Assumed(quality=quality, reference=quality)
        (chances,) = power(rule, assumed, (horizon,), runs=runs, seed=seed, futility=False)
        name = measures.SEQUENTIAL if method == "sequential" else measures.EXACT
        yield name, quality, chances, earlier, units


def faults(results: Results, *, deviations: float = 0.0) -> list[str]:
    """What is not as promised, with so many standard errors of leeway."""
    found = [
        f"{rate.rule}, {rate.world}, n = {rate.n}: wrong in {rate.rate:.2%}"
        for rates in results.rates.values()
        for rate in rates
        if rate.ours and rate.rate > 0.055 + deviations * rate.error
    ]
    found += [
        f"{method}, pass rate {quality}, horizon {chances.size}: shown in {chances.sufficient:.1%}, earlier {earlier:.0%}"
        for method, quality, chances, earlier, _ in results.powered
        if abs(chances.sufficient - earlier) > 0.03 + deviations * 0.015
    ]
    found += [
        f"{each.procedure}, {each.world}, horizon {horizon}: too cheap in {each.wrong:.1%}"
        for horizon, routed in results.routed.items()
        for each in routed
        if each.ours and each.wrong > 0.055 + deviations * 0.011
    ]
    return found


def stale(results: Results, folder: Path) -> list[str]:
    """What in the folder would change, with the first line that would."""
    fresh, path = page.text(results), folder / "calibration.md"
    kept = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = []
    if kept != fresh:
        lines = zip_longest(kept.splitlines(), fresh.splitlines(), fillvalue="(no such line)")
        number, (before, after) = next(
            ((number, pair) for number, pair in enumerate(lines, 1) if pair[0] != pair[1]), (0, ("its", "line ends"))
        )
        found.append(f"{path}:{number}: would change from {before!r} to {after!r}; run nox -s calibration")
    drawn = folder / "calibration.svg"
    if not drawn.is_file() or page.fingerprint(results) not in drawn.read_text(encoding="utf-8"):
        found.append(f"{drawn}: was drawn from other figures or in another way; run nox -s calibration")
    return found


def main() -> int:
    """Measure, write or compare, complain."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few runs: for a look")
    parser.add_argument("--to", type=Path, default=ROOT / "docs", help="folder for calibration.md and calibration.svg")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    options = parser.parse_args()
    results = measure(QUICK if options.quick else FULL)
    wrong = faults(results, deviations=3 if options.quick else 1)
    if options.check:
        wrong += stale(results, options.to)
    else:
        options.to.mkdir(parents=True, exist_ok=True)
        (options.to / "calibration.md").write_text(page.text(results), encoding="utf-8")
        page.figure(results, options.to / "calibration.svg")
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
