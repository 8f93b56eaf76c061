"""Level 3: two variables or two methods under one invariant, and locks that are leaked, doubled or made too late."""

from __future__ import annotations

from .families import Family, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _two_parts(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new = (("o", w["cls"], [n]),)
    take, back, read = w["take"], w["back"], call("o", w["read"])
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((read, call("o", take, n + 1), call("o", take, 3), read, call("o", back, 2), read),),
        ),
        Scenario(name="take", objects=new, threads=((call("o", take, 3),), (read,)), after=(read,)),
        Scenario(name="back", objects=new, threads=((call("o", take, 3), call("o", back, 1)), (read,)), after=(read,)),
        Scenario(name="two", objects=new, threads=((call("o", take, n - 1),), (call("o", take, 2),)), after=(read,)),
    )


def _leaked_lock(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new = (("o", w["cls"], [n]),)
    pay, read = w["pay"], call("o", w["read"])
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((call("o", pay, n + 1), call("o", pay, 0), call("o", pay, 4), read, call("o", pay, n - 4)),),
        ),
        Scenario(name="refused", objects=new, threads=((call("o", pay, n + 1),), (call("o", pay, 2),)), after=(read,)),
        Scenario(name="wrong", objects=new, threads=((call("o", pay, -1),), (call("o", pay, 2),)), after=(read,)),
        Scenario(name="two", objects=new, threads=((call("o", pay, n - 1),), (call("o", pay, 2),)), after=(read,)),
    )


def _published_early(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], [ref("load")]),)
    hooks = {"load": {"kind": "load"}}
    a, b = call("o", w["get"], w["a"]), call("o", w["get"], w["b"])
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((b, a, b, call("o", w["get"], "?")),)),
        Scenario(name="two", objects=new, hooks=hooks, threads=((a,), (b,)), after=(a, b)),
    )


def _torn_mean(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    add, mean = w["add"], call("o", w["mean"])
    n = w["n"]
    return (
        Scenario(name="alone", objects=new, threads=((mean, call("o", add, n), mean, call("o", add, 1), mean),)),
        Scenario(name="first", objects=new, threads=((call("o", add, n),), (mean,)), after=(mean,)),
        Scenario(
            name="second", objects=new, threads=((call("o", add, n), mean), (call("o", add, n * 3),)), after=(mean,)
        ),
    )


def _lock_per_key(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    put, read = w["put"], w["read"]
    hooks = {"plus": {"kind": "plus", "n": w["n"]}}
    meet = {"meet": {"kind": "meet", "parties": 2}}
    a, b = call("o", put, "a", ref("plus")), call("o", put, "b", ref("plus"))
    ask = call("o", read, "a")
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((ask, a, a, b, ask, call("o", read, "b")),)),
        Scenario(name="same", objects=new, hooks=hooks, threads=((a,), (a,)), after=(ask,)),
        Scenario(
            name="apart",
            objects=new,
            hooks=meet,
            threads=((call("o", put, "a", ref("meet")),), (call("o", put, "b", ref("meet")),)),
            after=(ask, call("o", read, "b")),
        ),
    )


def _drain_lost(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    add, drain = w["add"], call("o", w["drain"])
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((drain, call("o", add, 1), call("o", add, 2), drain, call("o", add, 3), drain, drain),),
        ),
        Scenario(
            name="add", objects=new, threads=((call("o", add, 1), drain), (call("o", add, 2),)), after=(drain, drain)
        ),
        Scenario(name="two", objects=new, threads=((call("o", add, 1), drain), (drain,)), after=(drain,)),
    )


def _self_deadlock(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    take, fill, read = call("o", w["take"]), call("o", w["fill"]), call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, *([take] * (w["n"] + 1)), read, fill, read),)),
        Scenario(name="two", objects=new, threads=((take,), (take,)), after=(read,)),
        Scenario(name="fill", objects=new, threads=((fill,), (take,)), after=(read,)),
        Scenario(name="fills", objects=new, threads=((fill,), (fill,)), after=(read,)),
    )


def _half_taken(w: Words) -> tuple[Scenario, ...]:
    kit, take, read = call("o", w["kit"]), w["take"], call("o", w["read"])

    def new(a: int, b: int) -> tuple[object, ...]:
        return (("o", w["cls"], [a, b]),)

    return (
        Scenario(
            name="alone",
            objects=new(2, w["n"] + 1),
            threads=((kit, read, kit, read, call("o", take, w["a"], 5), call("o", take, w["b"], 1), read),),
        ),
        Scenario(name="back", objects=new(1, 0), threads=((kit,), (call("o", take, w["a"], 1),)), after=(read,)),
        Scenario(name="seen", objects=new(1, w["n"]), threads=((kit,), (read,)), after=(read,)),
        Scenario(name="two", objects=new(2, w["n"] + 1), threads=((kit,), (kit,)), after=(read,)),
    )


FAMILIES = (
    Family(
        id="two_parts",
        level=3,
        must="Threads call all methods. `$read` must always return two numbers that add up to the size.",
        bug='''
$imp

class $cls:
    def __init__(self, size):
        self.$lock = $Lock
        self.$one = size
        self.$two = 0

    def $take(self, n):
        with self.$lock:
            if n > self.$one:
                return False
            self.$one -= n
        with self.$lock:
            self.$two += n
        return True

    def $back(self, n):
        with self.$lock:
            self.$two -= n
        self.$one += n

    def $read(self):
        with self.$lock:
            return (self.$one, self.$two)
''',
        fix='''
$imp

class $cls:
    def __init__(self, size):
        self.$lock = $Lock
        self.$one = size
        self.$two = 0

    def $take(self, n):
        with self.$lock:
            if n > self.$one:
                return False
            self.$one -= n
            self.$two += n
            return True

    def $back(self, n):
        with self.$lock:
            self.$two -= n
            self.$one += n

    def $read(self):
        with self.$lock:
            return (self.$one, self.$two)
''',
        themes=themes(
            "cls take back read one two",
            "Rack mount unmount status free used",
            "Garage park leave spaces empty full",
            "Disk write erase usage blank filled",
        ),
        numbers={"n": (4, 8, 16)},
        scenarios=_two_parts,
    ),
    Family(
        id="leaked_lock",
        level=3,
        must="Threads call `$pay`. A refused or wrong call must not hinder any later one, and `$read` stays exact.",
        bug='''
$imp

class $cls:
    def __init__(self, $var):
        self.$lock = $Lock
        self.$var = $var

    def $pay(self, amount):
        self.$lock.acquire()
        if amount <= 0:
            raise ValueError("amount")
        if amount > self.$var:
            return False
        self.$var -= amount
        self.$lock.release()
        return True

    def $read(self):
        with self.$lock:
            return self.$var$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self, $var):
        self.$lock = $Lock
        self.$var = $var

    def $pay(self, amount):
        with self.$lock:
            if amount <= 0:
                raise ValueError("amount")
            if amount > self.$var:
                return False
            self.$var -= amount
            return True

    def $read(self):
        with self.$lock:
            return self.$var$extra
''',
        themes=themes(
            "cls pay read var",
            "Wallet pay balance cents",
            "Battery discharge charge mah",
            "Granary withdraw sacks_left sacks",
            "Meter consume units_left units",
        ),
        numbers={"n": (10, 12, 50)},
        scenarios=_leaked_lock,
    ),
    Family(
        id="published_early",
        level=3,
        must="Threads call `$get`. `load` must be called once per name, and every call must find the loaded $noun "
        "(None for unknown names only).",
        bug='''
$imp

NAMES = ("$a", "$b")

class $cls:
    def __init__(self, load):
        self.$lock = $Lock
        self.load = load
        self.$var = None

    def $get(self, name):
        if self.$var is None:
            with self.$lock:
                if self.$var is None:
                    self.$var = {}
                    for each in NAMES:
                        self.$var[each] = self.load(each)
        return self.$var.get(name)
''',
        fix='''
$imp

NAMES = ("$a", "$b")

class $cls:
    def __init__(self, load):
        self.$lock = $Lock
        self.load = load
        self.$var = None

    def $get(self, name):
        with self.$lock:
            if self.$var is None:
                table = {}
                for each in NAMES:
                    table[each] = self.load(each)
                self.$var = table
            return self.$var.get(name)
''',
        themes=themes(
            "cls get var noun a b",
            "Rates rate _rates rate eur usd",
            "Settings option _options option theme volume",
            "Icons icon _icons icon open save",
            "Sensors sensor _sensors sensor north south",
        ),
        scenarios=_published_early,
    ),
    Family(
        id="torn_mean",
        level=3,
        must="Threads call `$add` and `$mean`. `$mean` must return the mean of the values added so far (0 if none).",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$sum = 0
        self.$count = 0

    def $add(self, value):
        self.$sum += value
        with self.$lock:
            self.$count += 1

    def $mean(self):
        if self.$count == 0:
            return 0
        with self.$lock:
            return self.$sum / self.$count$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$sum = 0
        self.$count = 0

    def $add(self, value):
        with self.$lock:
            self.$sum += value
            self.$count += 1

    def $mean(self):
        with self.$lock:
            if self.$count == 0:
                return 0
            return self.$sum / self.$count$extra
''',
        themes=themes(
            "cls add mean sum count",
            "Stats add mean total count",
            "Survey answer average points answers",
            "Latency record average_ms millis calls",
            "Grades enter mean_grade _sum _exams",
        ),
        numbers={"n": (4, 6, 10)},
        scenarios=_torn_mean,
    ),
    Family(
        id="lock_per_key",
        level=3,
        must="Threads call `$put`. No update may be lost. `change` is slow: updates of different ${noun}s must "
        "still be able to run at the same time.",
        bug='''
import threading

class $cls:
    def __init__(self):
        self.locks = {}
        self.$var = {}

    def lock_for(self, $noun):
        if $noun not in self.locks:
            self.locks[$noun] = threading.Lock()
        return self.locks[$noun]

    def $put(self, $noun, change):
        with self.lock_for($noun):
            self.$var[$noun] = change(self.$var.get($noun, 0))

    def $read(self, $noun):
        return self.$var.get($noun, 0)
''',
        fix='''
import threading

class $cls:
    def __init__(self):
        self.$lock = threading.Lock()
        self.locks = {}
        self.$var = {}

    def lock_for(self, $noun):
        with self.$lock:
            if $noun not in self.locks:
                self.locks[$noun] = threading.Lock()
            return self.locks[$noun]

    def $put(self, $noun, change):
        with self.lock_for($noun):
            self.$var[$noun] = change(self.$var.get($noun, 0))

    def $read(self, $noun):
        return self.$var.get($noun, 0)
''',
        themes=themes(
            "cls put read var noun",
            "Accounts update balance balances account",
            "Levels adjust level levels tank",
            "Scores apply score scores player",
            "Prices reprice price prices article",
        ),
        numbers={"n": (2, 5, 9)},
        scenarios=_lock_per_key,
    ),
    Family(
        id="drain_lost",
        level=3,
        must="Threads call `$add` and `$drain`. Every $noun must come out of exactly one `$drain`, oldest first.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = []

    def $add(self, $noun):
        with self.$lock:
            self.$var.append($noun)

    def $drain(self):
        batch = list(self.$var)
        self.$var.clear()
        return batch$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = []

    def $add(self, $noun):
        with self.$lock:
            self.$var.append($noun)

    def $drain(self):
        with self.$lock:
            batch = list(self.$var)
            self.$var.clear()
            return batch$extra
''',
        themes=themes(
            "cls add drain var noun",
            "LogBuffer write flush lines line",
            "Basket drop empty fruits fruit",
            "Telemetry emit ship events event",
            "Postbag insert unload letters letter",
        ),
        scenarios=_drain_lost,
    ),
    Family(
        id="self_deadlock",
        level=3,
        must="Threads call `$take` and `$fill`. No call may hang, and `$read` must be exact: `$fill` adds $n, `$take` "
        "takes 1.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = 0

    def $fill(self):
        with self.$lock:
            self.$var += $n

    def $take(self):
        with self.$lock:
            if self.$var == 0:
                self.$fill()
            self.$var -= 1

    def $read(self):
        with self.$lock:
            return self.$var$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = 0

    def $fill(self):
        with self.$lock:
            self.$var += $n

    def $take(self):
        with self.$lock:
            if self.$var == 0:
                self.$var += $n
            self.$var -= 1

    def $read(self):
        with self.$lock:
            return self.$var$extra
''',
        themes=themes(
            "cls take fill read var",
            "Dispenser push refill cups_left cups",
            "Stapler staple reload staples _staples",
            "Quiver shoot restock arrows _arrows",
            "Feeder feed top_up portions _portions",
        ),
        numbers={"n": (2, 3, 5)},
        scenarios=_self_deadlock,
    ),
    Family(
        id="half_taken",
        level=3,
        must="Threads call all methods. `$kit` takes 1 $a and $n $b, or nothing and returns False. No other call may "
        "ever see a half-done `$kit`.",
        bug='''
$imp

class $cls:
    def __init__(self, $a, $b):
        self.$lock = $Lock
        self.stock = {"$a": $a, "$b": $b}

    def $take(self, name, n):
        with self.$lock:
            if self.stock[name] < n:
                return False
            self.stock[name] -= n
            return True

    def $kit(self):
        if not self.$take("$a", 1):
            return False
        if self.$take("$b", $n):
            return True
        with self.$lock:
            self.stock["$a"] += 1
        return False

    def $read(self):
        with self.$lock:
            return dict(self.stock)
''',
        fix='''
$imp

class $cls:
    def __init__(self, $a, $b):
        self.$lock = $Lock
        self.stock = {"$a": $a, "$b": $b}

    def $take(self, name, n):
        with self.$lock:
            if self.stock[name] < n:
                return False
            self.stock[name] -= n
            return True

    def $kit(self):
        with self.$lock:
            if self.stock["$a"] < 1 or self.stock["$b"] < $n:
                return False
            self.stock["$a"] -= 1
            self.stock["$b"] -= $n
            return True

    def $read(self):
        with self.$lock:
            return dict(self.stock)
''',
        themes=themes(
            "cls take kit read a b",
            "Store take assemble inventory bolt nut",
            "Bakery use bake supplies tin eggs",
            "Florist cut bouquet flowers vase roses",
        ),
        numbers={"n": (2, 3, 4)},
        scenarios=_half_taken,
    ),
)
