"""Level 3: locks that are leaked, doubled, made too late or left too early."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _leaked_lock(w: Words) -> tuple[Scenario, ...]:
    n = w["n"]
    new: Objects = (("o", w["cls"], [n]),)
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
    new: Objects = (("o", w["cls"], [ref("load")]),)
    hooks = {"load": {"kind": "load"}}
    a, b = call("o", w["get"], w["a"]), call("o", w["get"], w["b"])
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((b, a, b, call("o", w["get"], "?")),)),
        Scenario(name="two", objects=new, hooks=hooks, threads=((a,), (b,)), after=(a, b)),
    )


def _lock_per_key(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
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
            bound=1,
        ),
    )


def _self_deadlock(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    take, fill, read = call("o", w["take"]), call("o", w["fill"]), call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, *([take] * (w["n"] + 1)), read, fill, read),)),
        Scenario(name="two", objects=new, threads=((take,), (take,)), after=(read,)),
        Scenario(name="fill", objects=new, threads=((fill,), (take,)), after=(read,)),
        Scenario(name="fills", objects=new, threads=((fill,), (fill,)), after=(read,)),
    )


FAMILIES = (
    Family(
        id="leaked_lock",
        level=3,
        must="Threads call `$pay`. A refused or wrong call must not hinder any later one, and `$read` stays exact.",
        bug="""
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
""",
        fix="""
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
""",
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
        bug="""
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
""",
        fix="""
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
""",
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
        id="lock_per_key",
        level=3,
        must="Threads call `$put`. No update may be lost. `change` is slow: updates of different ${noun}s must "
        "still be able to run at the same time.",
        bug="""
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
""",
        fix="""
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
""",
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
        id="self_deadlock",
        level=3,
        must="Threads call `$take` and `$fill`. No call may hang, and `$read` must be exact: `$fill` adds $n, `$take` "
        "takes 1.",
        bug="""
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
""",
        fix="""
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
""",
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
)
