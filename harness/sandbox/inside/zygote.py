"""A warm interpreter that forks a jail for each grading: nothing of a grading was ever in its memory."""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

from . import carried, family, init, interpreter, kernel, landlock, mounts, seccomp
from .orders import Order, Setting
from .wire import receive, send, told

__all__ = ["main"]


def main() -> NoReturn:
    """Serve the socket on standard input until its other end is closed."""
    # What a candidate may signal must have no handler that breaks off: the first process of a jail inherits this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = _connected(sys.argv[1:])
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    try:
        message, _ = receive(control)
        setting = Setting.of(message)
        modules = [receive(control)[0] for _ in range(setting.modules)]
        try:
            _Zygote(setting, control, modules).serve()
        except Exception as problem:  # noqa: BLE001  what is imported may raise anything
            send(control, {"failed": told(problem)})
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _connected(arguments: list[str]) -> socket.socket:
    """The control socket: standard input, or what listens at the path that we were given."""
    if not arguments:
        return socket.socket(fileno=os.dup(0))
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.connect(arguments[0])
    return control


class _Zygote:
    def __init__(self, setting: Setting, control: socket.socket, modules: list[dict[str, str]]) -> None:
        self._setting, self._control = replace(setting, shown=interpreter.shown()), control
        self._jails: dict[int, int] = {}  # the process behind each descriptor that tells of its end
        self._names = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._own = -1
        os.umask(0o022)  # of what others must be able to read
        if setting.namespaces:
            self._withdraw()
        else:
            if not family.can_be_listed():
                raise OSError("this kernel does not list children, so not all could be ended")
            kernel.adopt_orphans()
            if setting.privileged:
                mounts.open_way(self._setting)
            self._link_packages()
            if not setting.privileged:
                self._setting = replace(self._setting, crowd=family.crowd())
        for name in setting.preload:
            importlib.import_module(name)
        carried.load((each["name"], each["text"]) for each in modules)
        os.umask(0o077)
        offers = {"landlock": landlock.abi(), "seccomp": seccomp.supported()}
        if offers["seccomp"]:
            seccomp.program(os.uname().machine, alone=setting.namespaces, signals_to=None)  # kept for all jails
        gc.collect()
        gc.freeze()
        send(control, {"ready": True, **offers})

    def _withdraw(self) -> None:
        """Into namespaces and a root of our own; from here on this is the first process of them all."""
        user, group = os.geteuid(), os.getegid()
        kinds = kernel.NEW_NAMES | kernel.NEW_PROCESSES
        if self._setting.privileged:
            kernel.unshare(kinds)
        else:
            kernel.unshare(kinds | kernel.NEW_USER)
            family.be_nobody(self._names, user, group)
        pid = os.fork()
        if pid:
            self._control.close()
            os.waitpid(pid, 0)
            os._exit(0)
        kernel.die_with_parent()
        self._own = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._names)
        mounts.own_root(self._setting)
        # Nothing in here has a use for the names of what is outside.
        self._setting = replace(self._setting, shown=(), packages=(), hidden=())
        sys.path.append(mounts.PACKAGES)

    def _link_packages(self) -> None:
        """Without a root of our own, a folder of links keeps everything else that is installed from being importable."""
        folder = os.path.join(self._setting.folder, "packages")
        os.makedirs(folder)
        if self._setting.privileged:
            os.chmod(self._setting.folder, 0o711)  # noqa: S103  each jail's own folder is its user's alone
        for path in self._setting.packages:
            os.symlink(path, os.path.join(folder, os.path.basename(path)))
        sys.path.append(folder)

    def serve(self) -> None:
        """Fork jails on order; collect them when they end."""
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        try:
            while True:
                for ready, _ in poller.poll():
                    if ready == self._control.fileno():
                        message, descriptors = receive(self._control)
                        self._jail(message, descriptors, poller)
                    else:
                        poller.unregister(ready)
                        self._bury(ready)
        finally:
            if not self._setting.namespaces:
                self._end()

    def _jail(self, message: dict[str, Any], descriptors: list[int], poller: select.poll) -> None:
        channel = socket.socket(fileno=descriptors[0])
        try:
            pid = self._fork(Order.of(message), channel, descriptors[1] if len(descriptors) > 1 else None)
            handle = os.pidfd_open(pid)
            self._jails[handle] = pid
            poller.register(handle, select.POLLIN)
            send(channel, {"jail": True}, handle)
        except OSError as problem:
            with suppress(OSError):
                send(channel, {"failed": told(problem)})
        finally:
            channel.close()
            for descriptor in descriptors[1:]:
                os.close(descriptor)

    def _fork(self, order: Order, channel: socket.socket, listener: int | None) -> int:
        """Fork the first process of a jail. In namespaces of its own it is process 1, and ends with all others."""
        if self._setting.namespaces:
            kernel.unshare(kernel.NEW_PROCESSES)
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid and self._setting.namespaces:
                kernel.setns(self._own, kernel.NEW_PROCESSES)
        if pid == 0:
            for handle in (self._control.fileno(), self._own, *self._jails):
                if handle >= 0:
                    os.close(handle)
            init.run(self._setting, order, channel, listener, self._names)
        return pid

    def _bury(self, handle: int) -> None:
        pid = self._jails.pop(handle)
        os.close(handle)
        os.waitpid(pid, 0)
        if not self._setting.namespaces:
            self._sweep(pid)

    def _sweep(self, pid: int) -> None:
        """A jail's first process that was killed left us its descendants and its files."""
        known = frozenset(self._jails.values())
        while left := family.descendants(spare=known):
            family.kill_descendants(spare=known)
            for child in left:
                with suppress(ChildProcessError):  # it is not ours yet
                    os.waitpid(child, os.WNOHANG)
            time.sleep(0.0005)
        family.remove(family.folder_of(self._setting.folder, pid))

    def _end(self) -> None:
        """Without namespaces nothing ends by itself: wait for every jail, which sees its own end coming."""
        for handle in list(self._jails):
            self._bury(handle)
        family.remove(self._setting.folder)
