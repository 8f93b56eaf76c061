"""Level 5: waking those who wait, with a comment that misleads."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, themes

__all__ = ["FAMILIES"]


def _one_signal(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [1]),)
    put, take, size = w["put"], call("o", w["take"]), call("o", w["size"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=(("o", w["cls"], [2]),), threads=((one, two, size, take, take, size),)),
        Scenario(name="crowd", objects=new, threads=((take,), (take,), (one,), (two,)), after=(size,), bound=0),
        Scenario(name="waits", objects=new, threads=((one, two), (take,)), after=(size,)),
    )


def _close_wakes_one(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    put, take, close = w["put"], call("o", w["take"]), call("o", w["close"])
    one = call("o", put, "one")
    return (
        Scenario(name="alone", objects=new, threads=((one, take, one, close, take, take),)),
        Scenario(name="closed", objects=new, threads=((take,), (take,), (close,)), after=(take,), bound=1),
        Scenario(name="rest", objects=new, threads=((take, take), (one, close)), after=(take,)),
    )


def _signal_saved(w: Words) -> tuple[Scenario, ...]:
    take, back, read = call("o", w["take"]), call("o", w["back"]), call("o", w["read"])

    def new(n: int) -> Objects:
        return (("o", w["cls"], [n]),)

    return (
        Scenario(name="alone", objects=new(2), threads=((read, take, take, read, back, read, back, read),)),
        Scenario(name="both", objects=new(0), threads=((take,), (take,), (back, back)), after=(read,), bound=1),
        Scenario(name="one", objects=new(1), threads=((take, back), (take, back)), after=(read,)),
        Scenario(name="rivals", objects=new(0), threads=((take,), (take,), (back,)), bound=1),
    )


FAMILIES = (
    Family(
        id="one_signal",
        level=5,
        must="Threads call `$put` and `$take`. `$put` waits while the $thing is full, `$take` while it is empty; nobody "
        "may wait for ever if it could go on.",
        bug="""
import threading

class $cls:
    def __init__(self, size):
        self.changed = threading.Condition()
        self.limit = size
        self.$var = []

    def $put(self, $noun):
        with self.changed:
            while len(self.$var) >= self.limit:
                self.changed.wait()
            self.$var.append($noun)
            # one $noun helps one waiting thread, so one signal is enough
            self.changed.notify()

    def $take(self):
        with self.changed:
            while not self.$var:
                self.changed.wait()
            $noun = self.$var.pop(0)
            self.changed.notify()
            return $noun

    def $size(self):
        with self.changed:
            return len(self.$var)
""",
        fix="""
import threading

class $cls:
    def __init__(self, size):
        self.changed = threading.Condition()
        self.limit = size
        self.$var = []

    def $put(self, $noun):
        with self.changed:
            while len(self.$var) >= self.limit:
                self.changed.wait()
            self.$var.append($noun)
            self.changed.notify_all()

    def $take(self):
        with self.changed:
            while not self.$var:
                self.changed.wait()
            $noun = self.$var.pop(0)
            self.changed.notify_all()
            return $noun

    def $size(self):
        with self.changed:
            return len(self.$var)
""",
        themes=themes(
            "cls put take size var noun thing",
            "Buffer write read fill_level _chunks chunk buffer",
            "Counter serve eat plates _dishes dish counter",
            "Dock moor depart moored _ships ship dock",
        ),
        scenarios=_one_signal,
    ),
    Family(
        id="close_wakes_one",
        level=5,
        must="Threads call all methods. `$take` waits for the next $noun; after `$close` the rest is handed out, then every "
        "`$take` returns None. Nobody may wait after `$close`.",
        bug="""
import threading

class $cls:
    def __init__(self):
        self.changed = threading.Condition()
        self.$var = []
        self.closed = False

    def $put(self, $noun):
        with self.changed:
            self.$var.append($noun)
            self.changed.notify()

    def $close(self):
        with self.changed:
            self.closed = True
            # threads that are woken up pass the news on
            self.changed.notify()

    def $take(self):
        with self.changed:
            while not self.$var and not self.closed:
                self.changed.wait()
            if self.$var:
                return self.$var.pop(0)
            return None
""",
        fix="""
import threading

class $cls:
    def __init__(self):
        self.changed = threading.Condition()
        self.$var = []
        self.closed = False

    def $put(self, $noun):
        with self.changed:
            self.$var.append($noun)
            self.changed.notify()

    def $close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def $take(self):
        with self.changed:
            while not self.$var and not self.closed:
                self.changed.wait()
            if self.$var:
                return self.$var.pop(0)
            return None
""",
        themes=themes(
            "cls put take close var noun",
            "Feed push next_item close _items item",
            "Kiosk queue_up next_guest shut _guests guest",
            "Pipe send receive finish _packets packet",
        ),
        scenarios=_close_wakes_one,
    ),
    Family(
        id="signal_saved",
        level=5,
        must="Threads call `$take` and `$back`. `$take` waits while no $noun is free; nobody may wait while one is free, "
        "and `$read` never goes below 0.",
        bug="""
import threading

class $cls:
    def __init__(self, $var):
        self.changed = threading.Condition()
        self.$var = $var

    def $take(self):
        with self.changed:
            while self.$var == 0:
                self.changed.wait()
            self.$var -= 1

    def $back(self):
        with self.changed:
            self.$var += 1
            # threads wait only at zero: no need to wake them more often
            if self.$var == 1:
                self.changed.notify()

    def $read(self):
        with self.changed:
            return self.$var
""",
        fix="""
import threading

class $cls:
    def __init__(self, $var):
        self.changed = threading.Condition()
        self.$var = $var

    def $take(self):
        with self.changed:
            while self.$var == 0:
                self.changed.wait()
            self.$var -= 1

    def $back(self):
        with self.changed:
            self.$var += 1
            self.changed.notify()

    def $read(self):
        with self.changed:
            return self.$var
""",
        themes=themes(
            "cls take back read var noun",
            "Licenses check_out check_in available free license",
            "Tables seat clear free_tables tables table",
            "Cranes lease give_back idle_cranes idle crane",
        ),
        scenarios=_signal_saved,
    ),
)
