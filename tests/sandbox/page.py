"""docs/sandbox.md: what stops what, written from the tables that the tests hold against real attacks.

As a program it writes the page.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from sandbox.attacks import ALWAYS, ATTACKS, Attack
from sandbox.graders import NAIVE
from sandbox.spoofed import SPOOFED, source

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "sandbox.md"

HEAD = """\
# What the sandbox stops

Written by `python tests/sandbox/page.py` from the tables behind `tests/sandbox/test_hostile.py` and
`tests/sandbox/test_spoofs.py`. Every line is held against real processes, as root and as an ordinary user: a program
works where all that stops it is left out, and each layer that is named stops it alone, in the way that is given.
`tierfloor doctor` says which layers there are on a machine.

## Layers

| layer | what it is |
|---|---|
| namespaces | names, processes, network, users, hosts and IPC of its own; a read-only root with little in it; one small disk |
| landlock | which files may be touched at all; no TCP; from its version 6 no abstract sockets and signals outwards |
| seccomp | which calls of the kernel may be made; stricter where there are no namespaces |
| limits | seconds of CPU, memory, file size and open files of each process; the number of processes |
| uid | a user of its own for every session, without capabilities; only root can give one |
| environment | an empty environment, from before the interpreter starts |
| always | one conversation with a deadline and a bound for each reply; closed descriptors; no gain by a file's mode; the end of all processes |

## Attacks

"Stopped by" gives each layer that is enough, with how the program ends: the error of the kernel, what the session
raises, or "no effect". The other columns say what comes of it with all layers, and with all but the namespaces, which
is what is left where a machine forbids them.
"""
NOT = """\
## What is not stopped

With all layers:

{always}
Without namespaces also:

{weak}
None of these reads a secret or changes an answer. A session may use `processes` times the memory and the seconds of one
process: its wall seconds and the machine bound the sum, and where memory runs out the kernel ends a candidate first.
An ordinary user's processes are counted over the whole machine then, so their bound is wide: 16 times as many.
Where Landlock is older, seccomp alone stops signals and abstract sockets (before version 6) and TCP (before version 4).
Faults of the kernel itself are not tried here.
"""
FORGED = """\
## Forged verdicts

Each forgery is shown to fool a grader with one weakness of graders that were in use, and how it ends for a checker that
holds the expected answers itself and only compares, with the exact type, what comes back from a session.

{weaknesses}"""


def page() -> str:
    """The whole page."""
    attacks = table(("program", "what it is after", "stopped by", "all layers", "no namespaces"), map(attack, ATTACKS))
    spoofs = table(("answer", "what it does", "fools", "how it ends"), map(spoof, SPOOFED))
    weaknesses = table(
        ("grader", "its weakness"), ((name, lowered(each.__doc__ or "")) for name, each in NAIVE.items())
    )
    open_always = [each for each in ATTACKS if not each.stops]
    open_weak = [each for each in ATTACKS if each.stops and not weak(each)]
    parts = (
        HEAD,
        attacks,
        NOT.format(always=named(open_always), weak=named(open_weak)),
        FORGED.format(weaknesses=weaknesses),
        spoofs,
    )
    return "\n".join(parts)


def attack(each: Attack) -> tuple[str, ...]:
    stops = ", ".join(f"{layer} ({how})" for layer, how in sorted(each.stops.items())) or "nothing"
    after = f"{each.aim} (only root could)" if "root" in each.needs else each.aim
    without = "stopped" if weak(each) else "works"
    return f"`{each.name}`", after, stops, "stopped" if each.stops else "works", without


def weak(each: Attack) -> bool:
    """Whether it is stopped without namespaces for whoever could try it: an ordinary user has no identity to give up."""
    counted = {"landlock", "seccomp", "limits", "environment", ALWAYS}
    return bool(each.stops.keys() & (counted | {"uid"} if "root" in each.needs else counted))


def spoof(name: str) -> tuple[str, ...]:
    fooled = SPOOFED[name]
    sentence = ast.get_docstring(ast.parse(source(name))) or ""
    return f"`{name}`", lowered(sentence), f"{fooled.grader} ({fooled.verdict})", fooled.ends


def lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def named(attacks: Iterable[Attack]) -> str:
    return "".join(f"- {each.aim} (`{each.name}`)\n" for each in attacks)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in _lines(head, rows))


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield head
    yield ["---"] * len(head)
    yield from rows


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
