"""Level 2: check-then-act on dictionaries, and locks that are not shared."""

from __future__ import annotations

from .families import Family, Objects, Scenario, Words, call, ref, themes

__all__ = ["FAMILIES"]


def _per_call_lock(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
    add, read = w["add"], w["read"]
    a, b, ask = call("o", add, "a"), call("o", add, "b"), call("o", read, "a")
    return (
        Scenario(name="alone", objects=new, threads=((ask, a, a, b, ask, call("o", read, "b")),)),
        Scenario(name="same", objects=new, threads=((a, ask), (a,)), after=(ask,)),
        Scenario(name="other", objects=new, threads=((a, b), (a,)), after=(ask, call("o", read, "b"))),
    )


def _load_once(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], [ref("load")]),)
    hooks = {"load": {"kind": "load"}}
    get = w["get"]
    a, b = call("o", get, "a"), call("o", get, "b")
    return (
        Scenario(name="alone", objects=new, hooks=hooks, threads=((a, b, a, b),)),
        Scenario(name="same", objects=new, hooks=hooks, threads=((a,), (a,)), after=(a,)),
        Scenario(name="mixed", objects=new, hooks=hooks, threads=((a, b), (b,)), after=(a, b)),
    )


def _register_once(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
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


def _group_append(w: Words) -> tuple[Scenario, ...]:
    new: Objects = (("o", w["cls"], []),)
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
    new: Objects = (("o", w["cls"], []),)
    put, total = w["put"], call("o", w["total"])
    a, b = call("o", put, "a", 3), call("o", put, "b", w["n"])
    return (
        Scenario(name="alone", objects=new, threads=((total, a, total, b, call("o", put, "a", 1), total),)),
        Scenario(name="two", objects=new, threads=((a, total), (b,)), after=(total,)),
        Scenario(name="three", objects=new, threads=((a, b), (total,)), after=(total,)),
    )


FAMILIES = (
    Family(
        id="per_call_lock",
        level=2,
        must="Threads call `$add`. `$read` must return exactly how often `$add` was called for that $noun.",
        bug="""
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
""",
        fix="""
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
""",
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
        bug="""
class $cls:
    def __init__(self, load):
        self.load = load
        self.$var = {}

    def $get(self, $noun):
        if $noun not in self.$var:
            self.$var[$noun] = self.load($noun)
        return self.$var[$noun]$extra
""",
        fix="""
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
""",
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
        id="register_once",
        level=2,
        must="Threads call `$put`. The first $noun for a name wins and stays; only that call returns True.",
        bug="""
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
""",
        fix="""
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
""",
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
        id="group_append",
        level=2,
        must="Threads call `$add`. No $noun may be lost: `$read` must list them all.",
        bug="""
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
""",
        fix="""
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
""",
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
        bug="""
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
""",
        fix="""
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
""",
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
)
