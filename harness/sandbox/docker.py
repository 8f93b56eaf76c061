"""Docker as the wall around a zygote. No engine was at hand to try it with: its command is tested, its running is not."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from ..errors import BadInput, CheckerError
from .executors import Executor, Program, Started

__all__ = ["DOCKER", "command", "image"]

_SECONDS: Final = 120.0  # the image may have to be fetched
_MEETING: Final = "/tierfloor"
_WALL: Final = (
    *("--rm", "--init", "--network=none", "--ipc=none", "--read-only", "--cap-drop=ALL"),
    *("--security-opt=no-new-privileges", "--pids-limit=4096", "--memory=8g", "--memory-swap=8g"),
    "--tmpfs=/tmp:rw,nosuid,nodev,size=1g,mode=1777",
)


def image() -> str:
    """The official image of the Python that runs this: packages made for one are of no use to another."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def command(docker: str, program: Program, meeting: Path, user: int) -> list[str]:
    """What starts the zygote in a container, in which it finds the control socket in a shared folder."""
    words = [docker, "run", *_WALL, f"--user={user}:{user}", f"--volume={meeting}:{_MEETING}"]
    words += [f"--env={name}={value}" for name, value in program.environment.items()]
    words += [f"--volume={path}:{path}:ro" for path in program.packages]
    return [*words, image(), "python", *program.arguments, f"{_MEETING}/control"]


def _start(program: Program) -> Started:
    docker = shutil.which("docker")
    if docker is None:
        raise BadInput("sandbox", "there is no docker; install it, or unset TIERFLOOR_SANDBOX")
    known = subprocess.run([docker, "version"], capture_output=True, text=True, check=False, timeout=60)
    if known.returncode:
        raise BadInput("sandbox", f"docker has no engine: {known.stderr.strip().splitlines()[-1]}; start it")
    with tempfile.TemporaryDirectory(prefix="tierfloor-") as folder, _listening(Path(folder, "control")) as door:
        words = command(docker, program, Path(folder), os.geteuid() or 65534)
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return Started(process=process, control=_accepted(door, process))


def _accepted(door: socket.socket, process: subprocess.Popen[bytes]) -> socket.socket:
    """The zygote's connection. Raises CheckerError if its container ends, or takes too long to begin."""
    end = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([door.fileno(), end], [], [], _SECONDS)
    finally:
        os.close(end)
    if door.fileno() in ready:
        return door.accept()[0]
    process.kill()
    process.wait()
    raise CheckerError("sandbox", f"no container of {image()} could be started; try: docker run --rm {image()} true")


def _listening(path: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(str(path))
    path.parent.chmod(0o711)
    path.chmod(0o666)
    door.listen(1)
    return door


DOCKER: Final = Executor(start=_start)
