"""Level 3: two variables or two methods under one invariant."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, themes

__all__ = ["FAMILIES"]


def _two_parts(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new: Objects = (("o", w["cls"], [n]),)
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


def _torn_mean(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    add, mean = w["add"], call("o", w["mean"])
    n = w["n"]
    return (
        Scenario(name="alone", objects=new, threads=((mean, call("o", add, n), mean, call("o", add, 1), mean),)),
        Scenario(name="first", objects=new, threads=((call("o", add, n),), (mean,)), after=(mean,)),
        Scenario(
            name="second", objects=new, threads=((call("o", add, n), mean), (call("o", add, n * 3),)), after=(mean,)
        ),
    )


def _drain_lost(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
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


def _half_taken(w: Words) -> tuple[Scenario, ...]:
    kit, take, read = call("o", w["kit"]), w["take"], call("o", w["read"])

    def new(a: int, b: int) -> Objects:
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
        bug="""
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
""",
        fix="""
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
""",
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
        id="torn_mean",
        level=3,
        must="Threads call `$add` and `$mean`. `$mean` must return the mean of the values added so far (0 if none).",
        bug="""
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
""",
        fix="""
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
""",
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
        id="drain_lost",
        level=3,
        must="Threads call `$add` and `$drain`. Every $noun must come out of exactly one `$drain`, oldest first.",
        bug="""
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
""",
        fix="""
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
""",
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
        id="half_taken",
        level=3,
        must="Threads call all methods. `$kit` takes 1 $a and $n $b, or nothing and returns False. No other call may "
        "ever see a half-done `$kit`.",
        bug="""
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
""",
        fix="""
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
""",
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
