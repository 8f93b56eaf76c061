"""Landlock allows what is written down and nothing else, in every version that kernels have."""

from __future__ import annotations

import pytest
from sandbox.candidates import DRIVER

from harness.sandbox import Limits, session
from harness.sandbox.inside import landlock

TRIED = """
import errno, os, stat, socket
def tried(do, *arguments):
    try: do(*arguments)
    except OSError as error: return errno.errorcode[error.errno]
"""


def test_the_kernel_says_its_version() -> None:
    assert landlock.abi() >= 1


@pytest.mark.parametrize("version", range(1, 8))
def test_older_versions_are_asked_for_what_they_know(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version takes a smaller set of rights; a kernel takes those of all before its own."""
    if version > landlock.abi():
        pytest.skip(f"this kernel has version {landlock.abi()}")
    source = f"""
import os, sys
sys.path.insert(0, {str(__file__).rpartition("/tests/")[0]!r})
from harness.sandbox.inside import kernel, landlock
landlock.abi = lambda: {version}
kernel.forbid_privileges()
landlock.restrict([("/dev", landlock.USE), ("/dev/null", landlock.USE), ("/usr", landlock.READ)])
open("/dev/null", "w").close()
os.listdir("/usr")
try: os.listdir("/")
except PermissionError: print("kept")
"""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-I", "-c", source], capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("kept\n", 0), done.stderr


def test_only_the_working_folder_and_temporary_files_may_be_written() -> None:
    source = TRIED + (
        "value = [tried(open, 'here', 'w'), tried(open, '/tmp/there', 'w'), tried(open, '/dev/null', 'w'),"
        "tried(os.mknod, 'device', stat.S_IFCHR | 0o600, 0), tried(os.mkfifo, 'pipe'), tried(os.link, 'here', 'twice')]"
    )

    with session(DRIVER, Limits()) as talk:
        assert talk.call(source) == [None, None, None, "EACCES", None, None]


def test_without_namespaces_only_what_is_shown_may_be_read() -> None:
    source = TRIED + (
        "import json; value = [tried(open, json.__file__), tried(os.listdir, '/'), tried(open, '/etc/passwd'),"
        "tried(open, '/proc/self/environ'), tried(open, '/dev/null', 'w'), tried(os.listdir, '/dev'), tried(os.listdir)]"
    )

    with session(DRIVER, Limits(), without=frozenset({"namespaces"})) as talk:
        assert talk.call(source) == [None, "EACCES", "EACCES", "EACCES", None, "EACCES", None]


def test_a_program_written_by_the_candidate_cannot_be_run() -> None:
    source = TRIED + (
        "open('program', 'w').write('#!/nowhere'); os.chmod('program', 0o700);"
        "value = tried(os.execv, './program', ['program'])"
    )

    with session(DRIVER, Limits()) as talk:
        assert talk.call(source) == "EACCES"
    with session(DRIVER, Limits(), without=frozenset({"landlock"})) as talk:
        assert talk.call(source) == "ENOENT"
