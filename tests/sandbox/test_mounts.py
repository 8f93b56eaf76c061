"""What a candidate can see and write, and that all of it together is bounded."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest
from sandbox.candidates import ALONE_OR_NOT, DRIVER

import harness
from harness.sandbox import Limits, session
from harness.sandbox.inside.mounts import closed

ROOT = Path(harness.__file__).parent.parent
LIST = """
import os
def tried(do, *arguments):
    try: return do(*arguments)
    except OSError as error: return type(error).__name__
"""


def test_the_root_holds_devices_libraries_and_a_place_to_write() -> None:
    with session(DRIVER, Limits()) as talk:
        tops = set(talk.call("import os; value = os.listdir('/')"))
        devices = set(talk.call("value = os.listdir('/dev')"))
        work = talk.call("value = [os.getcwd(), os.listdir('.'), os.listdir('/tmp')]")

    python = Path(sys.executable).resolve().parts[1]
    assert {"dev", "tmp", "usr", python} <= tops <= {"dev", "tmp", "usr", "lib", "lib64", "etc", "nix", python}
    assert devices == {"null", "zero", "urandom", "random", "shm"}
    assert work == ["/tmp/work", [], ["work"]]


def test_nothing_of_the_machine_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    places = ["/proc", "/sys", "/etc/passwd", "/home", "/var", str(ROOT), str(tmp_path / "secret")]

    with session(DRIVER, Limits()) as talk:
        seen = talk.call(LIST + f"value = [tried(os.stat, place) for place in {places}]")

    assert seen == ["FileNotFoundError"] * len(places)


@ALONE_OR_NOT
def test_neither_samples_nor_other_packages_can_be_read(without: frozenset[str]) -> None:
    """The wheel lies in site-packages with what is expected of every answer; it must be masked there too."""
    places = [
        *(sysconfig.get_path(kind) for kind in ("purelib", "platlib")),
        *(sysconfig.get_path(kind, vars={"base": sys.base_prefix}) for kind in ("purelib", "platlib")),
        str(ROOT / "suites"),
    ]

    with session(DRIVER, Limits(), without=without - {"seccomp"}) as talk:
        seen = talk.call(LIST + f"value = [tried(os.listdir, place) for place in {places}]")

    assert all(listed in ([], "FileNotFoundError", "PermissionError") for listed in seen)


@ALONE_OR_NOT
def test_the_standard_library_is_whole(without: frozenset[str]) -> None:
    source = """
import asyncio, ctypes, dataclasses, datetime, decimal, email, http.client, importlib, json, multiprocessing, queue
import re, sqlite3, ssl, subprocess, tempfile, threading, unittest, uuid, xml.etree.ElementTree, zoneinfo
assert str(zoneinfo.ZoneInfo('Europe/Berlin')) == 'Europe/Berlin'
connection = sqlite3.connect('some.db')
connection.execute('create table t (a)')
connection.commit()
with tempfile.TemporaryFile() as file:
    file.write(b'x')
assert asyncio.run(asyncio.sleep(0, 'slept')) == 'slept'
'a'.encode('idna')
value = 'whole'
"""
    with session(DRIVER, Limits(open_files=256), without=without - {"seccomp"}) as talk:
        assert talk.call(source) == "whole"


def test_locks_between_processes_and_programs_of_this_python_work() -> None:
    source = """
import multiprocessing, subprocess, sys
lock = multiprocessing.get_context('fork').Lock()
with lock: pass
value = subprocess.run([sys.executable, '-I', '-c', 'import json; print(6 * 7)'], capture_output=True).stdout.decode()
"""
    with session(DRIVER, Limits()) as talk:
        assert talk.call(source) == "42\n"


def test_what_is_shown_cannot_be_changed() -> None:
    source = (
        LIST
        + """
import json
value = [tried(open, '/new', 'w'), tried(open, json.__file__, 'a'), tried(os.mkdir, '/dev/new'),
    tried(os.remove, json.__file__), tried(os.symlink, 'a', os.path.dirname(json.__file__) + '/b')]
"""
    )
    for left_out in ((), ("landlock",), ("landlock", "uid")):
        with session(DRIVER, Limits(), without=frozenset(left_out)) as talk:
            assert set(talk.call(source)) <= {"OSError", "PermissionError"}


def test_the_disk_is_bounded_over_all_files_and_so_is_their_number() -> None:
    source = """
import errno
value = []
try:
    for number in range(100):
        with open(f'/tmp/work/{number}' if number % 2 else f'/tmp/{number}', 'wb') as file: file.write(bytes(1 << 20))
except OSError as error: value = [errno.errorcode[error.errno], number]
for other in range(number + 1):
    with __import__('contextlib').suppress(OSError): __import__('os').remove(f'/tmp/work/{other}' if other % 2 else f'/tmp/{other}')
try:
    for number in range(1000): open(f'empty{number}', 'w').close()
except OSError as error: value += [errno.errorcode[error.errno], number]
"""
    with session(DRIVER, Limits(disk_bytes=8 << 20, inodes=100)) as talk:
        assert talk.call(source) == ["ENOSPC", 8, "ENOSPC", 100]


def test_candidates_do_not_meet_in_the_temporary_folder() -> None:
    with session(DRIVER, Limits()) as one, session(DRIVER, Limits()) as two:
        one.call("open('/tmp/here', 'w').write('x')")

        assert two.call("import os; value = os.listdir('/tmp')") == ["work"]


def test_the_machine_keeps_its_name_and_the_jail_has_no_network() -> None:
    source = "import os, socket; value = socket.if_nameindex()"
    with session(DRIVER, Limits(), without=frozenset({"seccomp"})) as talk:
        assert [name for _, name in talk.call(source)] in ([], ["lo"])


def test_a_folder_that_is_closed_to_others_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "open" / "python"
    inner.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "closed" / "open"):
        folder.chmod(0o755)
    (tmp_path / "closed").chmod(0o700)
    ways = [str(way) for way in tmp_path.parents if not way.stat().st_mode & 1]

    assert closed(str(inner)) == (ways[-1] if ways else str(tmp_path / "closed"))
    (tmp_path / "closed").chmod(0o711)
    assert closed(str(inner)) == (ways[-1] if ways else None)


@pytest.mark.parametrize("without", [frozenset[str](), frozenset({"namespaces"})])
def test_what_a_candidate_needs_beside_the_library_is_all_it_gets(without: frozenset[str]) -> None:
    source = """
import importlib.util
import starlette, uvicorn, uvicorn.protocols.http.h11_impl
value = [importlib.util.find_spec(name) is not None for name in ('pydantic', 'h11', 'pytest', 'numpy', 'harness')]
"""
    with session(DRIVER, Limits(memory_bytes=2 << 30), preload=("starlette", "uvicorn"), without=without) as talk:
        assert talk.call(source) == [False, True, False, False, False]
