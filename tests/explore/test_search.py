"""Exhaustive exploration: known bugs are found, right repairs are gone through to the end, and everything repeats."""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from harness.explore import Diverged, Program, Run, Scheduler, Search

COUNTER = """
import threading
class Box:
    def __init__(self):
        self.lock = threading.Lock()
        self.value = 0
        self.seen = []
    def go(self, n):
{body}
    def end(self):
        return self.value, tuple(sorted(self.seen))
"""
LOST = COUNTER.format(body="        old = self.value\n        self.value = old + n")
LOST_IN_PLACE = COUNTER.format(body="        self.value += n")
LOCKED = COUNTER.format(body="        with self.lock:\n            self.value += n")
CHECK_THEN_ACT = COUNTER.format(body="        if not self.seen:\n            self.seen.append(n)")
DOUBLE_INIT = COUNTER.format(
    body="        if self.value == 0:\n            with self.lock:\n                self.value = n\n        self.seen.append(self.value)"
)
TWO_LOCKS = """
import threading
class Box:
    def __init__(self):
        self.one, self.two = threading.Lock(), threading.Lock()
    def go(self, n):
        first, second = (self.one, self.two) if n == 1 else (self.two, self.one)
        with first:
            with second:
                pass
    def end(self):
        return "both"
"""
LOST_WAKE_UP = """
import threading
class Box:
    def __init__(self):
        self.cond = threading.Condition()
        self.ready = False
    def go(self, n):
        if n == 1:
            self.ready = True
            with self.cond:
                self.cond.notify()
        elif not self.ready:
            with self.cond:
                self.cond.wait()
    def end(self):
        return "woken"
"""
WAKE_UP = LOST_WAKE_UP.replace(
    "        elif not self.ready:\n            with self.cond:\n                self.cond.wait()",
    "        else:\n            with self.cond:\n                self.cond.wait_for(lambda: self.ready)",
)


def two_calls(module: ModuleType, world: Scheduler) -> Any:
    box = module.Box()
    for n in (1, 2):
        world.spawn(partial(box.go, n))
    world.wait(lambda: all(task.done for task in world.tasks[1:]))
    return box.end()


def explored(source: str, **options: Any) -> tuple[Search, list[Run]]:
    search = Search(Program(source), two_calls, **options)
    return search, list(search)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        (LOST, ("done", (1, ()))),
        (LOST_IN_PLACE, ("done", (2, ()))),
        (CHECK_THEN_ACT, ("done", (0, (1, 2)))),
        (DOUBLE_INIT, ("done", (2, (1, 2)))),
        (TWO_LOCKS, ("deadlock", None)),
        (LOST_WAKE_UP, ("deadlock", None)),
    ],
    ids=["lost update", "lost +=", "check then act", "double init", "lock order", "lost wake-up"],
)
def test_one_switch_finds_the_classic_bugs(source: str, wrong: tuple[str, Any]) -> None:
    _, runs = explored(source, bound=1)

    assert wrong in {(run.kind, run.value) if run.kind == "done" else (run.kind, None) for run in runs}


@pytest.mark.parametrize("bound", [0, 1, 2])
@pytest.mark.parametrize(("source", "end"), [(LOCKED, (3, ())), (WAKE_UP, "woken")], ids=["lock", "condition"])
def test_a_right_program_is_gone_through_to_the_end(source: str, end: object, bound: int) -> None:
    search, runs = explored(source, bound=bound)

    assert search.exhausted
    assert {(run.kind, run.value) for run in runs} == {("done", end)}


def test_without_switches_nobody_is_interrupted() -> None:
    search, runs = explored(LOST, bound=0)

    assert (search.schedules, search.exhausted) == (2, True)
    assert {run.value for run in runs} == {(3, ())}


def test_a_found_schedule_can_be_repeated() -> None:
    search, runs = explored(TWO_LOCKS)
    found = next(run for run in runs if run.kind == "deadlock")

    assert [search.replay(found.trail) for _ in range(3)] == [found] * 3
    assert found.stuck == (1, 2)


@pytest.mark.parametrize("source", [LOST, LOCKED, LOST_WAKE_UP, TWO_LOCKS])
def test_two_searches_are_equal_schedule_by_schedule(source: str) -> None:
    assert explored(source, bound=2)[1] == explored(source, bound=2)[1]


def test_more_switches_only_add_schedules() -> None:
    trails = [{run.trail for run in explored(LOCKED, bound=bound)[1]} for bound in (0, 1, 2)]
    ends = [{run.value for run in explored(LOST, bound=bound)[1]} for bound in (0, 1, 2)]

    assert len(trails[0]) < len(trails[1]) < len(trails[2])
    assert ends[0] < ends[1] <= ends[2]


def test_a_search_that_is_cut_off_says_so() -> None:
    search, runs = explored(LOCKED, cap=5)

    assert (len(runs), search.exhausted) == (5, False)


def test_an_endless_loop_is_a_livelock() -> None:
    search, runs = explored(COUNTER.format(body="        while n == 2:\n            pass"), limit=500)

    assert {run.kind for run in runs} == {"livelock"}
    assert search.exhausted


def test_waiting_for_another_thread_by_sleeping_ends() -> None:
    source = COUNTER.format(
        body="        import time\n        while n == 2 and not self.value:\n            time.sleep(0.1)\n        self.value = n"
    )

    search, runs = explored(source)

    assert search.exhausted
    assert {run.kind for run in runs} == {"done"}


def test_sleeping_orders_nothing() -> None:
    source = COUNTER.format(
        body="        import time\n        time.sleep(n)\n        old = self.value\n        self.value = old + n"
    )

    assert {run.value[0] for run in explored(source, bound=2)[1]} == {1, 2, 3}


def test_a_timeout_passes_when_everybody_waits() -> None:
    source = COUNTER.format(
        body="        if n == 1:\n            self.lock.acquire()\n"
        "        else:\n            self.seen.append(self.lock.acquire(timeout=5))"
    )

    _, runs = explored(source)

    # Who comes second waits: for five seconds, or for ever.
    assert {(run.kind, run.value) for run in runs} == {("done", (0, (False,))), ("deadlock", None)}


def test_threads_of_the_program_itself_are_scheduled() -> None:
    source = """
import threading
class Box:
    def __init__(self):
        self.value = 0
    def add(self):
        old = self.value
        self.value = old + 1
    def go(self, n):
        if n == 1:
            threads = [threading.Thread(target=self.add) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    def end(self):
        return self.value
"""

    search, runs = explored(source)

    assert search.exhausted
    assert {run.value for run in runs} == {1, 2}


def test_daemons_that_wait_for_work_are_no_deadlock() -> None:
    source = """
import queue, threading
class Box:
    def __init__(self):
        self.jobs, self.done = queue.Queue(), []
        threading.Thread(target=self.work, daemon=True).start()
    def work(self):
        while True:
            self.done.append(self.jobs.get())
            self.jobs.task_done()
    def go(self, n):
        self.jobs.put(n)
        self.jobs.join()
    def end(self):
        return sorted(self.done)
"""

    def body(module: ModuleType, world: Scheduler) -> Any:
        box = module.Box()
        callers = [world.spawn(partial(box.go, n)) for n in (1, 2)]
        world.wait(lambda: all(task.done for task in callers))
        return box.end()

    search = Search(Program(source), body)

    assert {(run.kind, str(run.value)) for run in search} == {("done", "[1, 2]")}
    assert search.exhausted


def test_what_a_thread_raises_ends_that_thread_only() -> None:
    _, runs = explored(COUNTER.format(body="        self.value += n\n        raise ValueError(n)"), bound=0)

    assert {run.value for run in runs} == {(3, ())}


def test_a_bare_except_does_not_keep_a_stuck_thread_alive() -> None:
    source = COUNTER.format(
        body="        try:\n            self.lock.acquire()\n            self.lock.acquire()\n        except:\n            self.seen.append(n)"
    )

    assert {run.kind for run in explored(source)[1]} == {"deadlock"}


def test_what_the_body_raises_reaches_the_caller_and_leaves_no_thread_behind() -> None:
    def body(module: ModuleType, world: Scheduler) -> None:
        box = module.Box()
        world.spawn(lambda: box.go(1))
        raise LookupError("from the body")

    with pytest.raises(LookupError, match="from the body"):
        list(Search(Program(LOCKED), body))


def test_a_program_that_changes_from_run_to_run_is_noticed() -> None:
    turns = iter(range(1000))

    def body(module: ModuleType, world: Scheduler) -> None:
        for _ in range(2 + next(turns) % 2):
            world.spawn(lambda: None)
        world.wait(lambda: all(task.done for task in world.tasks[1:]))

    with pytest.raises(Diverged):
        list(Search(Program("x = 1"), body))


def test_tracing_of_others_is_left_as_it_was() -> None:
    def mine(*_: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(mine)
    try:
        explored(LOCKED, bound=0)
        after = sys.gettrace()
    finally:
        sys.settrace(before)

    assert after is mine
