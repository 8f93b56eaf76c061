"""Level 2: what only one thread may get or make, and locks that are not shared."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _lazy_single(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [ref("make")]),)
    hooks = {"make": {"kind": "make"}}
    get = call("o", w["get"])
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((get, get),)),
        Scenario(name="two", objects=new, hooks=hooks, threads=((get,), (get,)), after=(get,)),
    )


def _claim_job(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [["x", "y"]]),)
    claim, owner = w["claim"], w["owner"]
    ask = call("o", owner, "x")
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=(
                (ask, call("o", claim, "x", "ann"), call("o", claim, "x", "bob"), call("o", claim, "z", "bob"), ask),
            ),
        ),
        Scenario(
            name="same",
            objects=new,
            threads=((call("o", claim, "x", "ann"),), (call("o", claim, "x", "bob"),)),
            after=(ask, call("o", claim, "y", "eve")),
        ),
    )


def _class_counter(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []), ("p", w["cls"], []))
    up, down, read = w["up"], w["down"], call("o", w["read"])
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((read, call("o", up), call("p", up), call("p", w["read"]), call("o", down), read),),
        ),
        Scenario(name="two", objects=new, threads=((call("o", up),), (call("p", up),)), after=(read,)),
        Scenario(
            name="leave", objects=new, threads=((call("o", up), call("o", down)), (call("p", up),)), after=(read,)
        ),
    )


def _deque_pop(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    put, take = w["put"], call("o", w["take"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=new, threads=((take, one, two, take, take, take),)),
        Scenario(name="two", objects=new, threads=((one, take), (take,)), after=(take,)),
    )


def _queue_empty_get(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    put, take = w["put"], call("o", w["take"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=new, threads=((take, one, two, take, take, take),)),
        Scenario(name="two", objects=new, threads=((one, take), (take,)), after=(take,)),
    )


FAMILIES = (
    Family(
        id="lazy_single",
        level=2,
        must="Threads call `$get`. All of them must get the same $noun, and `make` must be called only once.",
        bug="""
$imp

class $cls:
    def __init__(self, make):
        self.make = make
        self.$lock = $Lock
        self.$var = None

    def $get(self):
        if self.$var is None:
            with self.$lock:
                self.$var = self.make()
        return self.$var$extra
""",
        fix="""
$imp

class $cls:
    def __init__(self, make):
        self.make = make
        self.$lock = $Lock
        self.$var = None

    def $get(self):
        with self.$lock:
            if self.$var is None:
                self.$var = self.make()
            return self.$var$extra
""",
        themes=themes(
            "cls get var noun",
            "Database connection _connection connection",
            "Fonts font _font font",
            "ModelHolder model _model model",
            "Radio antenna _antenna antenna",
        ),
        scenarios=_lazy_single,
    ),
    Family(
        id="claim_job",
        level=2,
        must="Threads call `$claim`. Each $noun may be given to one worker only; a $noun that is gone gives False.",
        bug="""
class $cls:
    def __init__(self, $var):
        self.$var = set($var)
        self.taken = {}

    def $claim(self, $noun, worker):
        if $noun not in self.$var:
            return False
        self.$var.remove($noun)
        self.taken[$noun] = worker
        return True

    def $owner(self, $noun):
        return self.taken.get($noun)$extra
""",
        fix="""
import threading

class $cls:
    def __init__(self, $var):
        self.$lock = threading.Lock()
        self.$var = set($var)
        self.taken = {}

    def $claim(self, $noun, worker):
        with self.$lock:
            if $noun not in self.$var:
                return False
            self.$var.remove($noun)
            self.taken[$noun] = worker
            return True

    def $owner(self, $noun):
        with self.$lock:
            return self.taken.get($noun)$extra
""",
        themes=themes(
            "cls claim owner var noun",
            "Board claim worker_of jobs job",
            "TaxiStand accept driver_of rides ride",
            "Kitchen cook cook_of dishes dish",
            "Backlog pull assignee stories story",
        ),
        scenarios=_claim_job,
    ),
    Family(
        id="class_counter",
        level=2,
        must="Each thread has its own $cls. `$read` must return how many are $noun over all of them.",
        bug="""
$imp

class $cls:
    $var = 0

    def __init__(self):
        self.$lock = $Lock

    def $up(self):
        with self.$lock:
            $cls.$var += 1

    def $down(self):
        with self.$lock:
            $cls.$var -= 1

    def $read(self):
        return $cls.$var$extra
""",
        fix="""
$imp

class $cls:
    $var = 0
    $lock = $Lock

    def $up(self):
        with $cls.$lock:
            $cls.$var += 1

    def $down(self):
        with $cls.$lock:
            $cls.$var -= 1

    def $read(self):
        with $cls.$lock:
            return $cls.$var$extra
""",
        themes=themes(
            "cls up down read var noun",
            "Session open close sessions _open open",
            "Door unlock secure unlocked _unlocked unlocked",
            "Call dial hang_up calls _active active",
            "Timer begin stop timers _running running",
        ),
        scenarios=_class_counter,
    ),
    Family(
        id="deque_pop",
        level=2,
        must="Threads call `$put` and `$take`. `$take` returns the oldest $noun, or None when there is none; it must "
        "never fail.",
        bug="""
from collections import deque

class $cls:
    def __init__(self):
        self.$var = deque()

    def $put(self, $noun):
        self.$var.append($noun)

    def $take(self):
        if len(self.$var) == 0:
            return None
        return self.$var.popleft()$extra
""",
        fix="""
import threading
from collections import deque

class $cls:
    def __init__(self):
        self.$lock = threading.Lock()
        self.$var = deque()

    def $put(self, $noun):
        with self.$lock:
            self.$var.append($noun)

    def $take(self):
        with self.$lock:
            if len(self.$var) == 0:
                return None
            return self.$var.popleft()$extra
""",
        themes=themes(
            "cls put take var noun",
            "Outbox post next_mail _mails mail",
            "PrintQueue submit next_page _pages page",
            "Depot park next_bus _buses bus",
            "Inbox receive next_order _orders order",
        ),
        scenarios=_deque_pop,
    ),
    Family(
        id="queue_empty_get",
        level=2,
        must="Threads call `$put` and `$take`. `$take` must never wait: it returns the oldest $noun, or None when there "
        "is none.",
        bug="""
import queue

class $cls:
    def __init__(self):
        self.$var = queue.Queue()

    def $put(self, $noun):
        self.$var.put($noun)

    def $take(self):
        if self.$var.empty():
            return None
        return self.$var.get()$extra
""",
        fix="""
import queue

class $cls:
    def __init__(self):
        self.$var = queue.Queue()

    def $put(self, $noun):
        self.$var.put($noun)

    def $take(self):
        try:
            return self.$var.get_nowait()
        except queue.Empty:
            return None$extra
""",
        themes=themes(
            "cls put take var noun",
            "Radar report next_echo _echoes echo",
            "Printer submit next_page _pages page",
            "Crawler found next_link _links link",
            "Counter arrive next_guest _guests guest",
        ),
        scenarios=_queue_empty_get,
    ),
)
