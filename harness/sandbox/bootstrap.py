"""The first code that runs in the child: it takes the limits upon itself, then runs the trusted driver.

The text of this file is handed to `python -c`; nothing imports it. It frames lines and keeps the nonce, so that a
driver has only `receive()` and `send(value)`. Standard input, output and error of whatever runs later are /dev/null.
"""

import json
import os
import resource
import signal
import sys


def _private_channel():
    """The parent's socket, moved away from descriptor 0 so that the candidate's prints and reads don't disturb it."""
    channel = os.dup(0)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    return channel


def _limit(kind, soft, hard):
    """Set one limit, never above what the parent has itself."""
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def _confine(limits):
    """Take the limits; say which of them this system refuses. Only macOS may refuse one, the address space."""
    seconds = limits["cpu_seconds"]
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"])
    _limit(resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"])
    _limit(resource.RLIMIT_CORE, 0, 0)
    refused = []
    try:
        _limit(resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"])
    except (OSError, ValueError) as problem:
        if sys.platform != "darwin":
            raise
        refused.append(f"memory: {problem}")
    # The parent kills at its own deadline; the alarm ends us if the parent itself was killed.
    signal.setitimer(signal.ITIMER_REAL, limits["wall_seconds"] + 10.0)
    return refused


def _run():
    os.environ.clear()
    os.umask(0o077)
    channel = _private_channel()
    encode = json.JSONEncoder(allow_nan=False).encode
    decode = json.JSONDecoder().decode
    read, write = os.read, os.write
    state = {"buffer": b"", "nonce": None, "start": None}

    def take():
        while b"\n" not in state["buffer"]:
            piece = read(channel, 1 << 16)
            if not piece:
                os._exit(0)
            state["buffer"] += piece
        line, _, state["buffer"] = state["buffer"].partition(b"\n")
        frame = decode(line.decode())
        state["nonce"] = frame["nonce"]
        return frame["value"]

    def send(value):
        """Answer the message received last. Raises TypeError, ValueError or RecursionError if `value` is not JSON."""
        if state["nonce"] is None:
            raise RuntimeError("send() answers one receive(), once")
        line = memoryview(encode({"nonce": state["nonce"], "value": value}).encode() + b"\n")
        state["nonce"] = None
        while line:
            line = line[write(channel, line) :]

    def receive():
        """The next message of the parent."""
        if state["start"] is not None:
            refused, state["start"] = state["start"], None
            send({"refused": refused})
        return take()

    order = take()
    try:
        state["start"] = _confine(order["limits"])
        code = compile(order["driver"], "<driver>", "exec")
        exec(code, {"__name__": "driver", "__builtins__": __builtins__, "receive": receive, "send": send})
        problem = "the driver ended before its first receive()"
    except BaseException as raised:
        if state["start"] is None:
            raise
        problem = f"{type(raised).__name__}: {raised}"
    if state["start"] is not None:
        send({"failed": problem})


_run()
