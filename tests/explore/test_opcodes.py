"""Switch points: what may touch shared state is one, what is known to be a thread's own is not."""

from __future__ import annotations

import dis
import sys
from types import CodeType

import pytest

from harness.explore.opcodes import _LOCAL, _LOCAL_BY_VERSION, SUPPORTED, Points

SOURCE = """
total = 0
STEP = 3
class Box:
    def __init__(self):
        self.lock = object()
        self.items = []
        self.value = 0
    def use(self, n):
        global total
        with self.lock:
            self.items.append(n)
        self.value = n + STEP
        total = total + 1
        for each in self.items:
            n += each
"""


def watched(source: str, name: str, **options: tuple[int, int]) -> list[tuple[str, object, bool]]:
    module = compile(source, "<candidate>", "exec")
    points = Points(module, **options)
    code = next(code for code in points.codes if code.co_name == name)
    return [
        (i.opname, i.argval, points[code][i.offset]) for i in dis.get_instructions(code) if i.offset in points[code]
    ]


def test_shared_reads_and_writes_are_points() -> None:
    found = [(opname, value) for opname, value, switch in watched(SOURCE, "use") if switch]

    assert ("STORE_ATTR", "value") in found
    assert [pair for pair in found if pair[1] == "total"] == [("LOAD_GLOBAL", "total"), ("STORE_GLOBAL", "total")]
    assert {"BEFORE_WITH", "CALL", "FOR_ITER"} <= {opname for opname, _ in found}
    assert ("LOAD_ATTR", "items") in found


def test_what_never_changes_or_is_local_is_no_point() -> None:
    found = [value for _, value, switch in watched(SOURCE, "use") if switch]

    assert "STEP" not in found
    assert "lock" not in found
    assert "n" not in found
    assert found.count("items") == 1, "read before a method call the list is reached by the call's own point"


def test_an_attribute_bound_outside_init_is_always_a_point() -> None:
    source = SOURCE + "    def swap(self):\n        self.items = []\n        self.lock = None\n"
    found = [value for _, value, switch in watched(source, "use") if switch]

    assert found.count("items") == 2
    assert "lock" in found


@pytest.mark.parametrize("trick", ["setattr(Box, 'lock', 1)", "globals()['STEP'] = 2", "Box.__dict__"])
def test_a_module_that_can_bind_names_unseen_gets_all_points(trick: str) -> None:
    found = [value for _, value, switch in watched(SOURCE + trick, "use") if switch]

    assert {"STEP", "lock", "items"} <= set(found)


def test_in_place_arithmetic_is_a_point_and_plain_is_not() -> None:
    source = "def f(a, b):\n    a += b\n    c = a + b\n"

    assert [switch for opname, _, switch in watched(source, "f") if opname == "BINARY_OP"] == [True]


def test_loops_are_counted_without_being_points() -> None:
    found = watched("def f():\n    while True:\n        pass\n", "f")

    assert len(found) == 1
    assert "JUMP_BACKWARD" in found[0][0]
    assert found[0][2] is False


def test_an_unknown_version_only_adds_points() -> None:
    known = {place[:2] for place in watched(SOURCE, "use") if place[2]}
    unknown = {place[:2] for place in watched(SOURCE, "use", version=(9, 9)) if place[2]}

    assert known < unknown


def test_an_argument_behind_a_prefix_is_watched_at_the_prefix() -> None:
    names = "".join(f"    x.a{i}\n" for i in range(300))
    module = compile(f"def f(x):\n{names}    x.last = 1\n", "<candidate>", "exec")
    points = Points(module)
    code: CodeType = next(code for code in points.codes if code.co_name == "f")
    prefixes = [i.offset for i in dis.get_instructions(code) if i.opname == "EXTENDED_ARG"]

    assert prefixes
    assert all(points[code][offset] for offset in prefixes)


def test_the_lists_name_instructions_that_exist() -> None:
    version = sys.version_info[:2]

    assert version in SUPPORTED
    assert set(_LOCAL_BY_VERSION) == set(SUPPORTED)
    known = _LOCAL | set(_LOCAL_BY_VERSION[version].split())
    renamed = {"FORMAT_VALUE", "KW_NAMES"}  # gone in 3.13
    assert known - renamed <= set(dis.opmap)
