"""Hostile programs, each shown to work where nothing stops it, and to be stopped by exactly what the table names.

The same holds for root and for an ordinary user, at the strongest isolation of this machine and at the weaker ones.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.attacks import ALWAYS, ATTACKS, PROGRAMS, Attack
from sandbox.elsewhere import run_as_somebody
from sandbox.outside import Outside, outside
from sandbox.trials import plain, tried

from harness.sandbox import isolation

HERE = Path(__file__).parent
ROOT = os.geteuid() == 0
SINGLE = [(attack, layer) for attack in ATTACKS for layer in attack.stops if len(attack.stops) > 1]


@pytest.fixture(scope="module")
def targets() -> Iterator[Outside]:
    with outside() as found:
        os.environ["A_SECRET_KEY"] = found.secret
        yield found
        del os.environ["A_SECRET_KEY"]


def possible(attack: Attack, targets: Outside) -> None:
    """Skip what this user or this machine can't do anyway, so that nothing would have to stop it."""
    if "root" in attack.needs and not ROOT:
        pytest.skip("only root could")
    if "x86_64" in attack.needs and platform.machine() != "x86_64":
        pytest.skip("only x86-64 could")
    if "tcp6" in attack.needs and "tcp6" not in targets.links:
        pytest.skip("no IPv6")


def in_force(attack: Attack, without: frozenset[str] = frozenset()) -> set[str]:
    """The layers of this machine that can stand in a program's way. An ordinary user has no identity to give up."""
    found = isolation()
    old = {"landlock"} if found.landlock < attack.landlock else set()
    return {ALWAYS, *found.layers} - without - old - (set() if ROOT else {"uid"})


def named(value: object) -> str:
    return value.name if isinstance(value, Attack) else str(value)


def test_every_program_is_in_the_table() -> None:
    assert {attack.program or attack.name for attack in ATTACKS} == {path.stem for path in PROGRAMS.glob("*.py")}
    assert len(ATTACKS) == len({attack.name for attack in ATTACKS})


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
def test_it_works_where_nothing_stops_it(attack: Attack, targets: Outside) -> None:
    possible(attack, targets)

    ending = plain(attack, targets) if ALWAYS in attack.stops else tried(attack, targets, attack.free)

    if ending in attack.needs:
        pytest.skip(f"not on this machine: {ending}")
    assert ending == "worked"


@pytest.mark.parametrize(("attack", "layer"), SINGLE, ids=named)
def test_one_layer_is_enough(attack: Attack, layer: str, targets: Outside) -> None:
    possible(attack, targets)
    if layer not in in_force(attack):
        pytest.skip(f"no {layer} here")

    assert tried(attack, targets, attack.free - {layer, ALWAYS}) == attack.stops[layer]


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
def test_the_strongest_isolation_of_this_machine(attack: Attack, targets: Outside) -> None:
    possible(attack, targets)

    assert_as_told(attack, tried(attack, targets), in_force(attack))


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
def test_without_namespaces(attack: Attack, targets: Outside) -> None:
    possible(attack, targets)
    without = frozenset({"namespaces"})

    assert_as_told(attack, tried(attack, targets, without), in_force(attack, without))


def assert_as_told(attack: Attack, ending: str, layers: set[str]) -> None:
    """What is stopped must end in the way of one of the layers that stop it; the rest must work, or the table is wrong."""
    stopping = [how for layer, how in attack.stops.items() if layer in layers]
    assert ending in (stopping or {"worked", *attack.needs})


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="this is an ordinary user already")
def test_all_of_this_as_an_ordinary_user() -> None:
    files = [str(HERE / name) for name in ("test_hostile.py", "test_spoofs.py", "test_left.py")]
    options = ["-q", "-p", "no:cacheprovider", "-m", "not slow"]

    done = run_as_somebody(f"import sys, pytest\nsys.exit(pytest.main({options + files}))")

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
