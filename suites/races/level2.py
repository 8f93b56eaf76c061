"""Level 2: check-then-act on a container, lazy initialisation, and locks that are not shared."""

from __future__ import annotations

from .families import Family, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _per_call_lock(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    add, read = w["add"], w["read"]
    a, b, ask = call("o", add, "a"), call("o", add, "b"), call("o", read, "a")
    return (
        Scenario(name="alone", objects=new, threads=((ask, a, a, b, ask, call("o", read, "b")),)),
        Scenario(name="same", objects=new, threads=((a, ask), (a,)), after=(ask,)),
        Scenario(name="other", objects=new, threads=((a, b), (a,)), after=(ask, call("o", read, "b"))),
    )


def _load_once(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], [ref("load")]),)
    hooks = {"load": {"kind": "load"}}
    get = w["get"]
    a, b = call("o", get, "a"), call("o", get, "b")
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((a, b, a, b),)),
        Scenario(name="same", objects=new, hooks=hooks, threads=((a,), (a,)), after=(a,)),
        Scenario(name="mixed", objects=new, hooks=hooks, threads=((a, b), (b,)), after=(a, b)),
    )


def _lazy_single(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], [ref("make")]),)
    hooks = {"make": {"kind": "make"}}
    get = call("o", w["get"])
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((get, get),)),
        Scenario(name="two", objects=new, hooks=hooks, threads=((get,), (get,)), after=(get,)),
    )


def _register_once(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    put, get = w["put"], w["get"]
    ask = call("o", get, "k")
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((ask, call("o", put, "k", 1), call("o", put, "k", 2), ask, call("o", put, "j", 3), ask),),
        ),
        Scenario(
            name="same", objects=new, threads=((call("o", put, "k", 1), ask), (call("o", put, "k", 2),)), after=(ask,)
        ),
    )


def _claim_job(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], [["x", "y"]]),)
    claim, owner = w["claim"], w["owner"]
    ask = call("o", owner, "x")
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=(
                (ask, call("o", claim, "x", "ann"), call("o", claim, "x", "bob"), call("o", claim, "z", "bob"), ask),
            ),
        ),
        Scenario(
            name="same",
            objects=new,
            threads=((call("o", claim, "x", "ann"),), (call("o", claim, "x", "bob"),)),
            after=(ask, call("o", claim, "y", "eve")),
        ),
    )


def _group_append(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    add, read = w["add"], w["read"]
    ask = call("o", read, "g")
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((ask, call("o", add, "g", 1), call("o", add, "h", 2), call("o", add, "g", 3), ask),),
        ),
        Scenario(
            name="same", objects=new, threads=((call("o", add, "g", 1),), (call("o", add, "g", 2),)), after=(ask,)
        ),
    )


def _iterate_while_adding(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    put, total = w["put"], call("o", w["total"])
    a, b = call("o", put, "a", 3), call("o", put, "b", w["n"])
    return (
        Scenario(name="alone", objects=new, threads=((total, a, total, b, call("o", put, "a", 1), total),)),
        Scenario(name="two", objects=new, threads=((a, total), (b,)), after=(total,)),
        Scenario(name="three", objects=new, threads=((a, b), (total,)), after=(total,)),
    )


def _class_counter(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []), ("p", w["cls"], []))
    up, down, read = w["up"], w["down"], call("o", w["read"])
    return (
        Scenario(
            name="alone",
            objects=new,
            threads=((read, call("o", up), call("p", up), call("p", w["read"]), call("o", down), read),),
        ),
        Scenario(name="two", objects=new, threads=((call("o", up),), (call("p", up),)), after=(read,)),
        Scenario(name="leave", objects=new, threads=((call("o", up), call("o", down)), (call("p", up),)), after=(read,)),
    )


def _deque_pop(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    put, take = w["put"], call("o", w["take"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=new, threads=((take, one, two, take, take, take),)),
        Scenario(name="two", objects=new, threads=((one, take), (take,)), after=(take,)),
    )


def _queue_empty_get(w: Words) -> tuple[Scenario, ...]:
    new = (("o", w["cls"], []),)
    put, take = w["put"], call("o", w["take"])
    one, two = call("o", put, "one"), call("o", put, "two")
    return (
        Scenario(name="alone", objects=new, threads=((take, one, two, take, take, take),)),
        Scenario(name="two", objects=new, threads=((one, take), (take,)), after=(take,)),
    )


FAMILIES = (
    Family(
        id="per_call_lock",
        level=2,
        must="Threads call `$add`. `$read` must return exactly how often `$add` was called for that $noun.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$var = {}

    def $add(self, $noun):
        lock = $Lock
        with lock:
            self.$var[$noun] = self.$var.get($noun, 0) + 1

    def $read(self, $noun):
        lock = $Lock
        with lock:
            return self.$var.get($noun, 0)$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.lock = $Lock
        self.$var = {}

    def $add(self, $noun):
        with self.lock:
            self.$var[$noun] = self.$var.get($noun, 0) + 1

    def $read(self, $noun):
        with self.lock:
            return self.$var.get($noun, 0)$extra
''',
        themes=themes(
            "cls add read var noun",
            "Votes cast votes_for _votes party",
            "WordCount see count _words word",
            "PageHits hit hits _hits page",
            "Census tally number_of _seen species",
        ),
        scenarios=_per_call_lock,
    ),
    Family(
        id="load_once",
        level=2,
        must="Threads call `$get`. `load` is slow: it must be called only once for each $noun.",
        bug='''
class $cls:
    def __init__(self, load):
        self.load = load
        self.$var = {}

    def $get(self, $noun):
        if $noun not in self.$var:
            self.$var[$noun] = self.load($noun)
        return self.$var[$noun]$extra
''',
        fix='''
import threading

class $cls:
    def __init__(self, load):
        self.$lock = threading.Lock()
        self.load = load
        self.$var = {}

    def $get(self, $noun):
        with self.$lock:
            if $noun not in self.$var:
                self.$var[$noun] = self.load($noun)
            return self.$var[$noun]$extra
''',
        themes=themes(
            "cls get var noun",
            "PriceCache price _prices article",
            "Avatars avatar images user",
            "Dictionary translate _known word",
            "Tiles tile _tiles position",
        ),
        scenarios=_load_once,
    ),
    Family(
        id="lazy_single",
        level=2,
        must="Threads call `$get`. All of them must get the same $noun, and `make` must be called only once.",
        bug='''
$imp

class $cls:
    def __init__(self, make):
        self.make = make
        self.$lock = $Lock
        self.$var = None

    def $get(self):
        if self.$var is None:
            with self.$lock:
                self.$var = self.make()
        return self.$var$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self, make):
        self.make = make
        self.$lock = $Lock
        self.$var = None

    def $get(self):
        with self.$lock:
            if self.$var is None:
                self.$var = self.make()
            return self.$var$extra
''',
        themes=themes(
            "cls get var noun",
            "Database connection _connection connection",
            "Fonts font _font font",
            "ModelHolder model _model model",
            "Radio antenna _antenna antenna",
        ),
        scenarios=_lazy_single,
    ),
    Family(
        id="register_once",
        level=2,
        must="Threads call `$put`. The first $noun for a name wins and stays; only that call returns True.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = {}

    def $put(self, name, $noun):
        if name in self.$var:
            return False
        with self.$lock:
            self.$var[name] = $noun
        return True

    def $get(self, name):
        return self.$var.get(name)$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = {}

    def $put(self, name, $noun):
        with self.$lock:
            if name in self.$var:
                return False
            self.$var[name] = $noun
            return True

    def $get(self, name):
        with self.$lock:
            return self.$var.get(name)$extra
''',
        themes=themes(
            "cls put get var noun",
            "Plugins register find _plugins plugin",
            "Usernames reserve holder _names account",
            "Domains buy owner_of _domains owner",
            "Hosts assign address _hosts ip",
        ),
        scenarios=_register_once,
    ),
    Family(
        id="claim_job",
        level=2,
        must="Threads call `$claim`. Each $noun may be given to one worker only; a $noun that is gone gives False.",
        bug='''
class $cls:
    def __init__(self, $var):
        self.$var = set($var)
        self.taken = {}

    def $claim(self, $noun, worker):
        if $noun not in self.$var:
            return False
        self.$var.remove($noun)
        self.taken[$noun] = worker
        return True

    def $owner(self, $noun):
        return self.taken.get($noun)$extra
''',
        fix='''
import threading

class $cls:
    def __init__(self, $var):
        self.$lock = threading.Lock()
        self.$var = set($var)
        self.taken = {}

    def $claim(self, $noun, worker):
        with self.$lock:
            if $noun not in self.$var:
                return False
            self.$var.remove($noun)
            self.taken[$noun] = worker
            return True

    def $owner(self, $noun):
        with self.$lock:
            return self.taken.get($noun)$extra
''',
        themes=themes(
            "cls claim owner var noun",
            "Board claim worker_of jobs job",
            "TaxiStand accept driver_of rides ride",
            "Kitchen cook cook_of dishes dish",
            "Backlog pull assignee stories story",
        ),
        scenarios=_claim_job,
    ),
    Family(
        id="group_append",
        level=2,
        must="Threads call `$add`. No $noun may be lost: `$read` must list them all.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = {}

    def $add(self, $key, $noun):
        if $key not in self.$var:
            self.$var[$key] = []
        with self.$lock:
            self.$var[$key].append($noun)

    def $read(self, $key):
        return list(self.$var.get($key, ()))$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = {}

    def $add(self, $key, $noun):
        with self.$lock:
            if $key not in self.$var:
                self.$var[$key] = []
            self.$var[$key].append($noun)

    def $read(self, $key):
        with self.$lock:
            return list(self.$var.get($key, ()))$extra
''',
        themes=themes(
            "cls add read var key noun",
            "Mailboxes deliver letters _boxes owner letter",
            "Index note pages_of _pages term page",
            "Teams join players _teams team player",
            "Albums add_photo photos _albums album photo",
        ),
        scenarios=_group_append,
    ),
    Family(
        id="iterate_while_adding",
        level=2,
        must="Threads call `$put` and `$total` at any time. Neither may ever fail, and `$total` must be a sum of whole "
        "entries.",
        bug='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = {}

    def $put(self, $key, $noun):
        with self.$lock:
            self.$var[$key] = $noun

    def $total(self):
        result = 0
        for $noun in self.$var.values():
            result += $noun
        return result$extra
''',
        fix='''
$imp

class $cls:
    def __init__(self):
        self.$lock = $Lock
        self.$var = {}

    def $put(self, $key, $noun):
        with self.$lock:
            self.$var[$key] = $noun

    def $total(self):
        result = 0
        with self.$lock:
            for $noun in self.$var.values():
                result += $noun
        return result$extra
''',
        themes=themes(
            "cls put total var key noun",
            "Cart set_price total _prices article price",
            "Fleet set_load total_load _loads truck load",
            "Payroll set_wage wages _wages person wage",
            "Shelf set_weight weight _weights box weight",
        ),
        numbers={"n": (5, 8, 20)},
        scenarios=_iterate_while_adding,
    ),
    Family(
        id="class_counter",
        level=2,
        must="Each thread has its own $cls. `$read` must return how many are $noun over all of them.",
        bug='''
$imp

class $cls:
    $var = 0

    def __init__(self):
        self.$lock = $Lock

    def $up(self):
        with self.$lock:
            $cls.$var += 1

    def $down(self):
        with self.$lock:
            $cls.$var -= 1

    def $read(self):
        return $cls.$var$extra
''',
        fix='''
$imp

class $cls:
    $var = 0
    $lock = $Lock

    def $up(self):
        with $cls.$lock:
            $cls.$var += 1

    def $down(self):
        with $cls.$lock:
            $cls.$var -= 1

    def $read(self):
        with $cls.$lock:
            return $cls.$var$extra
''',
        themes=themes(
            "cls up down read var noun",
            "Session open close sessions _open open",
            "Door unlock secure unlocked _unlocked unlocked",
            "Call dial hang_up calls _active active",
            "Timer begin stop timers _running running",
        ),
        scenarios=_class_counter,
    ),
    Family(
        id="deque_pop",
        level=2,
        must="Threads call `$put` and `$take`. `$take` returns the oldest $noun, or None when there is none; it must "
        "never fail.",
        bug='''
from collections import deque

class $cls:
    def __init__(self):
        self.$var = deque()

    def $put(self, $noun):
        self.$var.append($noun)

    def $take(self):
        if len(self.$var) == 0:
            return None
        return self.$var.popleft()$extra
''',
        fix='''
import threading
from collections import deque

class $cls:
    def __init__(self):
        self.$lock = threading.Lock()
        self.$var = deque()

    def $put(self, $noun):
        with self.$lock:
            self.$var.append($noun)

    def $take(self):
        with self.$lock:
            if len(self.$var) == 0:
                return None
            return self.$var.popleft()$extra
''',
        themes=themes(
            "cls put take var noun",
            "Outbox post next_mail _mails mail",
            "PrintQueue submit next_page _pages page",
            "Depot park next_bus _buses bus",
            "Inbox receive next_order _orders order",
        ),
        scenarios=_deque_pop,
    ),
    Family(
        id="queue_empty_get",
        level=2,
        must="Threads call `$put` and `$take`. `$take` must never wait: it returns the oldest $noun, or None when there "
        "is none.",
        bug='''
import queue

class $cls:
    def __init__(self):
        self.$var = queue.Queue()

    def $put(self, $noun):
        self.$var.put($noun)

    def $take(self):
        if self.$var.empty():
            return None
        return self.$var.get()$extra
''',
        fix='''
import queue

class $cls:
    def __init__(self):
        self.$var = queue.Queue()

    def $put(self, $noun):
        self.$var.put($noun)

    def $take(self):
        try:
            return self.$var.get_nowait()
        except queue.Empty:
            return None$extra
''',
        themes=themes(
            "cls put take var noun",
            "Radar report next_echo _echoes echo",
            "Printer submit next_page _pages page",
            "Crawler found next_link _links link",
            "Counter arrive next_guest _guests guest",
        ),
        scenarios=_queue_empty_get,
    ),
)
