"""Level 4: two locks or two objects: lock order, torn moves, foreign code under a lock, waiting with a lock held."""

from __future__ import annotations

from .families import Family, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _lock_order(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new = (("a", w["cls"], [n]), ("b", w["cls"], [n]))
    a, b = ref("a"), ref("b")
    move, reads = w["move"], (call("a", w["read"]), call("b", w["read"]))
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((call("", move, a, b, n + 1), call("", move, a, b, 4), *reads, call("", move, a, a, 2), *reads),),
        ),
        Scenario(
            name="self", objects=new, threads=((call("", move, a, a, n + 1), call("", move, b, b, n)),), after=reads
        ),
        Scenario(
            name="opposite", objects=new, threads=((call("", move, a, b, 3),), (call("", move, b, a, 2),)), after=reads
        ),
        Scenario(
            name="same", objects=new, threads=((call("", move, a, b, n),), (call("", move, a, b, 2),)), after=reads
        ),
    )


def _torn_move(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new = (("a", w["cls"], [n]), ("b", w["cls"], [5]))
    a, b = ref("a"), ref("b")
    move, total, reads = w["move"], call("", w["total"], a, b), (call("a", w["read"]), call("b", w["read"]))
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((total, call("a", move, b, n + 1), call("a", move, b, 4), *reads, call("b", move, a, 9), total),),
        ),
        Scenario(name="seen", objects=new, threads=((call("a", move, b, 3),), (total,)), after=reads),
        Scenario(name="seen_back", objects=new, threads=((call("b", move, a, 3),), (total,)), after=reads),
        Scenario(
            name="opposite", objects=new, threads=((call("a", move, b, 3),), (call("b", move, a, 2),)), after=reads
        ),
    )


def _two_locks(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new = (("o", w["cls"], [n]),)
    there, back, read = call("o", w["there"]), call("o", w["back"]), call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, back, there, read, *([there] * n), back, read),)),
        Scenario(name="opposite", objects=new, threads=((there, there), (back,)), after=(read,)),
        Scenario(name="same", objects=new, threads=((there,), (there,)), after=(read,)),
        Scenario(name="seen", objects=new, threads=((there,), (read,)), after=(read,)),
    )


def _handler_under_lock(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
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
    new = (("o", w["cls"], [ref("load")]),)
    load = {"load": {"kind": "load"}}
    meet = {"load": {"kind": "meet", "parties": 2}}
    a, b = call("o", w["get"], "a"), call("o", w["get"], "b")
    return (
        Scenario(name="alone", objects=new, hooks=load, threads=((a, b, a, b),)),
        Scenario(name="same", objects=new, hooks=load, threads=((a,), (a,)), after=(a,)),
        Scenario(name="mixed", objects=new, hooks=load, threads=((a, b), (b,)), after=(a, b)),
        Scenario(name="apart", objects=new, hooks=meet, threads=((a,), (b,)), after=(a, b)),
    )


def _wait_with_lock(w: Words) -> tuple[Scenario, ...]:
    take, back, read = call("o", w["take"]), call("o", w["back"], {"result": 0}), call("o", w["read"])

    def new(n: int) -> tuple[object, ...]:
        return (("o", w["cls"], [n]),)

    return (
        Scenario(name="alone", objects=new(2), threads=((take, read, back, take, read, take, read),)),
        Scenario(name="one", objects=new(1), threads=((take, back), (take, back)), after=(read,)),
        Scenario(name="two", objects=new(2), threads=((take,), (take,)), after=(read,)),
    )


def _both_ways(w: Words) -> tuple[Scenario, ...]:
    new = (("p", w["cls"], []), ("q", w["cls"], []), ("c", w["cls"], []))
    add, leave, size = w["add"], call("c", w["leave"]), w["size"]
    into_p, into_q = call("p", add, ref("c")), call("q", add, ref("c"))
    sizes = (call("p", size), call("q", size))
    return (
        Scenario(name="alone", objects=new, threads=((leave, into_p, into_q, *sizes, leave, into_q, *sizes),)),
        Scenario(name="cross", objects=new, threads=((into_p, leave), (into_p,)), after=sizes),
        Scenario(name="race", objects=new, threads=((into_p,), (into_q,)), after=(*sizes, leave, *sizes)),
        Scenario(name="leave", objects=new, threads=((into_p, leave), (leave,)), after=sizes),
    )


FAMILIES = (
    Family(
        id="lock_order",
        level=4,
        must="Threads call `$move` between any two objects, also in opposite directions and from one to itself. No call "
        "may hang and nothing may be lost.",
        bug='''
$imp

class $cls:
    def __init__(self, $var):
        self.lock = $Lock
        self.$var = $var

    def $read(self):
        with self.lock:
            return self.$var

def $move(source, target, amount):
    with source.lock:
        with target.lock:
            if source.$var < amount:
                return False
            source.$var -= amount
            target.$var += amount
            return True
''',
        fix='''
$imp

class $cls:
    def __init__(self, $var):
        self.lock = $Lock
        self.$var = $var

    def $read(self):
        with self.lock:
            return self.$var

def $move(source, target, amount):
    if source is target:
        return source.$read() >= amount
    first, second = sorted((source, target), key=id)
    with first.lock, second.lock:
        if source.$var < amount:
            return False
        source.$var -= amount
        target.$var += amount
        return True
''',
        themes=themes(
            "cls read move var",
            "Account saldo transfer balance",
            "Tank level pump liters",
            "Depot count haul crates",
            "Team points trade score",
        ),
        numbers={"n": (10, 15, 40)},
        scenarios=_lock_order,
    ),
    Family(
        id="torn_move",
        level=4,
        must="Threads call all of these. `$total` must never count an amount twice or miss one that is on its way, and "
        "no call may hang.",
        bug='''
$imp

class $cls:
    def __init__(self, $var):
        self.lock = $Lock
        self.$var = $var

    def $read(self):
        with self.lock:
            return self.$var

    def $move(self, other, n):
        with self.lock:
            if self.$var < n:
                return False
            self.$var -= n
        with other.lock:
            other.$var += n
        return True

def $total(a, b):
    return a.$read() + b.$read()
''',
        fix='''
import threading

LOCK = threading.Lock()

class $cls:
    def __init__(self, $var):
        self.$var = $var

    def $read(self):
        with LOCK:
            return self.$var

    def $move(self, other, n):
        with LOCK:
            if self.$var < n:
                return False
            self.$var -= n
            other.$var += n
            return True

def $total(a, b):
    with LOCK:
        return a.$var + b.$var
''',
        themes=themes(
            "cls read move total var",
            "Purse content pay_to wealth coins",
            "Silo stored ship_to harvest tons",
            "Hive size swarm_to colony bees",
            "Node load shift_to work tasks",
        ),
        numbers={"n": (8, 10, 20)},
        scenarios=_torn_move,
    ),
    Family(
        id="two_locks",
        level=4,
        must="Threads call all methods. No call may hang, and the two numbers of `$read` must always add up to the same "
        "sum.",
        bug='''
$imp

class $cls:
    def __init__(self, $one):
        self.${one}_lock = $Lock
        self.${two}_lock = $Lock
        self.$one = $one
        self.$two = 0

    def $there(self):
        with self.${one}_lock, self.${two}_lock:
            if self.$one > 0:
                self.$one -= 1
                self.$two += 1

    def $back(self):
        with self.${two}_lock, self.${one}_lock:
            if self.$two > 0:
                self.$two -= 1
                self.$one += 1

    def $read(self):
        with self.${one}_lock:
            return (self.$one, self.$two)
''',
        fix='''
$imp

class $cls:
    def __init__(self, $one):
        self.lock = $Lock
        self.$one = $one
        self.$two = 0

    def $there(self):
        with self.lock:
            if self.$one > 0:
                self.$one -= 1
                self.$two += 1

    def $back(self):
        with self.lock:
            if self.$two > 0:
                self.$two -= 1
                self.$one += 1

    def $read(self):
        with self.lock:
            return (self.$one, self.$two)
''',
        themes=themes(
            "cls there back read one two",
            "Mill grind undo state raw done",
            "Laundry wash soil shirts dirty clean",
            "Library lend take_back books here lent",
            "Crew board unboard places ashore aboard",
        ),
        numbers={"n": (2, 3)},
        scenarios=_two_locks,
    ),
    Family(
        id="handler_under_lock",
        level=4,
        must="Threads call both methods, and a handler may itself call `$add`: no call may hang. A handler added during "
        "`$send` gets later $noun only.",
        bug='''
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
''',
        fix='''
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
''',
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
        bug='''
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
''',
        fix='''
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
''',
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
        bug='''
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
''',
        fix='''
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
''',
        themes=themes(
            "cls take back read var noun",
            "Pool acquire release idle free connection",
            "BikeRental rent return_bike parked _bikes bike",
            "Booths enter leave vacant _booths booth",
            "Lanes reserve clear open_lanes _lanes lane",
        ),
        scenarios=_wait_with_lock,
    ),
    Family(
        id="both_ways",
        level=4,
        must="Threads call all methods. No call may hang or fail, and each $noun must be in at most one $group: the "
        "one that it points to.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.lock = $Lock
        self.$up = None
        self.$down = []

    def $add(self, $noun):
        with self.lock, $noun.lock:
            if $noun.$up is None:
                $noun.$up = self
                self.$down.append($noun)

    def $leave(self):
        with self.lock:
            if self.$up is not None:
                with self.$up.lock:
                    self.$up.$down.remove(self)
                self.$up = None

    def $size(self):
        with self.lock:
            return len(self.$down)
''',
        fix='''
$imp

LOCK = $Lock

class $cls:
    def __init__(self):
        self.$up = None
        self.$down = []

    def $add(self, $noun):
        with LOCK:
            if $noun.$up is None:
                $noun.$up = self
                self.$down.append($noun)

    def $leave(self):
        with LOCK:
            if self.$up is not None:
                self.$up.$down.remove(self)
                self.$up = None

    def $size(self):
        with LOCK:
            return len(self.$down)
''',
        themes=themes(
            "cls add leave size up down noun group",
            "Folder put_in take_out entries parent children item folder",
            "Unit take_over resign strength boss staff unit boss",
            "Cart couple uncouple length puller wagons wagon puller",
        ),
        scenarios=_both_ways,
    ),
)
