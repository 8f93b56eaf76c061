"""The trusted first process of a jail: it starts the candidate, ends it with all its descendants, and starts it anew."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import Final, NoReturn

from . import candidate, family, kernel, mounts
from .orders import Order, Setting
from .wire import receive, send, told

__all__ = ["run"]

_HOWEVER_MADE: Final = 0x40000000  # __WALL: children by clone(2) that tell nobody of their end, too
_NEW: Final = kernel.NEW_NAMES | kernel.NEW_NETWORK | kernel.NEW_IPC | kernel.NEW_HOST


def run(setting: Setting, order: Order, control: socket.socket, listener: int | None, names: int) -> NoReturn:
    """Be the first process of a jail until the grader hangs up; `names` is a descriptor of /proc."""
    try:
        os.setsid()
        try:
            _settle(setting, order, names)
            jail = _Jail(setting, order, control, listener, names)
        except OSError as problem:
            send(control, {"failed": told(problem)})
        else:
            jail.serve()
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _settle(setting: Setting, order: Order, names: int) -> None:
    if not setting.namespaces:
        kernel.adopt_orphans()
        folder = family.folder_of(setting.folder, os.getpid())
        os.mkdir(folder, 0o700)
        if order.user is not None:
            os.chown(folder, order.user, order.user)
        os.chdir(folder)
        return
    if not setting.privileged:
        kernel.unshare(kernel.NEW_USER)  # the number of processes is counted for each
        family.be_nobody(names, os.geteuid(), os.getegid())
    kernel.unshare(_NEW)
    mounts.own_storage(order.limits.disk_bytes, order.limits.inodes, order.user)


class _Jail:
    """What runs in it: at most one candidate, and whatever that one started."""

    def __init__(
        self, setting: Setting, order: Order, control: socket.socket, listener: int | None, names: int
    ) -> None:
        self._setting, self._order = setting, order
        self._control, self._listener, self._names = control, listener, names
        self._candidate: int | None = None
        self._woken, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        kernel.die_with_parent()
        kernel.forbid_inspection()

    def serve(self) -> None:
        """Obey until the grader hangs up; nobody of the jail is left then."""
        try:
            poller = select.poll()
            poller.register(self._control, select.POLLIN)
            poller.register(self._woken, select.POLLIN)
            while True:
                for ready, _ in poller.poll():
                    if ready == self._woken:
                        os.read(self._woken, 1 << 12)
                        self._collect()
                    else:
                        self._obey()
        finally:
            self._end_all()
            if not self._setting.namespaces:
                family.remove(os.getcwd())

    def _obey(self) -> None:
        message, descriptors = receive(self._control)
        self._end_all()
        if message["do"] == "start":
            self._start(*descriptors)
        else:
            send(self._control, {"stopped": True})

    def _start(self, channel: int) -> None:
        try:
            pid = os.fork()
        except OSError as problem:
            send(self._control, {"failed": told(problem)})
            return
        if pid == 0:
            signal.set_wakeup_fd(-1)
            family.first_to_go(self._names)
            candidate.run(self._setting, self._order, channel, self._listener)
        os.close(channel)
        self._candidate = pid
        handle = os.pidfd_open(pid)
        send(self._control, {"started": True}, handle)
        os.close(handle)

    def _collect(self) -> bool:
        """Reap whoever is dead, and report the candidate's end; whether there is anybody left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG | _HOWEVER_MADE)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._candidate:
                self._candidate = None
                code = os.waitstatus_to_exitcode(status)
                with suppress(OSError):  # the grader need not be there any more
                    send(self._control, {"ended": code, "cpu": usage.ru_utime + usage.ru_stime})

    def _end_all(self) -> None:
        """Kill until nobody is left: as the first process, or as heir of all orphans, we see the last one die."""
        while True:
            if self._setting.namespaces:
                with suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            else:
                family.kill_descendants()
            if not self._collect():
                return
            time.sleep(0.0005)
