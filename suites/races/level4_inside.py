"""Level 4: what happens while a lock is held: foreign code, slow loads, waiting."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _handler_under_lock(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    add, send = w["add"], w["send"]
    hooks = {
        "first": {"kind": "call", "call": call("o", add, ref("late")), "on": "one"},
        "late": {"kind": "log"},
        "plain": {"kind": "log"},
    }
    on_first, on_plain = call("o", add, ref("first")), call("o", add, ref("plain"))
    one, two = call("o", send, "one"), call("o", send, "two")
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((one, on_plain, two, one),)),
        Scenario(name="inside", objects=new, hooks=hooks, threads=((on_first, one, two),)),
        Scenario(name="two", objects=new, hooks=hooks, threads=((on_plain, one), (on_plain,)), after=(two,)),
    )


def _parallel_load(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [ref("load")]),)
    load = {"load": {"kind": "load"}}
    meet = {"load": {"kind": "meet", "parties": 2}}
    a, b = call("o", w["get"], "a"), call("o", w["get"], "b")
    return (
        Scenario(name="alone", objects=new, hooks=load, threads=((a, b, a, b),)),
        Scenario(name="same", objects=new, hooks=load, threads=((a,), (a,)), after=(a,)),
        Scenario(name="mixed", objects=new, hooks=load, threads=((a, b), (b,)), after=(a, b), bound=1),
        Scenario(name="apart", objects=new, hooks=meet, threads=((a,), (b,)), after=(a, b), bound=1),
    )


def _wait_with_lock(w: Words) -> tuple[Scenario, ...]:
    take, back, read = call("o", w["take"]), call("o", w["back"], {"result": 0}), call("o", w["read"])

    def new(n: int) -> Objects:
        return (("o", w["cls"], [n]),)

    return (
        Scenario(name="alone", objects=new(2), threads=((take, read, back, take, read, take, read),)),
        Scenario(name="one", objects=new(1), threads=((take, back), (take, back)), after=(read,)),
        Scenario(name="two", objects=new(2), threads=((take,), (take,)), after=(read,)),
    )


FAMILIES = (
    Family(
        id="handler_under_lock",
        level=4,
        must="Threads call both methods, and a handler may itself call `$add`: no call may hang. A handler added during "
        "`$send` gets later $noun only.",
        bug="""
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = []

    def $add(self, handler):
        with self.$lock:
            self.$var.append(handler)

    def $send(self, message):
        with self.$lock:
            for handler in self.$var:
                handler(message)
            return len(self.$var)$extra
""",
        fix="""
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = []

    def $add(self, handler):
        with self.$lock:
            self.$var.append(handler)

    def $send(self, message):
        with self.$lock:
            handlers = list(self.$var)
        for handler in handlers:
            handler(message)
        return len(handlers)$extra
""",
        themes=themes(
            "cls add send var noun",
            "Topic subscribe publish _handlers messages",
            "Button on_click click _listeners clicks",
            "Siren connect alarm targets alarms",
            "Stock watch announce _watchers prices",
        ),
        scenarios=_handler_under_lock,
    ),
    Family(
        id="parallel_load",
        level=4,
        must="Threads call `$get`. `load` is slow: it must be called only once per $noun, and loads of different ${noun}s "
        "must be able to run at the same time.",
        bug="""
$imp

class $cls:
    def __init__(self, load):
        self.$lock = $Lock
        self.load = load
        self.$var = {}

    def $get(self, $noun):
        with self.$lock:
            if $noun in self.$var:
                return self.$var[$noun]
        value = self.load($noun)
        with self.$lock:
            self.$var[$noun] = value
        return value$extra
""",
        fix="""
import threading

class $cls:
    def __init__(self, load):
        self.$lock = threading.Lock()
        self.locks = {}
        self.load = load
        self.$var = {}

    def $get(self, $noun):
        with self.$lock:
            lock = self.locks.setdefault($noun, threading.Lock())
        with lock:
            if $noun not in self.$var:
                self.$var[$noun] = self.load($noun)
            return self.$var[$noun]$extra
""",
        themes=themes(
            "cls get var noun",
            "Thumbnails picture _pictures file",
            "Weather forecast _forecasts city",
            "Compiler compiled _units module",
            "Profiles profile _profiles user",
        ),
        scenarios=_parallel_load,
    ),
    Family(
        id="wait_with_lock",
        level=4,
        must="Threads call `$take` and `$back`. `$take` waits while no $noun is free; nobody may wait for ever, and no "
        "$noun may be given to two at once.",
        bug="""
import threading

class $cls:
    def __init__(self, size):
        self.$lock = threading.Lock()
        self.slots = threading.Semaphore(size)
        self.$var = list(range(size))

    def $take(self):
        with self.$lock:
            self.slots.acquire()
            return self.$var.pop()

    def $back(self, $noun):
        with self.$lock:
            self.$var.append($noun)
            self.slots.release()

    def $read(self):
        with self.$lock:
            return len(self.$var)
""",
        fix="""
import threading

class $cls:
    def __init__(self, size):
        self.$lock = threading.Lock()
        self.slots = threading.Semaphore(size)
        self.$var = list(range(size))

    def $take(self):
        self.slots.acquire()
        with self.$lock:
            return self.$var.pop()

    def $back(self, $noun):
        with self.$lock:
            self.$var.append($noun)
        self.slots.release()

    def $read(self):
        with self.$lock:
            return len(self.$var)
""",
        themes=themes(
            "cls take back read var noun",
            "Pool acquire release idle free connection",
            "BikeRental rent return_bike parked _bikes bike",
            "Booths enter leave vacant _booths booth",
            "Lanes reserve clear open_lanes _lanes lane",
        ),
        scenarios=_wait_with_lock,
    ),
)
