"""What the program costs on top of what it must cost: every line is measured beside its own limit, in one run.

Prints ratios and writes them to perf.csv in the current folder. Wall and CPU seconds are the least of several rounds.
"""

from __future__ import annotations

import asyncio
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from worlds import FakeProvider, ladder, response, right, tier, write_suite

from harness import plan, run, suites
from harness.cache import Cache
from harness.values import Request, Response

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 5
PROGRAM = "import sys; from harness.cli import main; sys.exit(main())"

Timed = tuple[float, float]


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def process(*words: str, folder: Path = ROOT) -> Timed:
    """Least wall and CPU seconds of a whole process."""
    rounds = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), children_cpu()
        subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
        rounds.append((time.perf_counter() - wall, children_cpu() - cpu))
    return min(wall for wall, _ in rounds), min(cpu for _, cpu in rounds)


def inside(work: Callable[[], object]) -> Timed:
    """Least wall and CPU seconds of a function."""
    rounds = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        rounds.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in rounds), min(cpu for _, cpu in rounds)


def todo(folder: Path, copies: int) -> tuple[tuple[object, Request], ...]:
    suite = suites.load(write_suite(folder))
    made = plan.plan(ladder(tier("cheap", max_connections=64)), [suite], epochs=copies)
    return plan.missing(made, set())


def asking(requests: tuple[tuple[object, Request], ...], keep: Callable[[Request, Response], Response]) -> None:
    terms = run.Terms(
        connect=FakeProvider().connect,
        keep=keep,
        worst=lambda tier, request: Decimal(1),
        cost=lambda tier, reply: Decimal(1),
        report=lambda progress: None,
    )
    asyncio.run(run.ask(requests, terms))  # type: ignore[arg-type]


def bare_loop(requests: tuple[tuple[object, Request], ...]) -> None:
    """The same answers by nothing but asyncio: the limit for the run engine."""

    async def one(request: Request) -> str:
        return right(request)

    async def all_of_them() -> None:
        work: list[Awaitable[str]] = [one(request) for _, request in requests]
        await asyncio.gather(*work)

    asyncio.run(all_of_them())


def rows() -> list[tuple[str, Timed, str, Timed]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = todo(folder, copies=25)
        stored = {request.key: response("1") for _, request in requests}
        cached = [(request, reply) for (_, request), reply in zip(requests, stored.values(), strict=True)][:200]
        rounds = iter(range(10**6))

        def add() -> None:
            with Cache.open(folder / f"cache{next(rounds)}") as cache:
                for request, reply in cached:
                    cache.add(request, reply)

        def files() -> None:
            place = folder / f"files{next(rounds)}"
            place.mkdir()
            for request, reply in cached:
                with (place / request.key).open("w") as file:
                    file.write(reply.text)
                    file.flush()
                    os.fsync(file.fileno())

        return [
            ("tierfloor --help", process("-c", PROGRAM, "--help"), "bare interpreter", process("-c", "pass")),
            (
                "regenerate and check all results",
                process("-c", PROGRAM, "route", "--check"),
                "import pandas",
                process("-c", "import pandas"),
            ),
            (
                f"ask {len(requests)} requests",
                inside(lambda: asking(requests, lambda request, reply: stored[request.key])),
                "bare asyncio.gather",
                inside(lambda: bare_loop(requests)),
            ),
            (f"store {len(cached)} answers", inside(add), "one synced file each", inside(files)),
            ("tierfloor table", process("-c", PROGRAM, "table"), "import pandas", process("-c", "import pandas")),
        ]


def main() -> None:
    head = ("what", "wall s", "CPU s", "limit", "wall s", "CPU s", "CPU ratio", "CPU above the limit s")
    lines = [
        (
            what,
            *map("{:.3f}".format, ours),
            limit,
            *map("{:.3f}".format, theirs),
            f"{ours[1] / max(theirs[1], 1e-9):.1f}",
            f"{ours[1] - theirs[1]:.3f}",
        )
        for what, ours, limit, theirs in rows()
    ]
    widths = [max(len(row[column]) for row in (head, *lines)) for column in range(len(head))]
    for row in (head, *lines):
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    with Path("perf.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows((head, *lines))


if __name__ == "__main__":
    main()
