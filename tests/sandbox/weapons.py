"""What the hostile programs need beside Python: raw system calls. Its text becomes a module in the process that attacks."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from typing import Any

World = dict[str, Any]

NUMBERS = {
    "x86_64": {
        "shmget": 29,
        "ptrace": 101,
        "mount": 165,
        "mq_open": 240,
        "add_key": 248,
        "unshare": 272,
        "perf_event_open": 298,
        "process_vm_readv": 310,
        "userfaultfd": 323,
    },
    "aarch64": {
        "shmget": 194,
        "ptrace": 117,
        "mount": 40,
        "mq_open": 180,
        "add_key": 217,
        "unshare": 97,
        "perf_event_open": 241,
        "process_vm_readv": 270,
        "userfaultfd": 282,
    },
}
EVERYWHERE = {"io_uring_setup": 425, "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438}


def syscall(name: str, *arguments: int | bytes | None) -> int:
    """Call the kernel itself, past every function of Python and libc that could be patched."""
    number = (EVERYWHERE | NUMBERS[platform.machine()])[name]
    values = [ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    result: int = libc.syscall(ctypes.c_long(number), *values)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def call_itself(mark: str) -> None:
    """Give this process a name that can be found from outside."""
    ctypes.CDLL(None).prctl(15, mark.encode(), 0, 0, 0)


def what_stopped(error: BaseException) -> str:
    """The name of what the system said: an errno where there is one."""
    if isinstance(error, OSError) and error.errno:
        return errno.errorcode[error.errno]
    return type(error).__name__
