"""The hostile programs: what each is after, how its success is seen from outside, and what stops it.

`stops` names every layer that stops a program by itself, and the exact way in which the program then ends: the errno that
it meets, the fault that the session raises, or "no effect". So each entry can be shown wrong in three ways: the program
fails where all of these are left out, it works beside one of them, or it ends in another way.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.outside import Outside, named

from harness.sandbox import Limits

__all__ = ["ALWAYS", "ATTACKS", "PROGRAMS", "Attack", "Told"]

PROGRAMS = Path(__file__).with_name("hostile")
ALWAYS = "always"
"""What no session lacks: deadlines, the bound of a reply, closed descriptors, the end of every process."""

LIMITS = Limits(
    cpu_seconds=1,
    wall_seconds=60.0,
    memory_bytes=256 << 20,
    file_bytes=16 << 20,
    disk_bytes=32 << 20,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known after an attack: its mark, and what it returned or how it was stopped.

    `beside` is what lies in the folder of a session at the same time, `printed` how much was kept of what was printed.
    """

    mark: str
    value: Any = None
    stopped: str = ""
    beside: tuple[str, ...] = ()
    printed: int = 0


Judge = Callable[[Outside, Told], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One program of `hostile/` by its name, what it is after, and what stops it.

    `needs` says without what it can't be tried: "root", or what this machine's kernel lacks when it ends in that way.
    `clear_of` are layers that get in its way on some kernels or beside some others: nothing is claimed of them, and
    they are left out too.
    `landlock` is the version from which on Landlock stops it.
    `after` judges when the session is over, `restarts` after a restart in it.
    """

    name: str
    aim: str
    worked: Judge
    stops: Mapping[str, str]
    needs: frozenset[str] = frozenset()
    clear_of: frozenset[str] = frozenset()
    landlock: int = 1
    limits: Limits = LIMITS
    seconds: float | None = None
    after: bool = False
    restarts: bool = False
    beside: bool = False
    program: str = ""

    @property
    def free(self) -> frozenset[str]:
        """All layers that it must be free of to work."""
        return frozenset(self.stops) | self.clear_of

    @property
    def source(self) -> str:
        return (PROGRAMS / f"{self.program or self.name}.py").read_text()


def leaked(outside: Outside, told: Told) -> bool:
    return outside.secret in str(told.value)


def heard(name: str) -> Judge:
    return lambda outside, told: told.mark in outside.received(name)


def says(value: object) -> Judge:
    return lambda _, told: bool(told.value == value)


def system_file_is_read(_: Outside, told: Told) -> bool:
    return bool(told.value == Path("/etc/passwd").read_text())


def size_is_known(outside: Outside, told: Told) -> bool:
    return bool(told.value == outside.hidden.stat().st_size)


def mark_is_written(outside: Outside, told: Told) -> bool:
    return (outside.folder / told.mark).exists()


def precious_is_changed(outside: Outside, told: Told) -> bool:
    return outside.precious.read_text() != "precious"


def precious_is_gone(outside: Outside, told: Told) -> bool:
    return not outside.precious.exists()


def precious_is_open(outside: Outside, told: Told) -> bool:
    return outside.precious.stat().st_mode & 0o777 == 0o666


def victim_is_seen(outside: Outside, told: Told) -> bool:
    return str(outside.victim.process.pid) in (told.value or ())


def cards_are_seen(_: Outside, told: Told) -> bool:
    return told.value is not None and set(told.value) == {each.name for each in Path("/sys/class/net").iterdir()}


def victim_dies_first(outside: Outside, told: Told) -> bool:
    return Path(f"/proc/{outside.victim.process.pid}/oom_score_adj").read_text().strip() == "321"


def victim_felt_it(outside: Outside, told: Told) -> bool:
    return outside.victim.felt()[0] > 0


def queue_is_left(_: Outside, told: Told) -> bool:
    """Whether the queue is still there; then it is removed."""
    libc = ctypes.CDLL(None)
    return bool(libc.mq_unlink(f"/{told.mark}".encode()) == 0)


def victim_is_limited(outside: Outside, told: Told) -> bool:
    return resource.prlimit(outside.victim.process.pid, resource.RLIMIT_NOFILE)[0] == 7


def victim_waits(outside: Outside, told: Told) -> bool:
    return outside.victim.felt()[1] > 0


def victim_has_one_processor(outside: Outside, told: Told) -> bool:
    mine = os.sched_getaffinity(0)
    return len(mine) > 1 and len(os.sched_getaffinity(outside.victim.process.pid)) == 1


def port_is_open(_: Outside, told: Told) -> bool:
    with socket.socket() as link:
        return told.value is not None and link.connect_ex(("127.0.0.1", told.value)) == 0


def segment_is_left(_: Outside, told: Told) -> bool:
    """Whether the segment is still there; then it is removed."""
    key = int(told.mark[-7:], 16)
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    left = [row[1] for row in rows if int(row[0]) == key]
    for segment in left:
        subprocess.run(["ipcrm", "-m", segment], check=True)
    return bool(left)


def somebody_is_left(_: Outside, told: Told) -> bool:
    """Whether a process of that name still runs; then it is ended."""
    left = named(told.mark)
    for process in left:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return bool(left)


def neighbour_has_it(_: Outside, told: Told) -> bool:
    return told.mark in told.beside


NETWORK = {"namespaces": "ENETUNREACH", "seccomp": "EPERM"}
FOREIGN_FILE = {"namespaces": "ENOENT", "landlock": "EACCES"}
FOREIGN_PROCESS = {"namespaces": "ENOENT", "landlock": "EACCES", "uid": "EACCES"}

ATTACKS = (
    Attack(
        name="environment",
        aim="a key in the environment",
        worked=leaked,
        stops={"environment": "no effect"},
    ),
    Attack(
        name="other_environment",
        aim="a key in another process's environment",
        worked=leaked,
        stops=FOREIGN_PROCESS,
    ),
    Attack(
        name="system_file",
        aim="a file of the machine",
        worked=system_file_is_read,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="hidden_tests",
        aim="the expected answers in a file",
        worked=leaked,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="symbolic_link",
        aim="the same through a symbolic link",
        worked=leaked,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="hard_link",
        aim="a file of the same user through a hard link",
        worked=precious_is_changed,
        stops={"namespaces": "ENOENT", "landlock": "EXDEV", "uid": "EPERM"},
    ),
    Attack(
        name="write_outside",
        aim="a folder that is open to everybody",
        worked=mark_is_written,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="delete_outside",
        aim="deleting a file there",
        worked=precious_is_gone,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="mode_outside",
        aim="the mode of a file of the same user",
        worked=precious_is_open,
        stops={"namespaces": "ENOENT", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="size_outside",
        aim="size and dates of any file",
        worked=size_is_known,
        stops={"namespaces": "ENOENT"},
    ),
    Attack(
        name="watch_outside",
        aim="when others use a file that everybody may read",
        worked=says("watching"),
        stops={"namespaces": "ENOENT"},
    ),
    Attack(
        name="processes",
        aim="the list of processes",
        worked=victim_is_seen,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="machine",
        aim="the machine's devices in /sys",
        worked=cards_are_seen,
        stops=FOREIGN_FILE,
    ),
    Attack(
        name="score_of_another",
        aim="settings of another process in /proc",
        worked=victim_dies_first,
        stops=FOREIGN_PROCESS,
    ),
    Attack(
        name="open_file_of_another",
        aim="an open file of another process, through /proc",
        worked=leaked,
        stops=FOREIGN_PROCESS,
    ),
    Attack(
        name="descriptor_of_another",
        aim="an open file of another process, by pidfd_getfd",
        worked=leaked,
        stops={"namespaces": "ESRCH", "landlock": "EPERM", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="memory_of_another",
        aim="another process's memory, by process_vm_readv",
        worked=leaked,
        stops={"namespaces": "ESRCH", "landlock": "EPERM", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="debugger",
        aim="another process's memory, by ptrace",
        worked=leaked,
        stops={"namespaces": "ESRCH", "landlock": "EPERM", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="inherited_descriptor",
        aim="a file that the grader has open",
        worked=leaked,
        stops={ALWAYS: "no effect"},
    ),
    Attack(
        name="signal_another",
        aim="signalling another process",
        worked=victim_felt_it,
        stops={"namespaces": "ESRCH", "landlock": "EPERM", "seccomp": "EPERM", "uid": "EPERM"},
        landlock=6,
    ),
    Attack(
        name="signal_all",
        aim="signalling everybody at once",
        worked=victim_felt_it,
        stops={"namespaces": "ESRCH", "landlock": "no effect", "seccomp": "EPERM", "uid": "no effect"},
        landlock=6,
    ),
    Attack(
        name="signal_by_file",
        aim="signalling another process through a pipe",
        worked=victim_felt_it,
        stops={"namespaces": "ESRCH", "landlock": "no effect", "seccomp": "EPERM", "uid": "no effect"},
        landlock=6,
    ),
    Attack(
        name="limits_of_another",
        aim="another process's limits",
        worked=victim_is_limited,
        stops={"namespaces": "ESRCH", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="priority_of_another",
        aim="another process's priority",
        worked=victim_waits,
        stops={"namespaces": "ESRCH", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="processor_of_another",
        aim="another process's processors",
        worked=victim_has_one_processor,
        stops={"namespaces": "ESRCH", "seccomp": "EPERM", "uid": "EPERM"},
    ),
    Attack(
        name="tcp",
        aim="a server over TCP",
        worked=heard("tcp"),
        stops={**NETWORK, "landlock": "EACCES"},
        landlock=4,
    ),
    Attack(
        name="tcp6",
        aim="a server over TCP and IPv6",
        worked=heard("tcp6"),
        stops={"namespaces": "EADDRNOTAVAIL", "landlock": "EACCES", "seccomp": "EPERM"},
        needs=frozenset({"tcp6"}),
        landlock=4,
    ),
    Attack(
        name="udp",
        aim="a server over UDP",
        worked=heard("udp"),
        stops=NETWORK,
    ),
    Attack(
        name="listen",
        aim="a port of one's own",
        worked=port_is_open,
        stops={"namespaces": "no effect", "landlock": "EACCES", "seccomp": "EPERM"},
        landlock=4,
    ),
    Attack(
        name="abstract_socket",
        aim="a Unix socket without a file",
        worked=heard("abstract"),
        stops={"namespaces": "ECONNREFUSED", "landlock": "EPERM", "seccomp": "EPERM"},
        landlock=6,
    ),
    Attack(
        name="path_socket",
        aim="a Unix socket by its path, such as Docker's",
        worked=heard("path"),
        stops={"namespaces": "ENOENT", "seccomp": "EPERM"},
    ),
    Attack(
        name="datagram_pair",
        aim="the same from half of a pair of sockets",
        worked=heard("datagram"),
        stops={"namespaces": "ENOENT", "seccomp": "EPERM"},
    ),
    Attack(
        name="netlink",
        aim="the machine's network devices by netlink",
        worked=says(value=True),
        stops={"namespaces": "no effect", "seccomp": "EPERM"},
    ),
    Attack(
        name="packet",
        aim="what others send",
        worked=says("overheard"),
        stops={**NETWORK, "uid": "EPERM"},
        needs=frozenset({"root"}),
    ),
    Attack(
        name="vsock",
        aim="the machine below a virtual one",
        worked=says(40),
        stops={"seccomp": "EPERM"},
        needs=frozenset({"EAFNOSUPPORT"}),
    ),
    Attack(
        name="ia32_call",
        aim="a socket by the calls of 32-bit programs",
        worked=says("socket"),
        stops={"seccomp": "CandidateDied"},
        needs=frozenset({"x86_64", "CandidateDied"}),
    ),
    Attack(
        name="fork_bomb",
        aim="200 processes",
        worked=says(200),
        stops={"limits": "EAGAIN"},
        limits=replace(LIMITS, processes=8),
    ),
    Attack(
        name="threads",
        aim="200 threads",
        worked=says(200),
        stops={"limits": "RuntimeError"},
        limits=replace(LIMITS, processes=8),
    ),
    Attack(
        name="memory",
        aim="more memory than allowed",
        worked=says(300 << 20),
        stops={"limits": "MemoryError"},
    ),
    Attack(
        name="memory_of_many",
        aim="more memory than allowed, shared out among processes",
        worked=says(4),
        stops={},
    ),
    Attack(
        name="big_file",
        aim="a big file",
        worked=says(40 << 20),
        stops={"limits": "EFBIG", "namespaces": "ENOSPC"},
    ),
    Attack(
        name="many_files",
        aim="a full disk by many files",
        worked=says(80 << 20),
        stops={"namespaces": "ENOSPC"},
    ),
    Attack(
        name="empty_files",
        aim="a disk without inodes",
        worked=says(20_000),
        stops={"namespaces": "ENOSPC"},
    ),
    Attack(
        name="memory_file",
        aim="a file without a name",
        worked=says(1 << 20),
        stops={"seccomp": "EPERM"},
    ),
    Attack(
        name="memory_program",
        aim="a program that was never a file",
        worked=says("ld.so"),
        stops={"seccomp": "EPERM"},
    ),
    Attack(
        name="shared_memory",
        aim="memory that outlives every process",
        worked=segment_is_left,
        stops={"namespaces": "no effect", "seccomp": "EPERM"},
        after=True,
    ),
    Attack(
        name="message_queue",
        aim="messages that outlive every process",
        worked=queue_is_left,
        stops={"namespaces": "no effect", "seccomp": "EPERM", "limits": "EMFILE"},
        clear_of=frozenset({"landlock"}),
        after=True,
    ),
    Attack(
        name="daemon",
        aim="a process that outlives the session",
        worked=somebody_is_left,
        stops={ALWAYS: "no effect"},
        after=True,
    ),
    Attack(
        name="keyring",
        aim="a key in the kernel's keyring",
        worked=says(value=True),
        stops={"seccomp": "EPERM"},
    ),
    Attack(
        name="io_uring",
        aim="calls past every filter",
        worked=says("ring"),
        stops={"seccomp": "ENOSYS"},
        clear_of=frozenset({"limits"}),
        needs=frozenset({"ENOSYS", "EPERM"}),
    ),
    Attack(
        name="userfault",
        aim="a weapon against the kernel: page faults",
        worked=says("faults"),
        stops={"seccomp": "EPERM"},
        needs=frozenset({"ENOSYS"}),
    ),
    Attack(
        name="performance_counter",
        aim="a weapon against the processor: event counters",
        worked=says("events"),
        stops={"seccomp": "EPERM"},
        needs=frozenset({"EACCES", "EPERM", "ENOENT"}),
    ),
    Attack(
        name="user_namespace",
        aim="root of a namespace",
        worked=says("root"),
        stops={"seccomp": "EPERM"},
        needs=frozenset({"EPERM", "ENOSPC"}),
    ),
    Attack(
        name="user_namespace_by_clone",
        aim="the same by clone3",
        worked=says("root"),
        stops={"seccomp": "ENOSYS"},
        needs=frozenset({"EPERM", "ENOSPC"}),
    ),
    Attack(
        name="mount_in_namespace",
        aim="a mount in a namespace",
        worked=says("mounted"),
        stops={"seccomp": "EPERM", "landlock": "EPERM"},
        needs=frozenset({"EPERM", "EACCES", "ENOSPC"}),
    ),
    Attack(
        name="mount",
        aim="a mount",
        worked=says("mounted"),
        stops={"seccomp": "EPERM", "landlock": "EPERM", "uid": "EPERM"},
        needs=frozenset({"root"}),
    ),
    Attack(
        name="root_again",
        aim="root's identity",
        worked=says(0),
        stops={"uid": "EPERM"},
        needs=frozenset({"root"}),
    ),
    Attack(
        name="device",
        aim="a device, such as the disk",
        worked=says("00000000"),
        stops={"uid": "EPERM", "namespaces": "EACCES", "landlock": "EACCES"},
        needs=frozenset({"root", "EACCES"}),
    ),
    Attack(
        name="busy_loop",
        aim="the processor for longer than allowed",
        worked=says("done"),
        stops={"limits": "CandidateTimeout"},
    ),
    Attack(
        name="seconds_of_many",
        aim="the processor for longer than allowed, shared out among processes",
        worked=says(value=True),
        stops={},
    ),
    Attack(
        name="sleep",
        aim="the grader's time, without using the processor",
        worked=says("done"),
        stops={ALWAYS: "CandidateTimeout"},
        seconds=0.3,
    ),
    Attack(
        name="drip",
        aim="the grader's time, by an answer in single bytes",
        worked=says("done"),
        stops={ALWAYS: "CandidateTimeout"},
        seconds=0.3,
    ),
    Attack(
        name="output_flood",
        aim="whoever keeps what is printed",
        worked=lambda _, told: bool(told.value == "kept") or told.printed > 30 << 20,
        stops={ALWAYS: "no effect"},
    ),
    Attack(
        name="huge_reply",
        aim="the grader's memory, by an answer",
        worked=lambda _, told: len(told.value or "") == 32 << 20,
        stops={ALWAYS: "CandidateSaid"},
    ),
    Attack(
        name="endless_reply",
        aim="the same by a line without an end",
        worked=says("done"),
        stops={ALWAYS: "CandidateSaid"},
    ),
    Attack(
        name="nested_reply",
        aim="the grader's reader of JSON",
        worked=says("RecursionError"),
        stops={ALWAYS: "CandidateSaid"},
    ),
    Attack(
        name="set_user_id",
        aim="a program that runs as root whoever starts it",
        worked=says("0"),
        stops={**FOREIGN_FILE, ALWAYS: "no effect"},
        needs=frozenset({"root", "no effect"}),
    ),
    Attack(
        name="neighbour",
        aim="an answer that is graded at the same time",
        worked=neighbour_has_it,
        stops={"namespaces": "no effect", "landlock": "EACCES", "uid": "EACCES"},
        beside=True,
    ),
    Attack(
        name="restart",
        program="daemon",
        aim="a process that outlives a restart",
        worked=somebody_is_left,
        stops={ALWAYS: "no effect"},
        restarts=True,
    ),
)
