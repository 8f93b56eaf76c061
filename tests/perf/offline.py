"""What follows from answers, timed: the table, the floors and the curves of 100,000 outcomes at four tiers."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from worlds import ladder, tier, write_suite

from harness import floors, plots, savings, suites, table
from harness.values import Ladder, Outcome, Sample, Suite

__all__ = ["GOAL", "measured"]

GOAL: Final = 5.0
# At four tiers: 100,000 outcomes.
SAMPLES: Final = 25_000
KINDS: Final = 4
RATES: Final = {"tiny": 0.70, "small": 0.90, "large": 0.94, "best": 0.95}

T = TypeVar("T")


def world(folder: Path, samples: int) -> tuple[tuple[Suite, ...], Ladder, tuple[Outcome, ...]]:
    """Kinds of work of five levels, each sample answered by four tiers."""
    base = suites.load(write_suite(folder))
    named = {name: tier(name, str(place)) for place, name in enumerate(RATES, start=1)}
    each = samples // KINDS
    luck = np.random.default_rng(0).random((KINDS, each, len(RATES)))
    chosen, outcomes = [], list[Outcome]()
    for kind in range(KINDS):
        name = f"kind{kind}"
        own = tuple(
            Sample(id=f"{name}.{i}", input="", target="", metadata={"level": i % 5 + 1, "template": f"{name}.{i}"})
            for i in range(each)
        )
        rule = replace(base.rule, horizon=each)
        chosen.append(replace(base, id=name, category=name, samples=own, rule=rule))
        outcomes += [
            _outcome(name, sample, of, passes=bool(luck[kind, i, k] < RATES[of]), cost=Decimal(k + 1))
            for i, sample in enumerate(own)
            for k, of in enumerate(RATES)
        ]
    return tuple(chosen), ladder(*named.values()), tuple(outcomes)


def _outcome(suite: str, sample: Sample, of: str, *, passes: bool, cost: Decimal) -> Outcome:
    return Outcome(
        suite=suite,
        sample=sample.id,
        level=sample.level,
        template=sample.template,
        tier=of,
        epoch=0,
        verdict="pass" if passes else "fail",
        score=float(passes),
        why="" if passes else "wrong",
        details="",
        finish="ok",
        cost=cost,
        input_tokens=100,
        output_tokens=10,
        latency_ms=100,
        keys=(),
        graded="",
    )


def measured(samples: int = SAMPLES) -> dict[str, float]:
    """Seconds of processor time of each step."""
    found: dict[str, float] = {}

    def timed(name: str, step: Callable[[], T]) -> T:
        started = time.process_time()
        made = step()
        found[name] = time.process_time() - started
        return made

    with tempfile.TemporaryDirectory() as folder:
        chosen, of, outcomes = world(Path(folder), samples)
    rows = timed("table", lambda: table.table(outcomes, chosen, of))
    made = timed("floors", lambda: floors.floors(rows, chosen, of))
    played = timed("replays", lambda: savings.replays(outcomes, made, chosen, of))

    def draw() -> int:
        for suite in chosen:
            mine = [each for each in made if each.category == suite.category]
            one = played[suite.category]
            plots.draw(mine, suite, of, plots.Answered(tiers=one.tiers, recorded=one.recorded))
        return len(chosen)

    timed("curves", draw)
    return found


if __name__ == "__main__":
    seconds = measured(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
    sys.stdout.write(
        f"{', '.join(f'{name} {each:.2f} s' for name, each in seconds.items())}; {sum(seconds.values()):.2f} s of CPU\n"
    )
