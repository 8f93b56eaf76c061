"""Answers are judged over all cores, by any executor, and what was judged before a kill stays judged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from worlds import write_suite

from harness import sandbox, suites
from harness.grade import Grading, judging
from harness.grade.judging import Waiting
from harness.judgements import Judgement, Judgements
from harness.values import Suite

RUNS_CODE = '''\
"""The answer is an expression; what it gives is computed elsewhere."""

from harness.sandbox import CandidateDied, Limits, session
from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    try:
        with session("while True: send(eval(receive()))", Limits(cpu_seconds=5)) as talk:
            found = talk.call(answer)
    except CandidateDied as fault:
        return Score(value=0.0, why="crashed", details=str(fault))
    return Score(value=1.0) if found == int(sample.target) else Score(value=0.0, why="wrong_sum", details=str(found))
'''

KILLS_ITS_PROCESS = '''\
"""A checker that takes its process down with it."""

import os
import signal

from harness.sandbox import session
from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    if answer == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return Score(value=1.0)
'''

SAYS_WHERE = '''\
"""Says on which cores it may run."""

import os

from harness.sandbox import session
from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    return Score(value=0.0, why="here", details=repr(os.sched_getaffinity(0)))
'''

LOGS = '''\
"""Says on a pipe what it judges."""

import os

from harness.values import Sample, Score


def check(sample: Sample, answer: str) -> Score:
    os.write(int(os.environ["SAY"]), f"{answer}\\n".encode())
    return Score(value=1.0)
'''

GRADER = """\
import sys
from pathlib import Path
from harness import suites
from harness.grade import Grading, judging
from harness.judgements import Judgements

suite = suites.load(Path(sys.argv[1]))
waiting = {f"{n:04d}": judging.Waiting(suite=suite, sample=suite.samples[0], text=f"{n:04d}") for n in range(1000)}
with Judgements(Path(sys.argv[2])) as kept:
    print(len(judging.judge(waiting, Grading(kept=kept))))
"""


def suite_with(folder: Path, checker: str) -> Suite:
    place = write_suite(folder, per_level=(20,))
    (place / "checker.py").write_text(checker)
    return suites.load(place)


def answers(suite: Suite, right: int, wrong: int) -> dict[str, Waiting]:
    """Expressions of sums, the first ones right."""
    samples = (suite.samples * 9)[: right + wrong]
    return {
        f"{number}": Waiting(suite=suite, sample=sample, text=f"{sample.target} + {number // right}")
        for number, sample in enumerate(samples)
    }


def verdicts(judgements: dict[str, Judgement]) -> list[str]:
    return [judgements[name].verdict for name in sorted(judgements, key=int)]


@pytest.mark.parametrize("count", [judging.FEW - 1, judging.FEW + 5])
def test_answers_whose_code_runs_are_judged_in_isolation_which_is_named(tmp_path: Path, count: int) -> None:
    suite = suite_with(tmp_path, RUNS_CODE)

    found = judging.judge(answers(suite, right=count - 4, wrong=4), Grading())

    assert suite.runs_code
    assert verdicts(found) == ["pass"] * (count - 4) + ["fail"] * 4
    assert {each.isolation for each in found.values()} == {sandbox.isolation().name}


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not keep processes on cores")
def test_each_process_stays_on_a_core_of_ours_with_its_jails(tmp_path: Path) -> None:
    suite = suite_with(tmp_path, SAYS_WHERE)

    found = judging.judge(answers(suite, right=judging.FEW, wrong=0), Grading())

    assert {each.details for each in found.values()} <= {repr({core}) for core in os.sched_getaffinity(0)}


def test_no_isolation_is_named_where_no_code_ran(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))

    found = judging.judge({"a": Waiting(suite=suite, sample=suite.samples[0], text="7")}, Grading())

    assert found == {"a": Judgement(verdict="fail", score=0.0, why="wrong_sum", details="7")}


class Counting(Executor):
    """Another executor, as other machines have them: it gets only what can be pickled."""

    def __init__(self, inner: Executor) -> None:
        self.inner = inner
        self.tasks = 0

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.tasks += 1
        return self.inner.submit(task, *args, **kwargs)


@pytest.fixture
def elsewhere() -> Iterator[Counting]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as inner:
        yield Counting(inner)


def test_any_executor_does(tmp_path: Path, elsewhere: Counting) -> None:
    code = suite_with(tmp_path / "code", RUNS_CODE)
    text = suites.load(write_suite(tmp_path / "text"))
    waiting = answers(code, right=2, wrong=1)
    waiting |= {
        f"{10 + n}": Waiting(suite=text, sample=sample, text=sample.target) for n, sample in enumerate(text.samples)
    }

    found = judging.judge(waiting, Grading(pool=elsewhere))

    assert verdicts(found) == ["pass", "pass", "fail", *["pass"] * len(text.samples)]
    assert elsewhere.tasks == 3 + len(text.samples) // judging.TOGETHER


def test_a_process_that_dies_while_judging_is_not_a_wrong_answer(tmp_path: Path) -> None:
    suite = suite_with(tmp_path, KILLS_ITS_PROCESS)
    waiting = {
        f"{n}": Waiting(suite=suite, sample=suite.samples[0], text="kill" if n == 9 else "fine")
        for n in range(judging.FEW)
    }

    found = judging.judge(waiting, Grading())

    assert found["9"].verdict == "error"
    assert {each.verdict for each in found.values()} <= {"error", "pass"}
    assert all("grade it again" in each.why for each in found.values() if each.verdict == "error")


def test_what_is_kept_is_not_judged_again(tmp_path: Path) -> None:
    suite = suites.load(write_suite(tmp_path))
    waiting = {"a": Waiting(suite=suite, sample=suite.samples[0], text=suite.samples[0].target)}
    told: list[tuple[int, int]] = []

    with Judgements(tmp_path / "kept") as kept:
        once = judging.judge(waiting, Grading(kept=kept))
        again = judging.judge(waiting, Grading(kept=kept, report=lambda done, total: told.append((done, total))))

    assert again == once
    assert told == []


def test_a_judgement_without_isolation_holds_only_while_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERFLOOR_SANDBOX", raising=False)
    assert judging.holds("namespaces+landlock+seccomp+limits")
    assert judging.holds("")
    assert not judging.holds("unsafe: limits")

    monkeypatch.setenv("TIERFLOOR_SANDBOX", "unsafe")
    assert judging.holds("unsafe: limits")


@pytest.mark.slow
def test_judging_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    place = write_suite(tmp_path)
    (place / "checker.py").write_text(LOGS)
    judged: list[str] = []

    for kill_after in (300, 500, None):
        with subprocess.Popen(
            [sys.executable, "-c", GRADER, str(place), str(tmp_path / "kept")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"SAY": "2"},
            text=True,
        ) as grader:
            assert grader.stderr is not None
            assert grader.stdout is not None
            for line in grader.stderr:
                judged.append(line.strip())
                if kill_after and len(judged) >= kill_after:
                    grader.send_signal(signal.SIGKILL)
                    break
            judged += [line.strip() for line in grader.stderr]
            total = grader.stdout.read()

    assert total.strip() == "1000"
    assert set(judged) == {f"{n:04d}" for n in range(1000)}
    assert len(judged) - 1000 <= 2 * judging.TOGETHER * judging.ahead()
