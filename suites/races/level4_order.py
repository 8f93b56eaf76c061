"""Level 4: two objects or two locks: the order of locking, and moves seen half-way."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _lock_order(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new: Objects = (("a", w["cls"], [n]), ("b", w["cls"], [n]))
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
    new: Objects = (("a", w["cls"], [n]), ("b", w["cls"], [5]))
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
    new: Objects = (("o", w["cls"], [n]),)
    there, back, read = call("o", w["there"]), call("o", w["back"]), call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, back, there, read, *([there] * n), back, read),)),
        Scenario(name="opposite", objects=new, threads=((there, there), (back,)), after=(read,)),
        Scenario(name="same", objects=new, threads=((there,), (there,)), after=(read,)),
        Scenario(name="seen", objects=new, threads=((there,), (read,)), after=(read,)),
    )


def _both_ways(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("p", w["cls"], []), ("q", w["cls"], []), ("c", w["cls"], []))
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
        bug="""
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
""",
        fix="""
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
""",
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
        bug="""
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
""",
        fix="""
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
""",
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
        bug="""
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
""",
        fix="""
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
""",
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
        id="both_ways",
        level=4,
        must="Threads call all methods. No call may hang or fail, and each $noun must be in at most one $group: the "
        "one that it points to.",
        bug="""
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
""",
        fix="""
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
""",
        themes=themes(
            "cls add leave size up down noun group",
            "Folder put_in take_out entries parent children item folder",
            "Unit take_over resign strength boss staff unit boss",
            "Cart couple uncouple length puller wagons wagon puller",
        ),
        scenarios=_both_ways,
    ),
)
