"""Other walls than our own: their commands, and bubblewrap for real where it is installed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from sandbox.elsewhere import run_as_somebody

from harness import plugins
from harness.errors import BadInput
from harness.sandbox import CHOICE, bubblewrap, docker, isolation
from harness.sandbox.executors import LOCAL, Executor, Program

PROGRAM = Program(
    python="/opt/python/bin/python3",
    arguments=("-P", "-c", "pass"),
    environment={"PYTHONHASHSEED": "0"},
    shown=("/opt/python/bin/python3", "/opt/python/lib"),
    packages=("/venv/lib/h11",),
    hidden=("/opt/python/lib/site-packages",),
)


def test_ours_are_announced_like_anybodys() -> None:
    assert plugins.names("executors") == ["bubblewrap", "docker", "local"]
    assert plugins.load("executors", "local") is LOCAL
    assert all(isinstance(plugins.load("executors", name), Executor) for name in plugins.names("executors"))


def test_bubblewrap_shows_this_interpreter_and_its_packages_and_nothing_else() -> None:
    words = bubblewrap.command("/usr/bin/bwrap", PROGRAM)
    text = " ".join(words)

    assert words[0] == "/usr/bin/bwrap"
    assert words[words.index("--") + 1 :] == ["/opt/python/bin/python3", "-P", "-c", "pass"]
    assert {"--unshare-all", "--clearenv", "--die-with-parent", "--new-session"} <= set(words)
    assert "--ro-bind /opt/python/lib /opt/python/lib --tmpfs /opt/python/lib/site-packages" in text
    assert "--ro-bind /venv/lib/h11 /venv/lib/h11" in text
    assert "--setenv PYTHONHASHSEED 0" in text
    assert not {"/", "/home", "/etc", "--bind", "--share-net"} & set(words)


SERVED = """
from sandbox.candidates import DRIVER, MARK, marked
from harness.sandbox import Limits, session
source = "import socket; door = socket.socket(fileno=listener); door.accept()[0].sendall(b'hello')"
with session(DRIVER, Limits(memory_bytes=2 << 30), serves=True, preload=("h11",)) as talk:
    print(talk.isolation.name)
    talk.call(MARK + "open('kept', 'w').write('x')\\nif os.fork() == 0:\\n    os.setsid()\\n    time.sleep(600)")
    talk.restart()
    print(talk.call("import h11, os; value = os.listdir()"), len(marked()))
    with talk.connect(60) as connection:
        talk.call(source)
        print(connection.recv(5))
    print(talk.call("value = [os.path.exists(place) for place in ('/home', '/etc/passwd', '/var')]"))
print(len(marked()))
"""


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_behind_bubblewrap_everything_works_as_ever() -> None:
    done = run_as_somebody(SERVED, TIERFLOOR_SANDBOX="bubblewrap")

    assert done.stdout.splitlines() == [
        "bubblewrap+landlock+seccomp+limits",
        "['kept'] 0",
        "b'hello'",
        "[False, False, False]",
        "0",
    ], done.stderr


def test_without_its_program_each_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, problem in (("bubblewrap", "install bubblewrap"), ("docker", "there is no docker")):
        monkeypatch.setenv(CHOICE, name)

        with pytest.raises(BadInput, match=problem):
            isolation()


def test_docker_without_an_engine_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon.' >&2\nexit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv(CHOICE, "docker")

    with pytest.raises(BadInput, match=r"docker has no engine: Cannot connect"):
        isolation()


def test_docker_shares_packages_and_a_folder_to_meet_in() -> None:
    words = docker.command("/usr/bin/docker", PROGRAM, Path("/tmp/meet"), 1000)

    assert words[:2] == ["/usr/bin/docker", "run"]
    assert {"--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--user=1000:1000"} <= set(words)
    assert {"--volume=/tmp/meet:/tierfloor", "--volume=/venv/lib/h11:/venv/lib/h11:ro"} <= set(words)
    image = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    assert words[words.index(image) :] == [image, "python", "-P", "-c", "pass", "/tierfloor/control"]


CONTAINER = """#!{python}
import os, subprocess, sys
words = sys.argv[1:]
if words[0] == "version": sys.exit(0)
folder = next(word for word in words if word.startswith("--volume=")).split("=")[1].split(":")[0]
command = words[words.index("python") + 1 : -1]
sys.exit(subprocess.call([sys.executable, *command, folder + "/control"], env={{"PYTHONHASHSEED": "0"}}))
"""


def test_a_zygote_that_is_met_in_a_folder_works_like_one_that_inherits(
    request: pytest.FixtureRequest,
) -> None:
    """A program in docker's place that starts the interpreter here: all but the container is real."""
    folder = tempfile.TemporaryDirectory()
    request.addfinalizer(folder.cleanup)
    client = Path(folder.name, "docker")
    client.write_text(CONTAINER.format(python=sys.executable))
    for path in (client, client.parent):
        path.chmod(0o755)

    program = f"import os; os.environ['PATH'] = {folder.name!r}\n{SERVED}"
    done = run_as_somebody(program, TIERFLOOR_SANDBOX="docker")

    assert done.stdout.splitlines()[:3] == ["docker+landlock+seccomp+limits", "['kept'] 0", "b'hello'"], done.stderr
