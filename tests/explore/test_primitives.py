"""The stand-ins behave like what they stand for, except that time and threads are the scheduler's."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from harness.explore import Program, Scheduler, Search

HEAD = "import queue, threading, time\nfrom contextlib import suppress\nlog = []\n"


def ends(source: str, *, bound: int = 0) -> set[tuple[str, str]]:
    """How all schedules end: each function called t1, t2... is a thread; `log` is what they wrote."""

    def body(module: ModuleType, world: Scheduler) -> Any:
        for name in sorted(vars(module)):
            if name[0] == "t" and name[1:].isdigit():
                world.spawn(getattr(module, name))
        world.wait(lambda: all(task.done for task in world.tasks[1:]))
        return str(module.log)

    search = Search(Program(HEAD + source), body, bound=bound)
    found = {(str(run.kind), str(run.value or "")) for run in search}
    assert search.exhausted
    return found


def alone(lines: str) -> str:
    """What one thread that runs the lines writes into `log`."""
    [(kind, log)] = ends("def t1():\n" + "".join(f"    {line}\n" for line in lines.strip().splitlines()))
    assert kind == "done"
    return log


@pytest.mark.parametrize(
    ("lines", "log"),
    [
        (
            "x = threading.Lock()\nlog += [x.acquire(), x.locked(), x.acquire(False)]\nx.release()\nlog += [x.locked()]",
            "[True, True, False, False]",
        ),
        ("x = threading.RLock()\nwith x:\n    with x:\n        log += [1]", "[1]"),
        (
            "x = threading.Semaphore(1)\nlog += [x.acquire(), x.acquire(blocking=False)]\nx.release(2)\nlog += [x.acquire(), x.acquire()]",
            "[True, False, True, True]",
        ),
        (
            "x = threading.Event()\nlog += [x.is_set(), x.wait(3), time.monotonic()]\nx.set()\nlog += [x.wait()]",
            "[False, False, 3.0, True]",
        ),
        (
            "x = threading.Condition()\nwith x:\n    log += [x.wait(2), x.wait_for(lambda: False, 3), time.time()]",
            "[False, False, 5.0]",
        ),
        ("x = queue.Queue(1)\nx.put(1)\nlog += [x.full(), x.qsize(), x.get(), x.empty()]", "[True, 1, 1, True]"),
        ("x = queue.LifoQueue()\nx.put(1)\nx.put(2)\nlog += [x.get(), x.get()]", "[2, 1]"),
        ("x = queue.PriorityQueue()\nx.put(2)\nx.put(1)\nlog += [x.get(), x.get()]", "[1, 2]"),
        ("x = queue.SimpleQueue()\nx.put(7)\nlog += [x.get(timeout=1)]", "[7]"),
        (
            "x = threading.local()\nx.a = 1\nlog += [x.a, hasattr(x, 'b')]\ndel x.a\nlog += [hasattr(x, 'a')]",
            "[1, False, False]",
        ),
        ("time.sleep(2)\nlog += [time.time_ns(), time.perf_counter()]", "[2000000000, 2.0]"),
        (
            "x = threading.Thread(target=log.append, args=(1,))\nx.start()\nx.join()\nlog += [x.is_alive(), x.daemon]",
            "[1, False, False]",
        ),
        (
            "log += [threading.current_thread().is_alive(), threading.get_ident() == threading.current_thread().ident]",
            "[True, True]",
        ),
        ("x = threading.Barrier(1, action=lambda: log.append('all'))\nlog += [x.wait()]", "['all', 0]"),
    ],
)
def test_alone(lines: str, log: str) -> None:
    assert alone("global log\n" + lines) == log


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("threading.Lock().release()", "RuntimeError"),
        ("threading.RLock().release()", "RuntimeError"),
        ("threading.Condition().wait()", "RuntimeError"),
        ("threading.Condition().notify()", "RuntimeError"),
        ("threading.BoundedSemaphore(1).release()", "ValueError"),
        ("threading.Semaphore(-1)", "ValueError"),
        ("threading.Semaphore().release(0)", "ValueError"),
        ("threading.Thread().join()", "RuntimeError"),
        ("[thread.start() for thread in [threading.Thread()] * 2]", "RuntimeError"),
        ("queue.Queue().get_nowait()", "queue.Empty"),
        ("queue.Queue().get(timeout=1)", "queue.Empty"),
        ("[queue.Queue(1).put(i) for i in range(1)] and queue.Queue().task_done()", "ValueError"),
        ("(lambda q: (q.put(1), q.put_nowait(2)))(queue.Queue(1))", "queue.Full"),
        ("threading.Barrier(2).wait(1)", "threading.BrokenBarrierError"),
    ],
)
def test_misuse_raises_what_python_raises(call: str, error: str) -> None:
    assert alone(f"try:\n    {call}\nexcept {error}:\n    log.append('raised')") == "['raised']"


def test_a_lock_is_not_reentrant_and_its_holder_is_stuck() -> None:
    assert {
        kind for kind, _ in ends("x = threading.Lock()\ndef t1():\n    with x:\n        with x:\n            pass\n")
    } == {"deadlock"}


def test_a_condition_lets_go_of_a_lock_held_twice_and_takes_it_back() -> None:
    source = """
x = threading.Condition()
def t1():
    with x:
        with x:
            x.wait()
        log.append("still mine")
        x.notify()
def t2():
    with x:
        x.notify()
"""

    assert ("done", "['still mine']") in ends(source)
    assert ("deadlock", "") in ends(source), "the second may come first"


def test_notify_wakes_in_the_order_of_waiting() -> None:
    source = """
x = threading.Condition()
waiting = []
def wait(name):
    with x:
        waiting.append(name)
        x.wait()
        log.append(name)
def t1(): wait(1)
def t2(): wait(2)
def t3():
    with x:
        if len(waiting) == 2:
            x.notify()
            log.append(waiting[0])
"""
    logs = [eval(log) for kind, log in ends(source) if kind == "done"]

    assert logs == [] or all(log[0] == log[1] for log in logs)
    assert ("deadlock", "") in ends(source)


def test_an_event_that_is_set_and_cleared_wakes_those_who_wait_already() -> None:
    source = """
x = threading.Event()
def t1():
    x.wait()
    log.append(1)
def t2():
    x.set()
    x.clear()
"""

    assert ends(source) == {("done", "[1]"), ("deadlock", "")}


def test_a_barrier_lets_all_through_together() -> None:
    source = """
x = threading.Barrier(2)
def go():
    log.append("in")
    x.wait()
    log.append("out")
def t1(): go()
def t2(): go()
"""

    assert ends(source, bound=1) == {("done", "['in', 'in', 'out', 'out']")}


def test_thread_locals_are_not_shared() -> None:
    source = """
x = threading.local()
def t1():
    x.value = 1
    log.append(hasattr(x, "value"))
def t2():
    log.append(hasattr(x, "value"))
"""

    assert all(sorted(eval(log)) == [False, True] for _, log in ends(source, bound=1))


def test_a_full_queue_waits_and_a_join_waits_for_the_work() -> None:
    source = """
x = queue.Queue(1)
def t1():
    x.put(1)
    x.put(2)
    x.join()
    log.append("all done")
def t2():
    for _ in range(2):
        log.append(x.get())
        x.task_done()
"""

    assert ends(source, bound=1) == {("done", "[1, 2, 'all done']")}


def test_an_aborted_barrier_breaks_for_everybody() -> None:
    source = """
x = threading.Barrier(3)
def go():
    with suppress(threading.BrokenBarrierError):
        x.wait()
    log.append(1)
def t1(): go()
def t2(): go()
def t3(): x.abort()
"""

    assert ends(source) == {("done", "[1, 1]")}
