"""What the verdicts need on recorded outcomes of real tiers, against asking everything; writes docs/recorded.md.

The outcomes are not ours to publish: TIERFLOOR_SHARED names the folder that holds data/bfcl, and without it nothing is
done. `--check` writes nothing and exits with 1 if the page would change. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from adaptive import Adaptive, floor
from worlds import FakeProvider, ladder, tier, write_suite

from harness import suites
from harness.values import Request, Rule, Sample, Suite

__all__ = ["DATA", "Needed", "needed", "text"]

ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("TIERFLOOR_SHARED") or ROOT.parent / "shared") / "data" / "bfcl" / "bfcl_outcomes.jsonl.gz"

LADDERS: Final = {
    "Claude 3, prompts": ("claude-3-haiku-20240307", "claude-3-sonnet-20240229", "claude-3-opus-20240229"),
    "GPT-4o, function calls": ("gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06"),
}
ALL: Final = "all as one"

Cells = Mapping[str, Mapping[tuple[str, str], tuple[bool, Decimal]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What one kind of work took until decided: the answers of each tier, of `n` there are, and the money."""

    ladder: str
    category: str
    n: int
    status: str
    use: str
    asked: tuple[int, ...]
    spent: Decimal
    whole: Decimal


def read(path: Path = DATA) -> Cells:
    """Whether each model was right on each (category, item), and what that cost."""
    cells: dict[str, dict[tuple[str, str], tuple[bool, Decimal]]] = defaultdict(dict)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            key = row["category"], row["item_id"]
            cells[row["model"]][key] = bool(row["correct"]), Decimal(str(row["cost_usd"]))
    return cells


def needed(cells: Cells, name: str, category: str, base: Suite) -> Needed:
    """An adaptive run of the program, answered from the recording."""
    models = LADDERS[name]
    keys = [key for key in sorted(cells[models[0]]) if category in {key[0], ALL}]
    prompts = {"/".join(key): key for key in keys}
    rule = Rule(
        margin=Decimal("0.05"), alpha=Decimal("0.05"), bar=Decimal("0.80"), horizon=len(keys), method="sequential"
    )
    samples = tuple(
        Sample(id=each, input=each, target="1", metadata={"level": 0, "template": each}) for each in prompts
    )
    suite = replace(base, id=category, category=category, rule=rule, samples=samples)

    def reply(request: Request) -> str:
        return str(int(cells[request.model][prompts[request.prompt]][0]))

    run = Adaptive(
        provider=FakeProvider(reply),
        ladder=ladder(*(tier(model, str(place)) for place, model in enumerate(models, start=1))),
        lazy=True,
    )
    found = floor(run.run(suite), category)
    asked = [(request.model, prompts[request.prompt]) for request in run.provider.asked]
    return Needed(
        ladder=name,
        category=category,
        n=len(keys),
        status=found.status,
        use=found.use,
        asked=tuple(sum(model == each for each, _ in asked) for model in models),
        spent=sum((cells[model][key][1] for model, key in asked), Decimal(0)),
        whole=sum((cells[model][key][1] for model in models for key in keys), Decimal(0)),
    )


def measure(cells: Cells) -> list[Needed]:
    """Every category, and all of them as one kind of work, on both ladders."""
    with tempfile.TemporaryDirectory() as folder:
        base = suites.load(write_suite(Path(folder)))
        categories = sorted({category for category, _ in next(iter(cells.values()))})
        return [needed(cells, name, category, base) for name in LADDERS for category in (*categories, ALL)]


def text(found: Iterable[Needed]) -> str:
    """The page."""
    parts = [_HEAD]
    by_ladder: dict[str, list[Needed]] = defaultdict(list)
    for each in found:
        by_ladder[each.ladder].append(each)
    for name, rows in by_ladder.items():
        *kinds, together = rows
        total = replace(
            together,
            category="**every category**",
            n=sum(row.n for row in kinds),
            status="",
            use="",
            asked=tuple(sum(counts) for counts in zip(*(row.asked for row in kinds), strict=True)),
            spent=sum((row.spent for row in kinds), Decimal(0)),
            whole=sum((row.whole for row in kinds), Decimal(0)),
        )
        head = ("category", "of each tier", *(f"asked: {model}" for model in LADDERS[name]), "answers", "money", "use")
        cells = [_cells(row) for row in (*kinds, total, together)]
        lines = [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *cells)]
        parts += [f"## {name}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


_HEAD = """\
# What verdicts need on recorded outcomes

BFCL v1, single-turn function calling: 1,700 samples in 12 categories, recorded for real tiers on 2024-08-11. The program
runs as it does by default (rounds until decided, lazy reference, tiers from the top down; margin .05, alpha .05, bar .80,
a horizon of all samples of the category) and is answered from the recording instead of the network. Shown are the answers
it asked for, their share of all answers of all tiers, and the share of the money, at the prices of the recording.

Made by `python tests/calibration/recorded.py`, which needs the recording; it is not ours to publish. *use* is what a router
may call: the floor where one is proved, else the reference."""


def _cells(row: Needed) -> tuple[str, ...]:
    answers = sum(row.asked) / (row.n * len(row.asked))
    money = f"${row.spent:.3f} of ${row.whole:.3f} ({row.spent / row.whole:.0%})"
    use = f"{row.use} ({row.status})" if row.status else ""
    return (row.category, str(row.n), *map(str, row.asked), f"{answers:.0%}", money, use)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "docs", help="folder for recorded.md")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page would change")
    options = parser.parse_args()
    if not DATA.is_file():
        sys.stderr.write("the recording is not at hand: set TIERFLOOR_SHARED to the folder that holds data/bfcl\n")
        return 2
    made, path = text(measure(read())), options.to / "recorded.md"
    sys.stdout.write(made)
    if options.check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != made)
    path.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
