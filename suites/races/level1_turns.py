"""Level 1: who is first, who has which place: one variable without a lock."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, themes

__all__ = ["FAMILIES"]


def _unique_number(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [w["n"]]),)
    draw = call("o", w["draw"])
    return (
        Scenario(name="alone", objects=new, threads=((draw, draw, draw),)),
        Scenario(name="two", objects=new, threads=((draw,), (draw,)), after=(draw,)),
        Scenario(name="three", objects=new, threads=((draw, draw), (draw,)), after=(draw,)),
    )


def _room_limit(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    join, read, n = w["join"], call("o", w["read"]), w["n"]
    fill = tuple(call("o", join, f"m{i}") for i in range(n - 1))
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((*fill, read, call("o", join, "x"), call("o", join, "y"), read),),
        ),
        Scenario(
            name="last", objects=new, threads=((*fill, call("o", join, "x")), (call("o", join, "y"),)), after=(read,)
        ),
        Scenario(name="seen", objects=new, threads=((*fill, call("o", join, "x"), call("o", join, "y")), (read,))),
    )


def _only_first(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    start, read = w["start"], call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, call("o", start, "a"), call("o", start, "b"), read),)),
        Scenario(
            name="two", objects=new, threads=((call("o", start, "a"),), (call("o", start, "b"), read)), after=(read,)
        ),
    )


def _swap_value(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], ["first"]),)
    swap = w["swap"]
    last = call("o", swap, "end")
    return (
        Scenario(name="alone", objects=new, threads=((call("o", swap, "b"), call("o", swap, "c"), last),)),
        Scenario(name="two", objects=new, threads=((call("o", swap, "b"),), (call("o", swap, "c"),)), after=(last,)),
    )


def _module_global(w: Words) -> tuple[Scenario, ...]:
    draw, read = call("", w["draw"], "x"), call("", w["read"])
    return (
        Scenario(name="alone", threads=((read, draw, call("", w["draw"], "y"), read),)),
        Scenario(name="two", threads=((draw,), (call("", w["draw"], "y"),)), after=(read,)),
        Scenario(name="three", threads=((draw, draw), (draw,)), after=(read,)),
    )


def _place_in_line(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    add, read = w["add"], call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((call("o", add, "a"), call("o", add, "b"), read),)),
        Scenario(name="two", objects=new, threads=((call("o", add, "a"),), (call("o", add, "b"),)), after=(read,)),
    )


FAMILIES = (
    Family(
        id="unique_number",
        level=1,
        must="Threads call `$draw`. No two calls may return the same number and none may be skipped.",
        bug="""
class $cls:
    def __init__(self, first=1):
        self.$var = first

    def $draw(self):
        number = self.$var
        self.$var = number + 1
        return number$extra
""",
        fix="""
import threading

class $cls:
    def __init__(self, first=1):
        self.$lock = threading.Lock()
        self.$var = first

    def $draw(self):
        with self.$lock:
            number = self.$var
            self.$var = number + 1
            return number$extra
""",
        themes=themes(
            "cls draw var",
            "TicketRoll tear_off next_ticket",
            "InvoiceBook next_invoice upcoming",
            "PlateOffice issue_plate next_plate",
            "LabelPrinter print_label serial",
            "WaitingRoom pull_number coming",
        ),
        numbers={"n": (1, 100, 500, 1000)},
        scenarios=_unique_number,
    ),
    Family(
        id="room_limit",
        level=1,
        must="Threads call `$join`, which returns whether there was room. Never more than $n $noun may get in.",
        bug="""
class $cls:
    LIMIT = $n

    def __init__(self):
        self.$var = []

    def $join(self, name):
        if len(self.$var) >= self.LIMIT:
            return False
        self.$var.append(name)
        return True

    def $read(self):
        return list(self.$var)$extra
""",
        fix="""
import threading

class $cls:
    LIMIT = $n

    def __init__(self):
        self.$lock = threading.Lock()
        self.$var = []

    def $join(self, name):
        with self.$lock:
            if len(self.$var) >= self.LIMIT:
                return False
            self.$var.append(name)
            return True

    def $read(self):
        with self.$lock:
            return list(self.$var)$extra
""",
        themes=themes(
            "cls join read var noun",
            "Workshop enroll roster _students students",
            "ChatRoom enter members people members",
            "Ferry board passengers aboard passengers",
            "Panel add_juror jurors _jurors jurors",
        ),
        numbers={"n": (2, 3)},
        scenarios=_room_limit,
    ),
    Family(
        id="only_first",
        level=1,
        must="Threads call `$start`. Exactly one call, the first, returns True; `$read` names who made it.",
        bug="""
class $cls:
    def __init__(self):
        self.$var = None

    def $start(self, name):
        if self.$var is not None:
            return False
        self.$var = name
        return True

    def $read(self):
        return self.$var$extra
""",
        fix="""
import threading

class $cls:
    def __init__(self):
        self.$lock = threading.Lock()
        self.$var = None

    def $start(self, name):
        with self.$lock:
            if self.$var is not None:
                return False
            self.$var = name
            return True

    def $read(self):
        with self.$lock:
            return self.$var$extra
""",
        themes=themes(
            "cls start read var",
            "Election claim leader _leader",
            "Buzzer press winner first",
            "Migration begin runner _runner",
            "Launch ignite pilot started_by",
        ),
        scenarios=_only_first,
    ),
    Family(
        id="swap_value",
        level=1,
        must="Threads call `$swap`, which stores a new $noun and returns the one before. Each $noun must be returned "
        "exactly once.",
        bug="""
class $cls:
    def __init__(self, $var):
        self.$var = $var

    def $swap(self, new):
        old = self.$var
        self.$var = new
        return old$extra
""",
        fix="""
import threading

class $cls:
    def __init__(self, $var):
        self.$lock = threading.Lock()
        self.$var = $var

    def $swap(self, new):
        with self.$lock:
            old = self.$var
            self.$var = new
            return old$extra
""",
        themes=themes(
            "cls swap var noun",
            "Locker exchange parcel parcel",
            "Relay hand_over baton baton",
            "KeyHook trade key key",
            "Slot replace token token",
        ),
        scenarios=_swap_value,
    ),
    Family(
        id="module_global",
        level=1,
        must="Threads call `$draw`. The numbers in the names must all differ; `$read` returns how many were given.",
        bug="""
$var = 0

def $draw(prefix):
    global $var
    $var += 1
    return f"{prefix}-{$var}"

def $read():
    return $var
""",
        fix="""
import threading

$var = 0
$lock = threading.Lock()

def $draw(prefix):
    global $var
    with $lock:
        $var += 1
        return f"{prefix}-{$var}"

def $read():
    with $lock:
        return $var
""",
        themes=themes(
            "draw read var",
            "new_id issued _last_id",
            "name_sample samples_named _samples",
            "next_order orders_taken _orders",
            "make_tag tags_made _tags",
        ),
        scenarios=_module_global,
    ),
    Family(
        id="place_in_line",
        level=1,
        must="Threads call `$add`, which returns the $noun's own position, counted from 1, in `$read()`.",
        bug="""
class $cls:
    def __init__(self):
        self.$var = []

    def $add(self, name):
        self.$var.append(name)
        return len(self.$var)

    def $read(self):
        return list(self.$var)$extra
""",
        fix="""
import threading

class $cls:
    def __init__(self):
        self.$lock = threading.Lock()
        self.$var = []

    def $add(self, name):
        with self.$lock:
            self.$var.append(name)
            return len(self.$var)

    def $read(self):
        with self.$lock:
            return list(self.$var)$extra
""",
        themes=themes(
            "cls add read var noun",
            "WaitList sign_up everyone people name",
            "FinishLine cross ranking _order runner",
            "Journal append entries _lines entry",
            "Playlist enqueue songs _songs song",
        ),
        scenarios=_place_in_line,
    ),
)
