"""A small world for tests of the flow: a suite folder on disk, a ladder, and a provider at the outermost edge."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from harness.providers import Connection
from harness.values import Ladder, Price, Request, Response, Tier, Usage, canonical

Result = TypeVar("Result")

SUITE = """\
id = "sums"
version = "1-A"
category = "sums"
title = "Adding small numbers"
license = "CC0-1.0"
checker = "checker.py:check"
generator = "generator.py:generate"
max_output_tokens = 16
{extra}
[rule]
margin = "0.10"
alpha = "0.05"
bar = "0.80"
horizon = 40
method = "sequential"

[prompt]
system = "Answer with the number alone."
user = "{user}"

[splits.public]
seed = "public-1"
per_level = {per_level}
"""

GENERATOR = '''\
"""Sums by construction."""

import hashlib

from harness.values import Sample


def generate(seed: str, level: int, index: int) -> Sample:
    number = int(hashlib.sha256(f"{seed} {level} {index}".encode()).hexdigest()[:8], 16)
    a, b = 100 * index + number % 90, number % 9973
    return Sample(
        id=f"sums.l{level}.{index:04d}",
        input=f"{a} + {b} = ?",
        target=str(a + b),
        metadata={"level": level, "template": f"l{level}-{index}"},
    )
'''

CHECKER = '''\
"""A sum is right or wrong."""

from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    if not answer.strip().isdigit():
        return Score(value=0.0, why="unparsable")
    if answer.strip() != sample.target:
        return Score(value=0.0, why="wrong_sum", details=answer.strip()[:80])
    return Score(value=1.0)
'''

CARD = """---
license: cc0-1.0
configs:
- config_name: sums
  data_files:
  - split: public
    path: data/sums.public.jsonl
---
Sums.
"""


def write_suite(
    root: Path, *, user: str = "${input}", extra: str = "", per_level: Sequence[int] = (20, 10, 10)
) -> Path:
    """A whole suite folder, sound unless told otherwise."""
    from harness import suites
    from harness.records import write_lines

    folder = root / "suites" / "sums"
    folder.mkdir(parents=True)
    text = SUITE.replace("{user}", user).replace("{extra}", extra).replace("{per_level}", str(list(per_level)))
    (folder / "suite.toml").write_text(text)
    (folder / "generator.py").write_text(GENERATOR)
    (folder / "checker.py").write_text(CHECKER)
    (folder / "README.md").write_text(CARD)
    for path, samples in suites.frozen(folder):
        write_lines(path, samples, order=lambda sample: sample.id)
        first = samples[0]
    controls = [
        {"id": "right", "sample": first.id, "answer": first.target, "expect": "pass", "why": "the sum"},
        {"id": "off", "sample": first.id, "answer": str(int(first.target) + 1), "expect": "fail", "why": "wrong_sum"},
        {"id": "words", "sample": first.id, "answer": "a number", "expect": "fail", "why": "unparsable"},
    ]
    (folder / "controls.jsonl").write_text("".join(f"{canonical(each)}\n" for each in controls))
    return folder


def price(amount: str) -> Price:
    return Price(input=Decimal(amount), output=Decimal(amount), unit="credits", on="2026-11-22", source="made up")


def tier(name: str, amount: str = "1", **more: Any) -> Tier:
    given: dict[str, Any] = {"provider": "fake", "model": name, "price": price(amount), "max_connections": 3, **more}
    return Tier(name=name, **given)


def ladder(*tiers: Tier) -> Ladder:
    chosen = tiers or (tier("cheap", "1"), tier("dear", "10"))
    return Ladder(name="toy", title="Toy tiers", unit="credits", tiers=chosen)


def request(**more: Any) -> Request:
    given: dict[str, Any] = {
        "provider": "fake",
        "model": "toy-1",
        "endpoint": "",
        "system": "",
        "prompt": "1 + 2 = ?",
        "max_output_tokens": 16,
        "temperature": None,
        "seed": None,
        "effort": None,
        "schema": None,
        "weights": None,
        "engine": None,
        "epoch": 0,
        **more,
    }
    return Request(**given)


def response(text: str, **more: Any) -> Response:
    given: dict[str, Any] = {
        "text": text,
        "finish": "ok",
        "usage": Usage(input=10, output=5),
        "model": "toy-1",
        "latency_ms": 100,
        "on": "2026-11-22",
        "raw": {},
        **more,
    }
    return Response(**given)


def right(request: Request) -> str:
    """The true answer to a request of the sums suite."""
    a, _, b, *_ = request.prompt.split()
    return str(int(a) + int(b))


class FakeProvider:
    """A provider whose replies come from a function, after `seconds`, and which counts what it was asked."""

    def __init__(self, reply: Callable[[Request], str] = right, seconds: float = 0.0) -> None:
        self.reply = reply
        self.seconds = seconds
        self.asked: list[Request] = []

    @asynccontextmanager
    async def connect(self, tier: Tier) -> AsyncIterator[Connection]:
        async def complete(request: Request) -> Response:
            self.asked.append(request)
            if self.seconds:
                await asyncio.sleep(self.seconds)
            return response(self.reply(request), model=tier.model)

        yield Connection(complete=complete)


class _NoWaiting(selectors.DefaultSelector):
    """Where an event loop would wait for its next timer, its clock jumps there."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(None if timeout is None else 0)
        if timeout and not ready:
            self.now += timeout
        return ready


class _Simulated(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _NoWaiting()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(  # type: ignore[override]  # theirs is generic in the arguments
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """At once: time must not pass meanwhile."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - a thread would hand on whatever it is
            future.set_exception(error)
        return future


def simulate(work: Coroutine[Any, Any, Result]) -> Result:
    """Like `asyncio.run`, in simulated time: hours of waiting pass at once, and always in the same order."""
    with asyncio.Runner(loop_factory=_Simulated) as runner:
        return runner.run(work)


def json_lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]
