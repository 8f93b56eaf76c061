"""Level 1: a number that several threads change; its lock is missing or does not cover enough."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, themes

__all__ = ["FAMILIES"]


def _lost_add(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    add, read = w["add"], call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, call("o", add, 3), call("o", add, w["n"]), read),)),
        Scenario(name="two", objects=new, threads=((call("o", add, 2),), (call("o", add, w["n"]),)), after=(read,)),
        Scenario(name="read", objects=new, threads=((call("o", add, 2), read), (call("o", add, 5),)), after=(read,)),
    )


def _check_outside(w: Words) -> tuple[Scenario, ...]:
    n, big = w["n"], w["n"] * 2 - 3
    new: Objects = (("o", w["cls"], [n * 3]),)
    take, read = w["take"], call("o", w["read"])
    alone = (call("o", take, n * 3 + 1), read, call("o", take, big), read, call("o", take, big), call("o", take, n + 3))
    return (
        Scenario(name="alone", objects=new, threads=((*alone, read, call("o", take, 1)),)),
        Scenario(name="both", objects=new, threads=((call("o", take, big),), (call("o", take, big),)), after=(read,)),
        Scenario(
            name="refused",
            objects=new,
            threads=((call("o", take, n * 3 + 1), call("o", take, 1)), (call("o", take, 2),)),
            after=(read,),
        ),
    )


def _best_so_far(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    put, read, n = w["put"], call("o", w["read"]), w["n"]
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((read, call("o", put, n), call("o", put, n - 1), read, call("o", put, n + 4), read),),
        ),
        Scenario(name="two", objects=new, threads=((call("o", put, n),), (call("o", put, n + 5),)), after=(read,)),
        Scenario(
            name="back", objects=new, threads=((call("o", put, n + 1), read), (call("o", put, n),)), after=(read,)
        ),
    )


def _split_section(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [10]),)
    put, read, n = w["put"], call("o", w["read"]), w["n"]
    return (
        Scenario(name="alone", objects=new, threads=((read, call("o", put, 4), call("o", put, -3), read),)),
        Scenario(name="two", objects=new, threads=((call("o", put, n),), (call("o", put, 1),)), after=(read,)),
        Scenario(name="read", objects=new, threads=((call("o", put, n), read), (call("o", put, 2),)), after=(read,)),
    )


def _forgotten_method(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    up, down, read = call("o", w["up"]), call("o", w["down"]), call("o", w["read"])
    return (
        Scenario(
            name="alone", objects=new, threads=((read, down, read, up, up, read, down, read, up, down, down, read),)
        ),
        Scenario(name="leave", objects=new, threads=((up, down), (up, up)), after=(read,)),
        Scenario(name="both", objects=new, threads=((up, down), (up, down)), after=(read,)),
    )


FAMILIES = (
    Family(
        id="lost_add",
        level=1,
        must="Threads call `$add` and `$read`. No $noun may be lost: `$read` must return the exact sum.",
        bug="""
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = 0

    def $add(self, amount):
        self.$var += amount

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

    def $add(self, amount):
        with self.$lock:
            self.$var += amount

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        themes=themes(
            "cls add read var noun",
            "ClickMeter record total _clicks click",
            "Traffic add_bytes total_bytes _bytes byte",
            "Harvest weigh_in total_kilos kilos kilo",
            "Donations receive raised _cents cent",
            "Odometer drive distance _meters meter",
        ),
        numbers={"n": (3, 4, 6, 7)},
        scenarios=_lost_add,
    ),
    Family(
        id="check_outside",
        level=1,
        must="Threads call `$take`. It returns whether the amount was given; `$read` must never fall below 0.",
        bug="""
$imp

class $cls:
    def __init__(self, $var):
        self.$lock = $Lock
        self.$var = $var

    def $take(self, amount):
        if amount > self.$var:
            return False
        with self.$lock:
            self.$var -= amount
        return True

    def $read(self):
        return self.$var$extra
""",
        fix="""
$imp

class $cls:
    def __init__(self, $var):
        self.$lock = $Lock
        self.$var = $var

    def $take(self, amount):
        with self.$lock:
            if amount > self.$var:
                return False
            self.$var -= amount
            return True

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        themes=themes(
            "cls take read var",
            "Account withdraw balance funds",
            "Pantry take_grams grams_left grams",
            "Quota spend remaining credits",
            "FuelTank draw level liters",
            "SeatMap book free_seats seats",
        ),
        numbers={"n": (10, 20, 30, 40)},
        scenarios=_check_outside,
    ),
    Family(
        id="best_so_far",
        level=1,
        must="Threads call `$put`. `$read` must return the largest $noun reported so far.",
        bug="""
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = 0

    def $put(self, value):
        if value > self.$var:
            with self.$lock:
                self.$var = value

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

    def $put(self, value):
        with self.$lock:
            if value > self.$var:
                self.$var = value

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        themes=themes(
            "cls put read var noun",
            "HighScore submit best _best score",
            "PeakLoad observe peak _peak load",
            "Auction bid highest _top bid",
            "Thermometer measure hottest _max reading",
        ),
        numbers={"n": (5, 8, 12, 30)},
        scenarios=_best_so_far,
    ),
    Family(
        id="split_section",
        level=1,
        must="Threads call `$put`. Every change must count: `$read` returns the start value plus all changes.",
        bug="""
$imp

class $cls:
    def __init__(self, start):
        self.$lock = $Lock
        self.$var = start

    def $put(self, change):
        with self.$lock:
            current = self.$var
        updated = current + change
        with self.$lock:
            self.$var = updated

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        fix="""
$imp

class $cls:
    def __init__(self, start):
        self.$lock = $Lock
        self.$var = start

    def $put(self, change):
        with self.$lock:
            self.$var += change

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        themes=themes(
            "cls put read var",
            "Ledger post saldo _sum",
            "Reservoir flow volume _volume",
            "Elo adjust rating _rating",
            "Stockroom book_change on_hand _units",
        ),
        numbers={"n": (3, 5, 8)},
        scenarios=_split_section,
    ),
    Family(
        id="forgotten_method",
        level=1,
        must="Threads call `$up` and `$down`. `$read` must return how many are $noun at the moment, never below 0.",
        bug="""
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = 0

    def $up(self):
        with self.$lock:
            self.$var += 1

    def $down(self):
        if self.$var > 0:
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

    def $up(self):
        with self.$lock:
            self.$var += 1

    def $down(self):
        with self.$lock:
            if self.$var > 0:
                self.$var -= 1

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        themes=themes(
            "cls up down read var noun",
            "Museum enter leave visitors _inside inside",
            "Gauge started finished running _active running",
            "CarPark drive_in drive_out parked _cars parked",
            "Server connect disconnect clients _open connected",
        ),
        scenarios=_forgotten_method,
    ),
)
