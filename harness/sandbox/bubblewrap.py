"""bubblewrap as the wall around a zygote: for systems that let its program make namespaces, but not ours."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import Final

from ..errors import BadInput
from .executors import Executor, Program, Started, inherit
from .inside.mounts import DEVICES, closed

__all__ = ["BUBBLEWRAP", "command"]

_WALL: Final = ("--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL")
_BYTES: Final = 1 << 30


def command(bubblewrap: str, program: Program) -> list[str]:
    """What starts the zygote: this interpreter, its packages and the devices, read-only, in a root that is otherwise empty."""
    words = [bubblewrap, *_WALL]
    for name, value in program.environment.items():
        words += ["--setenv", name, value]
    words += ["--proc", "/proc", "--dir", "/dev", "--size", str(_BYTES), "--tmpfs", "/tmp"]  # noqa: S108
    for device in DEVICES:
        words += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for path in program.shown:
        words += ["--ro-bind", path, path]
    for path in program.hidden:
        words += ["--tmpfs", path]
    for path in program.packages:
        words += ["--ro-bind", path, path]
    for link in ("/lib", "/lib64"):
        if os.path.islink(link):  # noqa: PTH114  beside the other names, which are text
            words += ["--symlink", os.readlink(link), link]  # noqa: PTH115
    return [*words, "--", program.python, *program.arguments]


def _start(program: Program) -> Started:
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise BadInput("sandbox", "there is no bwrap; install bubblewrap, or unset TIERFLOOR_SANDBOX")
    user = None
    if os.geteuid() == 0:
        # The processes of root are not counted, and bubblewrap has no other user to give.
        user = (1 << 30) + secrets.randbelow(1 << 30)
        barred = next((way for path in (*program.shown, *program.packages) if (way := closed(path))), None)
        if barred:
            raise BadInput(
                "sandbox", f"{barred} is root's alone, and Python lies in it; use bubblewrap as another user"
            )
    return inherit(command(bubblewrap, program), {}, user=user)


BUBBLEWRAP: Final = Executor(start=_start)
