"""The gates of a suite: is its data what it says, and does its checker judge as its controls declare?"""

from __future__ import annotations

import fnmatch
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from . import prompts, sandbox, stats
from .checkers.answers import read_code
from .errors import BadInput
from .grade.judging import Grading, Waiting, judge
from .judgements import Judgement
from .mutants import Mutant, mutants
from .records import line
from .suites import generate, load
from .values import Control, Equivalent, Sample, Suite, digest

__all__ = ["Finding", "lint"]

_Judged = Callable[[Sequence[tuple[Sample, str]]], list[Judgement]]

# What a sample is called when a checker that draws data by its name judges it: a verdict must not depend on the draw.
NAMES: Final = ("", "-again", "-once-more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one gate says of one suite. A `warn` does not fail the lint."""

    suite: str
    gate: str
    result: str
    detail: str


def lint(suite: Suite, *, most: int | None = 0, report: Callable[[int, int], None] | None = None) -> list[Finding]:
    """Run every gate; needs the public split. No model is asked.

    `most` bounds the mutants that are judged: none of them by default, None for all. `report` is told how far the judging
    of controls, and then of mutants, is (done, of all). Raises BadInput where code would have to run and this machine
    offers no isolation for it.
    """
    if suite.runs_code:
        sandbox.isolation()

    def judged(answers: Sequence[tuple[Sample, str]]) -> list[Judgement]:
        waiting = {
            str(number): Waiting(suite=suite, sample=sample, text=text) for number, (sample, text) in enumerate(answers)
        }
        found = judge(waiting, Grading(report=report))
        return [found[name] for name in waiting]

    gates = [
        ("data", _data(suite)),
        ("prompts", _prompts(suite)),
        ("evidence", _evidence(suite)),
        ("controls", _controls(suite, judged)),
        ("degenerate", _degenerate(suite, judged)),
    ]
    if most != 0 and suite.mutated:
        gates.append(("mutants", _mutants(suite, judged, most)))
    found = []
    for gate, problems in gates:
        seen = list(problems)
        found += [Finding(suite=suite.id, gate=gate, result=result, detail=detail) for result, detail in seen]
        if not any(result in {"ok", "fail"} for result, _ in seen):
            found.append(Finding(suite=suite.id, gate=gate, result="ok", detail=_summary(gate, suite)))
    return found


def _summary(gate: str, suite: Suite) -> str:
    passes = sum(control.expect == "pass" for control in suite.controls)
    draws = f", whichever of {len(NAMES)} times data are drawn" if suite.draws else ""
    return {
        "data": f"{len(suite.samples)} samples, hash {suite.hash[:12]}",
        "prompts": "every sample fills the prompt and shows no target",
        "evidence": f"{len(_units(suite.samples))} units, {stats.least_units(suite.rule)} are the least for a verdict",
        "controls": f"{passes} right and {len(suite.controls) - passes} wrong answers judged as declared{draws}",
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
    if suite.prove is not None and list(suite.prove(suite.samples)) != list(suite.controls):
        yield "fail", f"controls.jsonl is not what the suite's program makes; run: tierfloor generate {suite.id}"
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


def _controls(suite: Suite, judged: _Judged) -> Iterator[tuple[str, str]]:
    """Each control is judged as declared, whatever data a checker that draws them draws."""
    by_id = {sample.id: sample for sample in suite.samples}
    asked = [(control, name) for control in suite.controls for name in (NAMES if suite.draws else NAMES[:1])]
    samples = [replace(by_id[control.sample], id=f"{control.sample}{name}") for control, name in asked]
    answers = [(sample, control.answer) for sample, (control, _) in zip(samples, asked, strict=True)]
    found: dict[str, list[str]] = {}
    for (control, _), judgement in zip(asked, judged(answers), strict=True):
        found.setdefault(control.id, []).append(_problem(control, judgement))
    for id_, problems in found.items():
        wrong = [problem for problem in problems if problem]
        if wrong:
            flips = f" with {len(wrong)} of {len(problems)} draws" if len(wrong) < len(problems) else ""
            yield "fail", f"{id_}: {wrong[0]}{flips}"


def _problem(control: Control, found: Judgement) -> str:
    """How the judgement is not the declared one; empty if it is."""
    if found.verdict == "error":
        return found.why
    if found.verdict != control.expect:
        does = "passes" if found.verdict == "pass" else f"fails ({found.why} {found.details})"
        return f"must {control.expect}, but it {does}"
    if found.verdict == "fail" and found.why != control.why:
        return f"must fail with {control.why!r}, but fails with {found.why!r} ({found.details})"
    return ""


def _mutants(suite: Suite, judged: _Judged, most: int | None) -> Iterator[tuple[str, str]]:
    """Each small fault in a right answer is found, but for those that are known to be none."""
    by_id = {sample.id: sample for sample in suite.samples}
    right = [each for each in suite.controls if each.expect == "pass" and _named(each.id, suite.mutated)]
    made = [(control, mutant) for control in right for mutant in mutants(read_code(control.answer))]
    made.sort(key=lambda one: digest([suite.id, one[0].id, one[1].where, one[1].change]))
    part = made[:most]
    judgements = judged([(by_id[control.sample], mutant.source) for control, mutant in part])
    used, alive, equal = set[Equivalent](), 0, 0
    for (control, mutant), found in zip(part, judgements, strict=True):
        place = f"{control.id}: {mutant.where}: {mutant.change}"
        if found.verdict == "error":
            alive += 1
            yield "fail", f"{place}: {found.why}"
        elif found.verdict == "pass":
            known = {each for each in suite.equivalents if _is(each, control, mutant)}
            used |= known
            alive, equal = alive + (not known), equal + bool(known)
            if not known:
                yield "fail", f"{place}: passes; find it by a check, or say in equivalents.jsonl why it is right"
    for each in suite.equivalents if len(part) == len(made) else ():
        if each not in used:
            yield "fail", f"equivalents.jsonl: {each.of}: {each.where}: {each.change}: no such mutant passes; remove it"
    faults = len(part) - equal
    rate = (faults - alive) / faults if faults else 0.0
    share = f"{faults - alive} of {faults} small faults in {len(right)} right answers found ({rate:.1%})"
    yield "fail" if alive else "ok", f"{share}; {equal} changes are no faults; {len(made)} changes can be made"


def _named(id_: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(id_, pattern) for pattern in patterns)


def _is(known: Equivalent, control: Control, mutant: Mutant) -> bool:
    return (known.where, known.change) == (mutant.where, mutant.change) and _named(control.id, [known.of])


def _degenerate(suite: Suite, judged: _Judged) -> Iterator[tuple[str, str]]:
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
    for answer, found in zip(answers, judged([(sample, answer) for answer in answers]), strict=True):
        if found.verdict == "error":
            yield "fail", f"{sample.id}: the answer {answer[:40]!r}: {found.why}"
        elif found.verdict == "pass":
            yield "fail", f"{sample.id}: the answer {answer[:40]!r} passes"


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
