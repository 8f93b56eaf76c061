"""Level 5: waiting for a change, with a comment that misleads."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, themes

__all__ = ["FAMILIES"]


def _if_not_while(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    put, take, size = w["put"], call("o", w["take"]), call("o", w["size"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=new, threads=((one, two, size, take, take, size),)),
        Scenario(name="stolen", objects=new, threads=((take,), (take,), (one, two)), after=(size,), bound=1),
        Scenario(name="waits", objects=new, threads=((take,), (one,)), after=(size,)),
    )


def _event_cleared(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    put, take = w["put"], call("o", w["take"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=new, threads=((one, two, take, one, take),)),
        Scenario(name="again", objects=new, threads=((take, take), (one, two))),
        Scenario(name="rivals", objects=new, threads=((take,), (take,), (one,)), bound=1),
    )


def _late_wait(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [2]),)
    down, wait, read = call("o", w["down"]), call("o", w["wait"]), call("o", w["read"])
    return (
        Scenario(name="alone", objects=new, threads=((read, down, read, down, wait, read, down, read),)),
        Scenario(name="late", objects=(("o", w["cls"], [1]),), threads=((wait, read), (down,))),
        Scenario(name="two", objects=new, threads=((wait, read), (down,), (down,)), bound=1),
    )


FAMILIES = (
    Family(
        id="if_not_while",
        level=5,
        must="Threads call `$put` and `$take`. `$take` waits for a $noun and returns the oldest; it must never fail, and "
        "nobody may wait while there is a $noun.",
        bug="""
import threading

class $cls:
    def __init__(self):
        self.changed = threading.Condition()
        self.$var = []

    def $put(self, $noun):
        with self.changed:
            self.$var.append($noun)
            # wake everybody, so that nobody sleeps for ever
            self.changed.notify_all()

    def $take(self):
        with self.changed:
            if not self.$var:
                self.changed.wait()
            # we hold the lock again, so there is a $noun now
            return self.$var.pop(0)

    def $size(self):
        with self.changed:
            return len(self.$var)
""",
        fix="""
import threading

class $cls:
    def __init__(self):
        self.changed = threading.Condition()
        self.$var = []

    def $put(self, $noun):
        with self.changed:
            self.$var.append($noun)
            self.changed.notify_all()

    def $take(self):
        with self.changed:
            while not self.$var:
                self.changed.wait()
            return self.$var.pop(0)

    def $size(self):
        with self.changed:
            return len(self.$var)
""",
        themes=themes(
            "cls put take size var noun",
            "Mailbox post fetch unread letters letter",
            "Conveyor load unload on_belt parcels parcel",
            "Hotline call_in answer waiting callers caller",
        ),
        scenarios=_if_not_while,
    ),
    Family(
        id="event_cleared",
        level=5,
        must="Threads call `$put` and `$take`. `$take` waits until there is a $noun and returns all that are new, never an "
        "empty list; nobody may wait while there is one.",
        bug="""
import threading

class $cls:
    def __init__(self):
        self.lock = threading.Lock()
        self.some = threading.Event()
        self.$var = []

    def $put(self, $noun):
        with self.lock:
            self.$var.append($noun)
        self.some.set()

    def $take(self):
        self.some.wait()
        with self.lock:
            batch = self.$var
            self.$var = []
        # everything is taken, so the next call has to wait again
        self.some.clear()
        return batch
""",
        fix="""
import threading

class $cls:
    def __init__(self):
        self.some = threading.Condition()
        self.$var = []

    def $put(self, $noun):
        with self.some:
            self.$var.append($noun)
            self.some.notify()

    def $take(self):
        with self.some:
            while not self.$var:
                self.some.wait()
            batch = self.$var
            self.$var = []
            return batch
""",
        themes=themes(
            "cls put take var noun",
            "Doorbell ring answer visitors visitor",
            "Watcher report collect _warnings warning",
            "Harbor arrive unload_all _boats boat",
        ),
        scenarios=_event_cleared,
    ),
    Family(
        id="late_wait",
        level=5,
        must="Threads call all methods. `$wait` returns once `$down` was called often enough to bring `$read` to 0 "
        "(never below), also if that happens just before it waits.",
        bug="""
import threading

class $cls:
    def __init__(self, $var):
        self.done = threading.Condition()
        self.$var = $var

    def $down(self):
        with self.done:
            if self.$var > 0:
                self.$var -= 1
            if self.$var == 0:
                self.done.notify_all()

    def $wait(self):
        # no lock is needed to look: the number only ever gets smaller
        while self.$var > 0:
            with self.done:
                self.done.wait()

    def $read(self):
        with self.done:
            return self.$var
""",
        fix="""
import threading

class $cls:
    def __init__(self, $var):
        self.done = threading.Condition()
        self.$var = $var

    def $down(self):
        with self.done:
            if self.$var > 0:
                self.$var -= 1
            if self.$var == 0:
                self.done.notify_all()

    def $wait(self):
        with self.done:
            while self.$var > 0:
                self.done.wait()

    def $read(self):
        with self.done:
            return self.$var
""",
        themes=themes(
            "cls down wait read var",
            "Countdown tick wait_for_zero left _left",
            "Latch count_down join pending _count",
            "Convoy arrived wait_for_all missing _missing",
        ),
        scenarios=_late_wait,
    ),
)
