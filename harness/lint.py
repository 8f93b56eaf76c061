"""The gates of a suite: is its data what it says, and does its checker judge as its controls declare?"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from . import prompts, stats
from .errors import BadInput
from .records import line
from .suites import generate, load
from .values import Control, Sample, Score, Suite

__all__ = ["Finding", "lint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one gate says of one suite. A `warn` does not fail the lint."""

    suite: str
    gate: str
    result: str
    detail: str


def lint(suite: Suite, pool: Executor) -> list[Finding]:
    """Run every gate; needs the public split. No model is asked."""
    gates = (
        ("data", _data(suite)),
        ("prompts", _prompts(suite)),
        ("evidence", _evidence(suite)),
        ("controls", _controls(suite, pool)),
        ("degenerate", _degenerate(suite, pool)),
    )
    found = []
    for gate, problems in gates:
        seen = list(problems)
        found += [Finding(suite=suite.id, gate=gate, result=result, detail=detail) for result, detail in seen]
        if not any(result == "fail" for result, _ in seen):
            found.append(Finding(suite=suite.id, gate=gate, result="ok", detail=_summary(gate, suite)))
    return found


def _summary(gate: str, suite: Suite) -> str:
    passes = sum(control.expect == "pass" for control in suite.controls)
    return {
        "data": f"{len(suite.samples)} samples, hash {suite.hash[:12]}",
        "prompts": "every sample fills the prompt and shows no target",
        "evidence": f"{len(_units(suite.samples))} units, {stats.least_units(suite.rule)} are the least for a verdict",
        "controls": f"{passes} right and {len(suite.controls) - passes} wrong answers judged as declared",
        "degenerate": "empty, echoed and oversized answers fail",
    }[gate]


def _data(suite: Suite) -> Iterator[tuple[str, str]]:
    """Frozen files equal what the generator makes, here and in another process with another hash seed."""
    for name, split in suite.splits.items():
        if split.seed is None or suite.generate is None:
            continue
        frozen = [line(sample) for sample in load(suite.folder, split=name).samples]
        if frozen != [line(sample) for sample in generate(suite.splits, suite.generate, split=name)]:
            yield (
                "fail",
                f"data/{suite.id}.{name}.jsonl is not what the generator makes; run: tierfloor generate {suite.id}",
            )
    if suite.generate is not None and _elsewhere(suite) != _first_samples(suite):
        yield "fail", "the generator makes other samples in another process; use no hash(), clock or global state"
    twins = [text for text, count in Counter(sample.input for sample in suite.samples).items() if count > 1]
    if twins:
        yield "fail", f"{len(twins)} inputs stand more than once, the first: {twins[0][:60]!r}"
    card = suite.folder / "README.md"
    if not card.is_file() or "license:" not in card.read_text(encoding="utf-8").removeprefix("---").split("---")[0]:
        yield "fail", "README.md, the dataset card, names no license in its front matter"


def _prompts(suite: Suite) -> Iterator[tuple[str, str]]:
    for sample in suite.samples:
        prompt = prompts.fill(suite.user, sample)
        if len(sample.target) > 12 and sample.target in prompt:
            yield "fail", f"{sample.id}: the prompt shows the target"
            return


def _evidence(suite: Suite) -> Iterator[tuple[str, str]]:
    """Enough units to prove a tier, as many as the horizon plans, and every level."""
    units, rule = len(_units(suite.samples)), suite.rule
    least = stats.least_units(rule)
    at = f"at margin {rule.margin}, alpha {rule.alpha}, bar {rule.bar}"
    by_level: dict[int, list[Sample]] = {}
    for sample in suite.samples:
        by_level.setdefault(sample.level, []).append(sample)
    if units < least:
        yield "fail", f"no tier can be proved: {units} units, at least {least} needed {at}; add templates"
    else:
        flawless = stats.flawless_at(rule) if rule.method == "sequential" else least
        if flawless is None or units < flawless:
            needed = f"tier and reference that pass everything need {flawless or 'more than 5000'} {at}"
            yield "warn", f"{units} units prove a tier only if it wins some: {needed}; add templates"
        few = [level for level, samples in sorted(by_level.items()) if len(_units(samples)) < least]
        if few:
            yield "warn", f"levels {', '.join(map(str, few))}: fewer than {least} units each, so no floor of their own"
    if rule.horizon < least:
        yield "fail", f"rule.horizon {rule.horizon} is below the least number of units, {least}"
    elif rule.horizon > units:
        # The fixed test is read once, after its horizon, so never here; a betting one only bets too little.
        result, so = ("fail", "is never reached") if rule.method == "fixed" else ("warn", "keeps bets too small")
        yield result, f"rule.horizon {rule.horizon} {so}: there are {units} units; take {units}, or add templates"
    if by_level.keys() != {1, 2, 3, 4, 5}:
        yield "warn", f"only levels {sorted(by_level)}"


def _controls(suite: Suite, pool: Executor) -> Iterator[tuple[str, str]]:
    by_id = {sample.id: sample for sample in suite.samples}

    def judged(control: Control) -> tuple[Control, Score | str]:
        return control, _judge(suite, by_id[control.sample], control.answer)

    for control, score in pool.map(judged, suite.controls):
        if isinstance(score, str):
            yield "fail", f"{control.id}: {score}"
            continue
        passes = score.value >= 1
        if passes is not (control.expect == "pass"):
            does = "passes" if passes else f"fails ({score.why} {score.details})"
            yield "fail", f"{control.id}: must {control.expect}, but it {does}"
        elif not passes and score.why != control.why:
            yield (
                "fail",
                f"{control.id}: must fail with {control.why!r}, but fails with {score.why!r} ({score.details})",
            )


def _degenerate(suite: Suite, pool: Executor) -> Iterator[tuple[str, str]]:
    sample = suite.samples[0]
    echo = prompts.fill(suite.user, sample)
    answers = (
        "",
        "{}",
        "[]",
        "null",
        "I cannot help with that.",
        echo,
        "x" * 1_000_000,
        "[" * 100_000,
        "```python\n```",
    )
    for answer, score in zip(answers, pool.map(lambda text: _judge(suite, sample, text), answers), strict=True):
        if isinstance(score, str):
            yield "fail", f"{sample.id}: the answer {answer[:40]!r}: {score}"
        elif score.value >= 1:
            yield "fail", f"{sample.id}: the answer {answer[:40]!r} passes"


def _judge(suite: Suite, sample: Sample, answer: str) -> Score | str:
    """The checker's score, or what broke."""
    try:
        return suite.check(sample, answer)
    except Exception as error:  # noqa: BLE001 - a checker that raises is a finding
        return f"checker broke: {type(error).__name__}: {error}"


def _units(samples: Iterable[Sample]) -> set[str]:
    return {sample.template for sample in samples}


def _first_samples(suite: Suite) -> str:
    if suite.generate is None:
        return ""
    made: list[Sample] = [suite.generate("lint", level, index) for level in range(1, 6) for index in range(2)]
    return "".join(f"{line(sample)}\n" for sample in made)


def _elsewhere(suite: Suite) -> str:
    program = (
        "import sys; from pathlib import Path; from harness.lint import _first_samples; from harness.suites import load;"
        "sys.stdout.buffer.write(_first_samples(load(Path(sys.argv[1]))).encode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(suite.folder)],
        capture_output=True,
        check=False,
        env={"PYTHONHASHSEED": "4242", "PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    if done.returncode:
        raise BadInput(str(suite.folder / "generator.py"), done.stderr.decode().strip().splitlines()[-1])
    return done.stdout.decode()
