"""The program beside its limits and its peers, in one run: the same questions to one loopback server, cold and warm.

Prints a table with ratios and the goals, and writes the table as CSV. Nothing is asserted about time: the exit code says
whether every contender ended well with every answer right, cold by one call a question and warm by none.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from perf import contenders, figures, offline, stub
from perf.contenders import ROOT, Contender, Job
from perf.figures import Cell
from perf.measure import Used, used
from perf.peers import PEERS
from perf.steps import Start, Step, starts, steps

CONNECTIONS = 64
QUICK = 200
STARTS = 5
SDKS = ("anthropic", "google.genai", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a run happens: the stub's port, a folder for everything, and how many questions each contender is asked."""

    port: int
    folder: Path
    calls: int

    def job(self, latency_ms: int) -> Job:
        """A job with a new folder and a lane of its own."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        url = f"http://{stub.HOST}:{self.port}/{folder.name}-{latency_ms}"
        return Job(url=url, folder=folder, calls=self.calls, connections=CONNECTIONS)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} questions, no peers, no slow server")
    parser.add_argument("--calls", type=int, help=f"how many questions (default: {figures.FULL:,})")
    parser.add_argument(
        "--csv", type=Path, help="where the table goes (default: perf.csv, for less than a full run nowhere)"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="only this contender (repeatable)")
    for name in PEERS:
        parser.add_argument(f"--{name}", type=Path, metavar="VENV", help=f"the environment that {name} is installed in")
    options = parser.parse_args(arguments)
    venvs = {name: path.absolute() for name in PEERS if (path := getattr(options, name)) and not options.quick}
    calls = options.calls or (QUICK if options.quick else figures.FULL)
    write("err", [described(venvs.values()), f"{calls} calls at {CONNECTIONS} connections; {load()}"])
    with stub.started() as port, tempfile.TemporaryDirectory() as folder:
        bench = Bench(port=port, folder=Path(folder), calls=calls)
        todo = steps([PEERS[name](venv) for name, venv in venvs.items()], quick=options.quick)
        chosen = [step for step in todo if not options.only or step.contender.name in options.only]
        measured = [*asked(bench, chosen), *started(starts(venvs), rounds=1 if options.quick else STARTS)]
        imported = sdks(bench, contenders.tierfloor())
    cells = figures.least(measured)
    rows = figures.records(cells, calls=calls, connections=CONNECTIONS)
    goals = figures.goals(cells, calls=calls, connections=CONNECTIONS, imported=imported)
    words = {True: "reached", False: "MISSED", None: "open"}
    write(
        "out", [*figures.table(rows), "", *(f"{words[goal.reached]:8}{goal.wanted}: {goal.measured}" for goal in goals)]
    )
    if not options.only:
        seconds = offline.measured()
        steps_ = ", ".join(f"{name} {each:.2f} s" for name, each in seconds.items())
        write("out", [f"offline: {sum(seconds.values()):.1f} s of CPU ({steps_}); wanted: {offline.GOAL:g} s"])
    place = options.csv or (None if options.quick or options.only or calls != figures.FULL else Path("perf.csv"))
    if place is not None:
        figures.write_csv(place, rows)
    wrong = [cell for cell in cells if figures.problem(cell, calls)]
    write("err", [*(figures.problem(cell, calls) for cell in wrong), f"{load()} in the end"])
    return 1 if any(cell.calls is not None for cell in wrong) else 0


def asked(bench: Bench, todo: Iterable[Step]) -> Iterator[Cell]:
    """The cells of all steps, in order; neighbours of one group at the same time."""
    for group, members in itertools.groupby(todo, key=lambda step: step.group):
        if not group:
            for step in members:
                yield from pair(bench, step)
            continue
        together = list(members)
        with ThreadPoolExecutor(len(together)) as pool:
            for cells in pool.map(lambda step: list(pair(bench, step)), together):
                yield from cells


def pair(bench: Bench, step: Step) -> Iterator[Cell]:
    """One step: the cold cell and, where wanted, the warm one after it."""
    job = bench.job(step.latency_ms)
    contender = step.contender
    contender.prepare(job)
    env = contenders.environment(contender.env(job), os.environ)
    for run in ("cold", "warm") if step.warm else ("cold",):
        done = used(contender.command(job), folder=job.folder, env=env)
        counted = stub.reset(bench.port, job.url.rpartition("/")[2])
        cell = Cell(
            name=contender.name,
            run=run,
            used=done,
            latency_ms=step.latency_ms,
            calls=counted["calls"],
            most=counted["most"],
            right=reported(contender, job, done),
        )
        said = f"{cell.name}, {run}, {cell.latency_ms} ms: {done.wall:.2f} s, CPU {done.cpu:.2f} s, right {cell.right}"
        write("err", [said])
        yield cell


def reported(contender: Contender, job: Job, done: Used) -> int | None:
    """The right answers by the contender's own account; None, with what it said, if it gives none."""
    try:
        if done.code == 0:
            return contender.right(job, done)
    except (LookupError, OSError, StopIteration, ValueError, subprocess.CalledProcessError) as error:
        write("err", [f"{contender.name}: no result to be read: {type(error).__name__}: {error}"])
    write("err", [f"{contender.name}: exit {done.code}", *done.noted.splitlines()[-8:]])
    return None


def started(todo: Iterable[Start], *, rounds: int) -> Iterator[Cell]:
    """Every round of every start as a cell."""
    env = contenders.environment({}, os.environ)
    for start in todo:
        for _ in range(rounds):
            yield Cell(name=start.name, run=start.run, used=used(start.command, folder=ROOT, env=env))


def sdks(bench: Bench, contender: Contender) -> list[str] | None:
    """The SDKs that an all-cached run imports; None if it could not be made."""
    job = bench.job(0)
    contender.prepare(job)
    env = contenders.environment(contender.env(job), os.environ)
    first, *rest = contender.command(job)
    cold = used((first, *rest), folder=job.folder, env=env)
    warm = used((first, "-X", "importtime", *rest), folder=job.folder, env=env)
    if cold.code or warm.code:
        return None
    modules = {line.rpartition("|")[2].strip() for line in warm.noted.splitlines()}
    return [name for name in SDKS if name in modules]


def described(venvs: Iterable[Path]) -> str:
    """The machine and the versions that were compared."""
    names = ["openai", "anthropic", "httpx2", "aiohttp"]
    found = [f"{name} {metadata.version(name)}" for name in names]
    sites = [str(site) for venv in venvs for site in venv.glob("lib/python*/site-packages")]
    found += [
        f"{each.name} {each.version}"
        for each in metadata.distributions(path=sites)
        if each.name.replace("_", "-") in {"inspect-ai", "lm-eval"}
    ]
    return f"{platform.python_implementation()} {platform.python_version()}; {', '.join(found)}"


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def write(stream: str, lines: Iterable[str]) -> None:
    chosen = sys.stdout if stream == "out" else sys.stderr
    chosen.writelines(f"{line}\n" for line in lines)
    chosen.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
