"""Everything a benchmark runs, in order, as values that can be listed before anything is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf import contenders
from perf.clients import ANTHROPIC, BARE, OPENAI
from perf.contenders import PROGRAM, Contender

__all__ = ["Start", "Step", "starts", "steps"]

ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One contender at one latency, cold and perhaps warm afterwards. Neighbours of one `group` run side by side."""

    contender: Contender
    latency_ms: int
    warm: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A command that asks nothing."""

    name: str
    run: str
    command: tuple[str, ...]


def steps(others: Sequence[Contender], *, quick: bool) -> list[Step]:
    """Contenders take turns within a round, so that all meet the same machine.

    Peers are asked once, for they are slow. At 1 s latency tierfloor runs alone; the bare clients, which mostly wait
    there, run side by side.
    """
    ours, clients = contenders.tierfloor(), [contenders.bare(name) for name in (*BARE, *OPENAI)]
    found: list[Step] = []
    for number in range(1 if quick else ROUNDS):
        for latency in (50, 0):
            found.append(Step(contender=ours, latency_ms=latency, warm=True))
            found += [Step(contender=each, latency_ms=latency) for each in clients]
            if number == 0:
                found += [Step(contender=each, latency_ms=latency, warm=latency == 50) for each in others]
    results = contenders.by_ladder("tierfloor, results", "openai-compatible", "/v1")
    others_wires = (
        contenders.by_ladder("tierfloor, Responses", "openai", "/v1"),
        contenders.by_ladder("tierfloor, Messages", "anthropic", ""),
        *(contenders.bare(name) for name in ANTHROPIC),
    )
    found.append(Step(contender=results, latency_ms=50, warm=True))
    found += [Step(contender=each, latency_ms=50) for each in others_wires]
    if not quick:
        found.append(Step(contender=ours, latency_ms=1000, warm=True))
        found += [Step(contender=each, latency_ms=1000, group="bare") for each in clients]
    return found


def starts(venvs: Mapping[str, Path]) -> list[Start]:
    """What it takes to say anything at all, and what the offline commands take on the recorded results."""
    programs = {"inspect": ("inspect_ai", "inspect"), "lm_eval": ("lm-eval", "lm_eval")}
    return [
        Start(name="python", run="pass", command=(sys.executable, "-c", "pass")),
        Start(name="tierfloor", run="--help", command=(*PROGRAM, "--help")),
        *(
            Start(name=programs[key][0], run="--help", command=(str(venv / "bin" / programs[key][1]), "--help"))
            for key, venv in venvs.items()
        ),
        Start(name="tierfloor", run="table", command=(*PROGRAM, "table")),
        Start(name="tierfloor", run="route --check", command=(*PROGRAM, "route", "--check")),
    ]
