"""Live proof that a jail holds: small attacks that work without it and fail, each in its own way, inside."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ..errors import CheckerError
from .conversation import Session
from .inside.orders import LAYERS
from .jails import jail
from .levels import Canary, Isolation
from .limits import CandidateFault, Limits
from .zygotes import CANARY, Kind

__all__ = ["BARE", "sing"]

LIMITS: Final = Limits(open_files=32, disk_bytes=1 << 20, wall_seconds=60.0)
BARE: Final = Kind(namespaces=False, environment=False)

# The layer that stops an attack, and the errors that say it was this layer that did.
STOPPED: Final = {
    "reads a file": {"namespaces": {"ENOENT"}, "landlock": {"EACCES", "ENOENT"}},
    "connects to a port": {"seccomp": {"EPERM"}},
    "signals the grader": {"namespaces": {"ESRCH"}, "landlock": {"EPERM", "ESRCH"}},
    "reads our environment": {"environment": {"ENODATA"}},
    "makes a device": {"landlock": {"EACCES"}},
    "makes hidden memory": {"seccomp": {"EPERM"}},
    "opens too many files": {"limits": {"EMFILE"}},
    "fills the disk": {"namespaces": {"ENOSPC"}},
    "is root": {"uid": {"EPERM", "EINVAL"}},
}


def sing(kind: Kind, claimed: Isolation) -> tuple[Canary, ...]:
    """Every attack that zygotes of this kind claim to stop, tried without any layer and with theirs.

    Raises CheckerError if there is no jail to try them in.
    """
    wanted = {attack: errors for attack in STOPPED if (errors := _expected(attack, claimed.layers))}
    with _victim() as victim:
        outside = _tried(BARE, claimed.less(frozenset(LAYERS)), victim, list(wanted))
        inside = _tried(kind, claimed, victim, list(wanted))
    return tuple(
        Canary(attack=attack, outside=outside[attack], inside=inside[attack], expected=errors)
        for attack, errors in wanted.items()
    )


def _expected(attack: str, layers: frozenset[str]) -> frozenset[str]:
    """The errors of the outermost layer that stops the attack; none if no layer here does, or nobody could do it."""
    if attack == "is root" and os.geteuid() != 0:
        return frozenset()
    return next((frozenset(errors) for layer, errors in STOPPED[attack].items() if layer in layers), frozenset())


@contextmanager
def _victim() -> Iterator[dict[str, Any]]:
    """Something of ours to attack."""
    with tempfile.TemporaryDirectory(prefix="tierfloor-") as folder, socket.create_server(("127.0.0.1", 0)) as server:
        Path(folder).chmod(0o755)
        path = Path(folder, "victim")
        path.write_text(secrets.token_hex(8), encoding="ascii")
        path.chmod(0o644)
        yield {
            "path": str(path),
            "port": server.getsockname()[1],
            "pid": os.getpid(),
            "variable": CANARY,
            "descriptors": 2 * LIMITS.open_files,
            "bytes": LIMITS.disk_bytes,
        }


def _tried(kind: Kind, claimed: Isolation, victim: dict[str, Any], attacks: list[str]) -> dict[str, str | None]:
    """What stopped each attack; None is: nothing."""
    text = (resources.files(__package__) / "inside" / "attacks.py").read_text("utf-8")
    with jail(kind, claimed.layers, LIMITS) as inside:
        talk = Session(inside, LIMITS, f"{text}\nserve(receive, send)\n", isolation=claimed)
        try:
            talk.restart()
            return {attack: talk.call([attack, victim]) for attack in attacks}
        except CandidateFault as fault:
            raise CheckerError("sandbox", f"the self-test broke off: {fault}") from fault
