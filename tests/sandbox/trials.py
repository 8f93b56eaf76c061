"""How a hostile program is let loose: in a session with some layers left out, or in a plain subprocess for comparison."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sandbox.attacks import Attack, Told
from sandbox.outside import Outside

from harness.sandbox import CandidateFault, session

__all__ = ["plain", "tried"]

WEAPONS = Path(__file__).with_name("weapons.py").read_text()

# Both forms run it: `receive` and `send` come from the session's bootstrap or from PLAIN.
DRIVER = """
import os, stat, sys, types

def load(weapons, attack):
    module = types.ModuleType("sandbox.weapons")
    sys.modules.update({"sandbox": types.ModuleType("sandbox"), "sandbox.weapons": module})
    exec(compile(weapons, "weapons.py", "exec"), module.__dict__)
    names = {"__name__": "candidate"}
    exec(compile(attack, "candidate.py", "exec"), names)
    return module.what_stopped, names["attack"]

def way_out():
    for number in (*range(3, 64), 1):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            return number

what_stopped = attack = None
while True:
    message = receive()
    if message.get("list"):
        send([os.getcwd(), os.listdir()])
    elif "attack" in message:
        what_stopped, attack = load(**message)
        send(way_out())
    else:
        try:
            told = {"value": attack(message)}
        except BaseException as error:
            told = {"stopped": what_stopped(error)}
        send(told)
"""
PLAIN = """
import json, sys
def receive():
    line = sys.stdin.readline()
    if not line:
        raise SystemExit
    return json.loads(line)
def send(value):
    print(json.dumps(value), flush=True)
"""


def tried(attack: Attack, outside: Outside, without: frozenset[str] = frozenset()) -> str:
    """How an attack ends without these layers: "worked" if its effect is seen, else how it was stopped."""
    mark = new_mark(outside)
    told = Told(mark=mark)
    try:
        with ExitStack() as stack:
            neighbour = stack.enter_context(session(DRIVER, attack.limits, without=without)) if attack.beside else None
            talk = stack.enter_context(session(DRIVER, attack.limits, without=without))
            world = outside.world(mark) | {"reply": talk.call(parts(attack)), "late": 1.0, "too_long": 1.5}
            if neighbour:
                world["neighbour"] = neighbour.call({"list": True})[0]
            told = replace(told, **talk.call(world, attack.seconds))
            told = replace(told, beside=tuple(neighbour.call({"list": True})[1]) if neighbour else ())
            if attack.restarts:
                talk.restart()
            if not attack.after:
                return ending(attack, outside, told)
    except CandidateFault as fault:
        told = replace(told, stopped=type(fault).__name__)
    return ending(attack, outside, told)


def plain(attack: Attack, outside: Outside) -> str:
    """How it ends for a grader that starts a subprocess, reads a line and keeps what is printed."""
    mark = new_mark(outside)
    told = Told(mark=mark)
    with outside.hidden.open("rb") as kept:
        os.set_inheritable(kept.fileno(), True)
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", PLAIN + DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            close_fds=False,
        )
        try:
            world = outside.world(mark) | {"reply": 1, "late": 1.0, "too_long": 1.5}
            said, printed = process.communicate("".join(json.dumps(each) + "\n" for each in (parts(attack), world)))
            line = said.splitlines()[1]
            told = replace(told, **json.loads(line))
        except RecursionError as fallen:
            told = replace(told, value=type(fallen).__name__)
        finally:
            process.kill()
            process.wait()
    return ending(attack, outside, replace(told, printed=len(printed)))


def parts(attack: Attack) -> dict[str, str]:
    return {"weapons": WEAPONS, "attack": attack.source}


def new_mark(outside: Outside) -> str:
    """A name no longer than a process may have, and the targets as they were."""
    outside.restore()
    return f"tf{secrets.token_hex(6)}"


def ending(attack: Attack, outside: Outside, told: Told) -> str:
    """What is seen from outside decides, before anything that the program says."""
    if attack.worked(outside, told):
        return "worked"
    return told.stopped or "no effect"
