"""Recorded outcomes of real tiers, whose floors and curves were computed elsewhere. They are not ours to publish."""

from __future__ import annotations

import csv
import gzip
import json
import os
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.stats import aiq, hull, tango, top_down
from harness.stats.comparison import bootstrap_gap, cheapest_within
from harness.stats.economics import Played, Recorded, cascade, held_out, oracle, routed, static
from harness.stats.paths import ends
from harness.values import Rule, digest

# Read before any test changes the environment.
ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("TIERFLOOR_SHARED") or ROOT.parent / "shared") / "data" / "bfcl"

pytestmark = pytest.mark.skipif(
    not (DATA / "bfcl_outcomes.jsonl.gz").is_file(),
    reason="recorded outcomes are not at hand: set TIERFLOOR_SHARED to the folder that holds data/bfcl",
)

CONFIDENCE = 0.9
MARGINS = ("0.02", "0.05", "0.1")
LADDERS = {
    "claude-3 [prompt]": ("claude-3-haiku-20240307", "claude-3-sonnet-20240229", "claude-3-opus-20240229"),
    "gpt-4o (08-06) [fc]": ("gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06"),
}
GROUPS = {
    "G:extract-args(AST simple+multiple+parallel+pm)": (
        *("simple", "multiple_function", "parallel_function", "parallel_multiple_function"),
    ),
    "G:classify-relevance": ("relevance",),
    "G:java+javascript": ("java", "javascript"),
    "G:executable+rest": (
        *("executable_simple", "executable_multiple_function", "executable_parallel_function"),
        *("executable_parallel_multiple_function", "rest"),
    ),
}
CURVES = {"bfcl claude-3 [prompt]": "claude-3 [prompt]", "bfcl gpt-4o [fc]": "gpt-4o (08-06) [fc]"}

Limit = Callable[[int, int, int, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The outcomes of one ladder, its kinds of work in alphabetical order."""

    name: str
    models: tuple[str, ...]
    kinds: tuple[str, ...]
    items: tuple[str, ...]
    outcomes: Recorded

    def part(self, category: str) -> Recorded:
        members = GROUPS.get(category, self.kinds if category == "ALL" else (category,))
        return self.outcomes.part(np.isin(np.array(self.kinds)[self.outcomes.kinds], members))


@pytest.fixture(scope="module")
def ladders() -> dict[str, Ladder]:
    cells: dict[str, dict[tuple[str, str], tuple[float, float]]] = defaultdict(dict)
    with gzip.open(DATA / "bfcl_outcomes.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            cells[row["model"]][row["category"], row["item_id"]] = row["score"], row["cost_usd"]
    found = {}
    for name, models in LADDERS.items():
        keys = sorted(cells[models[0]])
        kinds = sorted({kind for kind, _ in keys})
        table = np.array([[cells[model][key] for model in models] for key in keys])
        found[name] = Ladder(
            name=name,
            models=models,
            kinds=tuple(kinds),
            items=tuple(item for _, item in keys),
            outcomes=Recorded(
                scores=table[..., 0],
                costs=table[..., 1],
                kinds=np.array([kinds.index(kind) for kind, _ in keys]),
                units=np.arange(len(keys)),
            ),
        )
    return found


def expected(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def counts(part: Recorded, tier: int) -> tuple[int, int, int]:
    gaps = part.scores[:, tier] - part.scores[:, -1]
    return int((gaps > 0).sum()), int((gaps < 0).sum()), len(gaps)


def lower_limits(part: Recorded, limit: Limit) -> list[float]:
    return [limit(tier, *counts(part, tier)) for tier in range(part.scores.shape[1] - 1)]


def limits(ladder: Ladder, category: str, seed: int | None = None) -> dict[str, Limit]:
    """Lower limits by the methods of the published tables; theirs seed each bootstrap by its place."""

    def boot(tier: int, wins: int, losses: int, n: int) -> float:
        place = f"bfcl-v1|2024-08-11|{ladder.name}|{category}|{ladder.models[tier]}"
        return bootstrap_gap(wins, losses, n, CONFIDENCE, seed=zlib.crc32(place.encode()) if seed is None else seed)[0]

    return {
        "boot": boot,
        "tango": lambda _, wins, losses, n: tango(wins, losses, n, CONFIDENCE)[0],
        "naive": lambda _, wins, losses, n: (wins - losses) / n,
    }


def test_limits_are_the_published_ones(ladders: dict[str, Ladder]) -> None:
    rows = [row for row in expected("expected_rows.csv") if row["is_ref"] == "False"]

    for row in rows:
        ladder = ladders[row["ladder"]]
        tier = ladder.models.index(row["model"])
        wins, losses, n = counts(ladder.part(row["category"]), tier)
        low, high = tango(wins, losses, n, CONFIDENCE)
        boot = limits(ladder, row["category"])["boot"](tier, wins, losses, n)
        # Their gaps are reference minus tier.
        published = [float(row[name]) for name in ("tango_ub95", "tango_lo90", "boot_ub95")]
        assert [-low, -high, -boot] == pytest.approx(published, abs=5.1e-5)
    assert len(rows) == 51


def test_floors_are_the_published_ones(ladders: dict[str, Ladder]) -> None:
    rows = list(expected("expected_floors.csv"))

    for row in rows:
        ladder = ladders[row["ladder"]]
        part = ladder.part(row["category"])
        for method, limit in limits(ladder, row["category"]).items():
            lower = lower_limits(part, limit)
            for margin in MARGINS:
                floor = ladder.models[cheapest_within(lower, float(margin))]
                assert floor == row[f"floor_{method}_{margin}"], (row["category"], method, margin)
    assert len(rows) == 34


def test_a_fixed_sequence_differs_in_the_five_known_cells(ladders: dict[str, Ladder]) -> None:
    differing = []
    for row in expected("expected_floors.csv"):
        ladder = ladders[row["ladder"]]
        lower = lower_limits(ladder.part(row["category"]), limits(ladder, row["category"])["tango"])
        for margin in MARGINS:
            bound = -float(margin) - 1e-12
            walk = top_down([*("sufficient" if low >= bound else "inconclusive" for low in lower), "sufficient"])
            if walk.floor != cheapest_within(lower, float(margin)):
                differing.append((row["category"], margin))

    assert sorted(differing) == [
        ("G:java+javascript", "0.1"),
        ("executable_multiple_function", "0.1"),
        ("executable_simple", "0.02"),
        ("executable_simple", "0.05"),
        ("multiple_function", "0.1"),
    ]


def chooser(ladder: Ladder, method: str, margin: str, seed: int | None) -> Callable[[Recorded], int]:
    def choose(part: Recorded) -> int:
        (kind,) = set(part.kinds.tolist())
        limit = limits(ladder, ladder.kinds[kind], seed)[method]
        return cheapest_within(lower_limits(part, limit), float(margin))

    return choose


def played(ladder: Ladder, policy: str) -> Played:
    """One policy of the published curves."""
    outcomes = ladder.outcomes
    name, *details = policy.split(":")
    if name == "single":
        return static(outcomes, ladder.models.index(details[0]))
    if name == "cascade":
        return cascade(outcomes, range(len(ladder.models)))
    if name == "oracle" and details == ["per-item"]:
        return oracle(outcomes)
    if name == "oracle":
        parts = [outcomes.part(outcomes.kinds == kind) for kind in range(len(ladder.kinds))]
        return routed(outcomes, [int(part.scores.mean(axis=0).argmax()) for part in parts])
    method, margin, where = details
    if where == "insample":
        choose = chooser(ladder, method, margin, None)
        return routed(outcomes, [choose(outcomes.part(outcomes.kinds == kind)) for kind in range(len(ladder.kinds))])
    even: NDArray[np.bool_] = np.array([zlib.crc32(item.encode()) % 2 == 0 for item in ladder.items])
    return held_out(outcomes, chooser(ladder, method, margin, 7), even)[0]


def test_curves_are_the_published_ones(ladders: dict[str, Ladder]) -> None:
    rows = list(expected("expected_curve.csv"))

    for row in rows:
        ladder = ladders[CURVES[row["dataset"]]]
        if row["policy"] == "AIQ:single-tier-hull":
            singles = [static(ladder.outcomes, tier) for tier in range(len(ladder.models))]
            points = [(float(each.cost.mean()), float(each.score.mean())) for each in singles]
            assert aiq(points) == pytest.approx(float(row["quality"]), abs=5.1e-5)
            assert len(hull(points)) == row["detail"].count("(np.float64")
            continue
        found = played(ladder, row["policy"])
        assert len(found.score) == int(row["n"]), row["policy"]
        assert found.score.mean() == pytest.approx(float(row["quality"]), abs=5.1e-5), row["policy"]
        assert found.cost.mean() == pytest.approx(float(row["mean_cost_usd"]), abs=5.1e-7), row["policy"]
        assert found.cost_per_success == pytest.approx(float(row["cost_per_success"]), abs=5.1e-7), row["policy"]
    assert len(rows) == 49


def test_the_sequential_default_decides_clear_cases_early(ladders: dict[str, Ladder]) -> None:
    ladder = ladders["claude-3 [prompt]"]
    order = sorted(range(1700), key=lambda i: digest(["bfcl", ladder.items[i]]))
    scores = ladder.outcomes.scores[order]
    rule = Rule(margin=Decimal("0.10"), alpha=Decimal("0.05"), bar=Decimal("0.70"), horizon=400, method="sequential")

    haiku, sonnet = (ends(scores[None, :, tier], scores[None, :, 2], rule) for tier in (0, 1))
    strict = ends(scores[None, :, 0], scores[None, :, 2], replace(rule, bar=Decimal("0.90")), futility=False)

    assert (haiku.kind[0], sonnet.kind[0], strict.kind[0]) == (0, 1, -1)
    assert max(haiku.units[0], sonnet.units[0], strict.units[0]) < 850
