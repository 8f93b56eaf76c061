"""The answer cache: nothing paid is lost, nothing foreign is believed."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.answers import read_answers, write_answers
from harness.cache import KEEP_ALL, Cache, default_folder
from harness.errors import BadInput
from harness.values import Request, Response, Usage

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

WRITER = """
import sys
from pathlib import Path
from harness.answers import read_answers
from harness.cache import Cache
(request, response), = read_answers(Path(sys.argv[2])).values()
import dataclasses
with Cache.open(Path(sys.argv[1])) as cache:
    print("ready", flush=True)
    sys.stdin.readline()
    for epoch in range(int(sys.argv[3])):
        new = dataclasses.replace(request, epoch=epoch)
        kept = cache.add(new, dataclasses.replace(response, text=sys.argv[4]))
        print(new.key, kept.text[:10], flush=True)
"""

BATCHES = """
import dataclasses, sys
from pathlib import Path
from harness.answers import read_answers
from harness.cache import Cache
(request, response), = read_answers(Path(sys.argv[2])).values()
name, size, batches = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
print("ready", flush=True)
sys.stdin.readline()
with Cache.open(Path(sys.argv[1])) as cache:
    for start in range(0, size * batches, size):
        mine = [(dataclasses.replace(request, prompt=name, epoch=start + n), response) for n in range(size)]
        both = [(dataclasses.replace(request, prompt="both", epoch=start + n), response) for n in range(size)]
        pairs = [(asked, dataclasses.replace(given, text=f"{name} {asked.epoch}")) for asked, given in mine + both]
        kept = cache.add_all(pairs)
        print(start, *(given.text.split()[0] for given in kept[size:]), flush=True)
"""


def request(epoch: int = 0, prompt: str = "2+2?") -> Request:
    return Request(
        provider="local",
        model="smol",
        endpoint="",
        system="Reply with a number.",
        prompt=prompt,
        max_output_tokens=16,
        temperature="0",
        seed=7,
        effort=None,
        schema=None,
        weights="b179",
        engine="2026.10",
        epoch=epoch,
    )


def response(text: str = "4", raw: dict[str, Any] | None = None) -> Response:
    return Response(
        text=text,
        finish="ok",
        usage=Usage(input=12, output=1, cached=3),
        model="smol-135m",
        latency_ms=40,
        on="2026-11-21",
        raw={"choices": [{"text": text, "p": 0.1}], "id": None} if raw is None else raw,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "answers"


@pytest.fixture
def cache(folder: Path) -> Iterator[Cache]:
    with Cache.open(folder) as opened:
        yield opened


def poison(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / "cache.db") as database:
        database.execute(statement, values)
    database.close()


@contextmanager
def writer(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that has started and waits for the word to go."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


class Payload:
    """Unpickling it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return __import__("os").mkdir, (str(self.mark),)


def test_an_answer_is_kept_across_openings(folder: Path) -> None:
    with Cache.open(folder) as cache:
        assert cache.get(request().key) is None
        assert cache.add(request(), response()) == response()
    with Cache.open(folder) as cache:
        assert cache.get(request().key) == response()
        assert (len(cache), cache.keys(), cache.verify()) == (1, [request().key], [])


def test_the_first_writer_wins(cache: Cache) -> None:
    cache.add(request(), response("first"))
    assert cache.add(request(), response("second")).text == "first"
    stored = cache.get(request().key)
    assert stored is not None
    assert stored.text == "first"


def test_large_answers_stay_whole_and_in_the_database(cache: Cache, folder: Path) -> None:
    text = "grüße \u2028 \r\n" * 100_000

    cache.add(request(), response(text))

    assert cache.get(request().key) == response(text)
    assert {path.name for path in folder.iterdir()} <= {"cache.db", "cache.db-wal", "cache.db-shm"}


def test_a_lone_surrogate_does_not_lose_the_answer(cache: Cache, tmp_path: Path) -> None:
    kept = cache.add(request(), response("half an emoji: \ud83d", raw={"t": "\ud83d"}))
    assert kept.text == "half an emoji: ?"
    assert cache.get(request().key) == kept
    assert cache.export(tmp_path / "out.jsonl") == 1


@pytest.mark.parametrize(
    "raw", [{"p": float("nan")}, {"p": float("inf")}, {"p": object()}], ids=["nan", "inf", "object"]
)
def test_what_is_not_json_is_refused_before_it_is_stored(cache: Cache, raw: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="cannot be kept"):
        cache.add(request(), response(raw=raw))
    assert len(cache) == 0


def test_nothing_is_ever_evicted(cache: Cache, folder: Path) -> None:
    with sqlite3.connect(folder / "cache.db") as database:
        stored = dict(database.execute("SELECT key, value FROM Settings"))
    database.close()
    assert {name: stored[name] for name in KEEP_ALL} == KEEP_ALL
    assert KEEP_ALL["eviction_policy"] == "none"


def test_the_folder_is_the_users_alone(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    with Cache.open(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mask", [0, 0o077, 0o777])
def test_nobody_else_can_read_the_files_whatever_the_umask(folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with Cache.open(folder) as cache:
            cache.add(request(), response())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"cache.db": 0o600, "cache.db-wal": 0o600, "cache.db-shm": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_files_that_others_could_read_are_narrowed(folder: Path) -> None:
    with Cache.open(folder) as cache, Cache.open(folder):
        cache.add(request(), response())
        folder.chmod(0o777)
        for path in folder.iterdir():
            path.chmod(0o666)

        with Cache.open(folder) as again:
            assert again.get(request().key) == response()
            assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_with_other_files_is_refused_and_left_alone(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    (folder / "thesis.txt").write_text("keep me")

    with pytest.raises(BadInput, match="holds other files"):
        Cache.open(folder)

    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_file_that_is_no_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "cache.db").write_text("not sqlite " * 1000)
    with pytest.raises(BadInput, match="cannot be opened as an answer cache"):
        Cache.open(folder)


def test_a_folder_name_that_would_be_expanded_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", str(tmp_path / "elsewhere"))
    with pytest.raises(BadInput, match="would expand"):
        Cache.open(tmp_path / "$ELSEWHERE")


def tampered(folder: Path, how: str, mark: Path) -> None:
    """Change the one row that answers `request()` into something that acts when a diskcache handles it."""
    if how == "pickled value":
        poison(folder, "UPDATE Cache SET mode = 4, value = ? WHERE key = ?", pickle.dumps(Payload(mark)), request().key)
    elif how == "mode alone":
        poison(folder, "UPDATE Cache SET mode = 4 WHERE key = ?", request().key)
    elif how == "pickled key":
        poison(folder, "UPDATE Cache SET raw = 0, key = ? WHERE key = ?", pickle.dumps(Payload(mark)), request().key)
    else:
        mode = {"file of text": 2, "pickle in a file": 4}[how]
        statement = "UPDATE Cache SET mode = ?, filename = ?, value = NULL WHERE key = ?"
        poison(folder, statement, mode, "../victim.txt", request().key)


@pytest.mark.parametrize("how", ["pickled value", "mode alone", "pickled key", "file of text", "pickle in a file"])
def test_a_tampered_row_is_refused_and_told_by_whatever_meets_it(folder: Path, tmp_path: Path, how: str) -> None:
    mark, victim = tmp_path / "EXECUTED", tmp_path / "victim.txt"
    victim.write_bytes(pickle.dumps(Payload(mark)))
    with Cache.open(folder) as cache:
        cache.add_all([(request(0), response()), (request(1), response("other"))])
    tampered(folder, how, mark)
    refusal = "not one of our rows"

    with Cache.open(folder) as cache:
        if how == "pickled key":
            # The row is under no key of ours, so the request has no answer and can be given one.
            assert (cache.get(request().key), list(cache.get_all([request().key, request(1).key]))) == (
                None,
                [request(1).key],
            )
        else:
            with pytest.raises(BadInput, match=f"{refusal}.*tierfloor cache verify"):
                cache.get(request().key)
            with pytest.raises(BadInput, match=refusal):
                cache.get_all([request(1).key, request().key])
            with pytest.raises(BadInput, match=refusal):
                cache.add_all([(request(2), response()), (request(0), response("again")), (request(3), response())])
            assert len(cache.get_all(request(epoch).key for epoch in (1, 2, 3))) == 3
        assert [refusal in problem for problem in cache.verify()] == [True]
        assert [refusal in entry.problem for entry in cache.entries() if entry.problem] == [True]
        with pytest.raises(BadInput, match=f"1 damaged rows are left out.*{refusal}"):
            cache.export(tmp_path / "saved.jsonl")
        sound = len(cache) - 1
        assert cache.move(tmp_path / "moved.jsonl", lambda request, response: True) == (sound, 1)
        assert (len(cache), [refusal in problem for problem in cache.verify()]) == (1, [True])

    assert (
        request().key
        not in read_answers(tmp_path / "saved.jsonl").keys() | read_answers(tmp_path / "moved.jsonl").keys()
    )
    assert len(read_answers(tmp_path / "moved.jsonl")) == sound
    assert not mark.exists()
    assert victim.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("disk_evil", 1), ("add", "x"), ("sqlite_journal_mode = off --", 1), (b"raw", 1)], ids=str
)
def test_a_setting_that_is_not_ours_is_refused(folder: Path, name: object, value: object) -> None:
    with Cache.open(folder):
        pass
    poison(folder, "INSERT INTO Settings VALUES (?, ?)", name, value)
    with pytest.raises(BadInput, match="settings that are not ours"):
        Cache.open(folder)


def test_a_folder_cannot_lower_its_own_safety(folder: Path) -> None:
    with Cache.open(folder) as cache:
        cache.add(request(), response())
    for name, value in (("eviction_policy", "least-recently-used"), ("sqlite_synchronous", 0), ("size_limit", 1)):
        poison(folder, "UPDATE Settings SET value = ? WHERE key = ?", value, name)
    poison(folder, "UPDATE Settings SET value = 'delete' WHERE key = 'sqlite_journal_mode'")

    with Cache.open(folder) as cache:
        assert cache.get(request().key) == response()
        ((mode,), (level,)) = (
            cache._rows._sql(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")
        )
        assert (mode, level) == ("wal", 2)
        assert {name: getattr(cache._rows, name) for name in KEEP_ALL} == KEEP_ALL


@pytest.mark.parametrize("column", ["value", "key"])
def test_a_pickle_in_the_cache_is_never_loaded(folder: Path, tmp_path: Path, column: str) -> None:
    with Cache.open(folder) as cache:
        cache.add(request(), response())
    mark = tmp_path / "EXECUTED"
    how = "mode = 4" if column == "value" else "raw = 0"
    poison(folder, f"UPDATE Cache SET {how}, {column} = ?", pickle.dumps(Payload(mark)))

    with Cache.open(folder) as cache:
        if column == "value":
            with pytest.raises(BadInput, match="not one of our rows"):
                cache.get(request().key)
        else:
            assert (cache.keys(), cache.get(request().key)) == ([], None)
        with suppress(BadInput):
            cache.export(tmp_path / "out.jsonl")
        assert ["not one of our rows" in problem for problem in cache.verify()] == [True]

    assert not mark.exists()
    assert (tmp_path / "out.jsonl").read_text() == ""


def test_a_row_that_names_a_file_reads_and_removes_nothing(folder: Path, tmp_path: Path) -> None:
    with Cache.open(folder) as cache:
        cache.add(request(), response())
    victim = tmp_path / "victim.txt"
    victim.write_text("keep me")
    poison(folder, "UPDATE Cache SET filename = '../victim.txt', mode = 3, value = NULL")

    with Cache.open(folder) as cache:
        with pytest.raises(BadInput, match="not one of our rows"):
            cache.get(request().key)
        poison(folder, "UPDATE Cache SET expire_time = 1")
        assert cache.add(request(), response("again")).text == "again"

    assert victim.read_text() == "keep me"


def test_only_text_can_be_written_underneath(cache: Cache) -> None:
    for key, value in [("k", {"a": 1}), ("k", b"bytes"), (("k",), "text")]:
        with pytest.raises(ValueError, match="not one of our rows"):
            cache._rows.add(key, value)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE Cache SET value = substr(value, 1, 80)", "Invalid JSON"),
        ("UPDATE Cache SET value = replace(value, '\"epoch\":0', '\"epoch\":1')", "not the key of its request"),
        ("UPDATE Cache SET value = replace(value, '\"cached\"', '\"cash\"')", "response.usage.cash: unknown key"),
        ("UPDATE Cache SET value = CAST(x'ff' AS TEXT)", ""),
        ("UPDATE Cache SET key = 'abc'", "not the key of its request"),
    ],
)
def test_a_corrupt_row_is_named(folder: Path, statement: str, problem: str) -> None:
    with Cache.open(folder) as cache:
        cache.add(request(), response())
    poison(folder, statement)

    with Cache.open(folder) as cache:
        (key,) = cache.keys()
        with pytest.raises(BadInput) as caught:
            cache.get(key)
        (found,) = cache.verify()

    assert key in str(caught.value)
    assert problem in str(caught.value)
    assert "tierfloor cache verify" in str(caught.value)
    assert found.startswith("row 1 (")
    assert problem in found


def test_a_damaged_database_is_one_line(folder: Path) -> None:
    with Cache.open(folder) as cache:
        for epoch in range(50):
            cache.add(request(epoch), response("x" * 2000))
    database = folder / "cache.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:20_000] + b"\xff" * 60_000 + whole[80_000:])

    with Cache.open(folder) as cache:
        assert any(problem.startswith("cache.db: ") for problem in cache.verify())
        with pytest.raises(BadInput, match="tierfloor cache verify"):
            assert [cache.get(request(epoch).key) for epoch in range(50)]


def test_a_full_disk_is_one_line_and_loses_nothing(folder: Path, tmp_path: Path, fresh: Fresh) -> None:
    write_answers(tmp_path / "one.jsonl", [(request(), response("x" * 100_000))])

    done = fresh(
        """
import dataclasses, resource, sys
from pathlib import Path
from harness.answers import read_answers
from harness.cache import Cache
from harness.errors import BadInput
(request, response), = read_answers(Path(sys.argv[2])).values()
acknowledged = []
with Cache.open(Path(sys.argv[1])) as cache:
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
    for epoch in range(20):
        try:
            new = dataclasses.replace(request, epoch=epoch)
            cache.add(new, response)
            acknowledged.append(new.key)
        except BadInput as error:
            print(error)
            break
    try:
        cache.export(Path(sys.argv[2]).with_name("out.jsonl"))
        response = dataclasses.replace(response, text="y" * 900_000)
        cache.add(request, response)
    except BadInput as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert acknowledged and sorted(acknowledged) == cache.keys() and cache.verify() == []
    cache.add(dataclasses.replace(request, epoch=99), response)
""",
        folder,
        tmp_path / "one.jsonl",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith(f"{folder}: cannot store an answer: ")
    assert "free some space" in done.stdout
    assert not list(tmp_path.glob(".out*"))


def test_two_processes_agree_on_the_first_answer(folder: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "one.jsonl", [(request(), response())])
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, folder, tmp_path / "one.jsonl", "30", text],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for text in ("alpha", "beta")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"

    said = [writer.communicate("go\n", timeout=120)[0].splitlines() for writer in writers]

    assert said[0] == said[1]
    assert len(said[0]) == 30
    with Cache.open(folder) as cache:
        stored = {line.split()[0]: cache.get(line.split()[0]) for line in said[0]}
        assert [f"{key} {kept.text}" for key, kept in stored.items() if kept] == said[0]
        assert cache.verify() == []


@pytest.mark.parametrize("acknowledged", [1, 7, 23])
def test_kill_9_loses_no_acknowledged_answer(folder: Path, tmp_path: Path, acknowledged: int) -> None:
    write_answers(tmp_path / "one.jsonl", [(request(), response())])
    arguments = [str(folder), str(tmp_path / "one.jsonl"), "100000", "x" * 20_000]
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        writer.stdin.write("go\n")
        writer.stdin.flush()
        keys = [writer.stdout.readline().split()[0] for _ in range(acknowledged)]
        writer.send_signal(signal.SIGKILL)

    with Cache.open(folder) as cache:
        assert set(keys) <= set(cache.keys())
        assert cache.verify() == []
        cache.add(request(200_000), response())


def test_export_and_import_give_the_same_bytes(cache: Cache, tmp_path: Path) -> None:
    for epoch in range(20):
        cache.add(request(epoch), response(f"é{epoch}\n\u2028", raw={"big": 2**70, "p": 0.1 + 0.2, "n": [None, {}]}))

    assert cache.export(tmp_path / "a.jsonl") == 20
    with Cache.open(tmp_path / "other") as other:
        assert other.import_(tmp_path / "a.jsonl") == (20, 0)
        assert other.import_(tmp_path / "a.jsonl") == (0, 20)
        other.export(tmp_path / "b.jsonl")
    write_answers(tmp_path / "c.jsonl", reversed(read_answers(tmp_path / "a.jsonl").values()))

    first = (tmp_path / "a.jsonl").read_bytes()
    assert (tmp_path / "b.jsonl").read_bytes() == first
    assert (tmp_path / "c.jsonl").read_bytes() == first
    assert [json.loads(line)["key"] for line in first.splitlines()] == cache.keys()


def test_export_of_chosen_keys_skips_what_is_not_there(cache: Cache, tmp_path: Path) -> None:
    cache.add(request(0), response())
    cache.add(request(1), response())
    assert cache.export(tmp_path / "a.jsonl", [request(1).key, "no such key"]) == 1
    assert list(read_answers(tmp_path / "a.jsonl")) == [request(1).key]


def test_import_does_not_replace_what_is_stored(cache: Cache, tmp_path: Path) -> None:
    cache.add(request(), response("paid for"))
    write_answers(tmp_path / "a.jsonl", [(request(), response("other")), (request(1), response())])
    assert cache.import_(tmp_path / "a.jsonl") == (1, 1)
    assert cache.get(request().key) == response("paid for")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"response":{', '"response":{"grade":1,', "response.grade: unknown key"),
        ('"usage":{', '"usage":{"dollars":1,', "response.usage.dollars: unknown key"),
        ('"epoch":1,', "", "request.epoch: missing"),
        ('"epoch":1', '"epoch":"1"', "request.epoch: Input should be a valid integer"),
        ('"epoch":1', '"epoch":true', "request.epoch: Input should be a valid integer"),
        ('"epoch":1', '"epoch":3', "not the key of its request"),
        ('"epoch":1', '"epoch":0', "not the key of its request"),
        ('"finish":"ok"', '"finish":"fine"', "response.finish: Input should be 'ok'"),
        ('"raw":{', '"raw":[],"r":{', "response.r"),
        ('"id":null', '"id":NaN', "not JSON compliant"),
        ('"id":null', '"id":1e999', "not JSON compliant"),
        ('"key":', '"key"', "Invalid JSON"),
        ("}\n", "}}\n", "Invalid JSON"),
    ],
)
def test_one_bad_line_imports_nothing_and_is_named(
    cache: Cache, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    path = tmp_path / "answers.jsonl"
    items = sorted(((request(epoch), response()) for epoch in (0, 1)), key=lambda item: item[0].epoch)
    write_answers(tmp_path / "first.jsonl", items[:1])
    write_answers(tmp_path / "second.jsonl", items[1:])
    bad = (tmp_path / "second.jsonl").read_text().replace(old, new)
    path.write_text((tmp_path / "first.jsonl").read_text() + bad)

    with pytest.raises(BadInput) as caught:
        cache.import_(path)

    assert str(caught.value).startswith(f"{path}:2: ")
    assert problem in str(caught.value)
    assert "mend or remove the line" in str(caught.value)
    assert len(cache) == 0


def test_the_same_key_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    write_answers(path, [(request(), response())])
    path.write_text(path.read_text() * 2)
    with pytest.raises(BadInput, match=r"answers\.jsonl:2: .*a second line with this key"):
        read_answers(path)


def test_files_that_cannot_be_read_or_written_are_one_line(cache: Cache, tmp_path: Path) -> None:
    cache.add(request(), response())
    with pytest.raises(BadInput, match="No such file"):
        cache.import_(tmp_path / "nowhere.jsonl")
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(BadInput, match="cannot write"):
        cache.export(tmp_path / "taken" / "out.jsonl")


def test_a_damaged_row_does_not_take_the_others_with_it(folder: Path, tmp_path: Path) -> None:
    backup, saved = tmp_path / "backup.jsonl", tmp_path / "saved.jsonl"
    backup.write_text("of yesterday")
    with Cache.open(folder) as cache:
        cache.add(request(0), response())
        cache.add(request(1), response())
        good, bad = cache.keys()
        poison(folder, "UPDATE Cache SET value = '{}' WHERE key = ?", bad)
        with pytest.raises(BadInput, match=f"left as it was, since 1 rows are damaged.*{bad}"):
            cache.export(backup)
        with pytest.raises(BadInput, match=f"1 answers were saved; 1 damaged rows are left out.*{bad}"):
            cache.export(saved)

    assert backup.read_text() == "of yesterday"
    assert list(read_answers(saved)) == [good]


@settings(max_examples=30, deadline=None)
@given(
    raw=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    ),
    text=st.text(),
)
def test_any_json_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, raw: dict[str, Any], text: str
) -> None:
    path = tmp_path_factory.mktemp("round") / "answers.jsonl"
    item = (request(), response(text, raw=raw))

    write_answers(path, [item])

    assert read_answers(path) == {request().key: item}


def test_the_default_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERFLOOR_CACHE", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("TIERFLOOR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder().parts[-2:] == ("tierfloor", "answers")


def test_a_response_of_another_shape_is_no_answer(cache: Cache) -> None:
    broken = dataclasses.replace(response(), latency_ms="fast")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="latency_ms"):
        cache.add(request(), broken)
    assert len(cache) == 0


def test_several_answers_are_kept_at_once_and_the_first_one_wins(cache: Cache) -> None:
    cache.add(request(1), response("earlier"))

    kept = cache.add_all(
        [(request(n), response(text)) for n, text in [(0, "a"), (1, "b"), (2, "c"), (0, "d"), (1, "e")]]
    )

    assert [each.text for each in kept] == ["a", "earlier", "c", "a", "earlier"]
    assert cache.add_all([]) == []
    found = cache.get_all([request(2).key, request(0).key, "no such key", request(1).key, request(0).key])
    assert {pair[0].epoch: pair[1].text for pair in found.values()} == {0: "a", 1: "earlier", 2: "c"}
    assert [key for key, (asked, _) in found.items() if asked.key != key] == []
    assert cache.get_all([]) == {}


def test_many_answers_are_found_at_once(cache: Cache) -> None:
    """More than SQLite takes variables."""
    pairs = [(request(epoch), response(str(epoch))) for epoch in range(1203)]
    assert cache.add_all(pairs) == [given for _, given in pairs]
    assert cache.get_all(asked.key for asked, _ in pairs) == {asked.key: (asked, given) for asked, given in pairs}


def test_an_answer_that_cannot_be_kept_does_not_take_the_others_with_it(cache: Cache) -> None:
    with pytest.raises(BadInput, match="cannot be kept"):
        cache.add_all(
            [(request(0), response()), (request(1), response(raw={"p": float("nan")})), (request(2), response())]
        )
    assert set(cache.keys()) == {request(0).key, request(2).key}


def test_reading_many_raises_for_a_damaged_one_and_says_how_many(folder: Path) -> None:
    with Cache.open(folder) as cache:
        cache.add_all([(request(epoch), response()) for epoch in range(4)])
        for epoch in (0, 1, 2):
            poison(folder, "UPDATE Cache SET value = substr(value, 9) WHERE key = ?", request(epoch).key)
        with pytest.raises(BadInput, match=r"row 1 \('[0-9a-f]{64}'\) and 2 more: .*Invalid JSON") as caught:
            cache.get_all(request(epoch).key for epoch in range(4))
    assert "\n" not in str(caught.value)


def test_what_is_not_utf_8_is_refused_and_not_mended(folder: Path) -> None:
    with Cache.open(folder) as cache:
        cache.add(request(), response("MARK"))
        poison(
            folder,
            "UPDATE Cache SET value = CAST(replace(CAST(value AS BLOB), CAST('MARK' AS BLOB), x'ff') AS TEXT)",
        )
        assert len(cache.verify()) == 1
        with pytest.raises(BadInput, match="tierfloor cache verify"):
            cache.get(request().key)


def test_one_thread_writes_while_another_reads(cache: Cache) -> None:
    pairs = [(request(epoch), response(str(epoch))) for epoch in range(120)]
    seen: list[int] = []
    raised: list[BaseException] = []

    def write() -> None:
        try:
            for start in range(0, 120, 10):
                cache.add_all(pairs[start : start + 10])
            cache.close()
        except BaseException as error:  # noqa: BLE001 - told by the other thread
            raised.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    while thread.is_alive():
        seen.append(len(cache.get_all(asked.key for asked, _ in pairs)))
    thread.join()

    assert raised == []
    assert seen == sorted(seen)
    assert {count % 10 for count in seen} <= {0}
    assert len(cache.get_all(asked.key for asked, _ in pairs)) == 120
    assert cache.add(*pairs[0]) == pairs[0][1]


OPENERS = """
import os, sys, time
from pathlib import Path
import diskcache, pydantic
from harness.answers import read_answers
from harness.cache import Cache
pair, = read_answers(Path(sys.argv[2])).values()
def child(folder, start):
    while time.monotonic() < start:
        pass
    try:
        with Cache.open(folder) as cache:
            cache.add(*pair)
    except BaseException as error:
        print(error, flush=True)
    os._exit(0)
for number in range(25):
    start = time.monotonic() + 0.01
    children = []
    for _ in range(4):
        children.append(os.fork())
        if children[-1] == 0:
            child(Path(sys.argv[1]) / str(number), start)
    for pid in children:
        os.waitpid(pid, 0)
"""


@pytest.mark.slow
def test_processes_that_open_a_new_cache_at_the_same_moment_all_can(folder: Path, tmp_path: Path, fresh: Fresh) -> None:
    write_answers(tmp_path / "one.jsonl", [(request(), response())])

    done = fresh(OPENERS, folder, tmp_path / "one.jsonl")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for number in range(25):
        with Cache.open(folder / str(number)) as cache:
            assert (len(cache), cache.verify()) == (1, [])


def test_processes_that_start_together_share_one_new_cache(folder: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "one.jsonl", [(request(), response())])
    arguments = (folder, tmp_path / "one.jsonl")
    with (
        writer(BATCHES, *arguments, "alpha", 7, 6) as alpha,
        writer(BATCHES, *arguments, "beta", 7, 6) as beta,
        writer(BATCHES, *arguments, "gamma", 7, 6) as gamma,
    ):
        for process in (alpha, beta, gamma):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=120)[0] for process in (alpha, beta, gamma)]

    assert said[0] == said[1] == said[2]
    assert len(said[0].splitlines()) == 6
    with Cache.open(folder) as cache:
        assert cache.verify() == []
        pairs = [(entry.record.request, entry.record.response.text) for entry in cache.entries() if entry.record]
    assert len(pairs) == 4 * 42
    assert [text for asked, text in pairs if asked.prompt != "both" and text != f"{asked.prompt} {asked.epoch}"] == []
    # Who stored the first of a batch stored all of it.
    assert {len(set(line.split()[1:])) for line in said[0].splitlines()} == {1}


@pytest.mark.parametrize("seed", range(4))
def test_kill_9_leaves_no_half_batch_and_loses_no_acknowledged_one(folder: Path, tmp_path: Path, seed: int) -> None:
    write_answers(tmp_path / "one.jsonl", [(request(), response("", raw={"t": "x" * 20_000}))])
    said = []
    with writer(BATCHES, folder, tmp_path / "one.jsonl", "alpha", 8, 10_000) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        chance = random.Random(seed)
        said = [process.stdout.readline() for _ in range(chance.randrange(1, 12))]
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()

    with Cache.open(folder) as cache:
        assert cache.verify() == []
        epochs = sorted(
            e.record.request.epoch for e in cache.entries() if e.record and e.record.request.prompt == "alpha"
        )
        assert (len(cache), len(epochs) % 8) == (2 * len(epochs), 0)
        assert epochs == list(range(len(epochs)))
        assert len(epochs) >= 8 * len([line for line in said if line.endswith("\n")])
        cache.add(request(), response())


def test_what_is_chosen_moves_into_a_file_that_can_be_imported(cache: Cache, tmp_path: Path) -> None:
    cache.add_all([(request(epoch), response(str(epoch))) for epoch in range(10)])
    path = tmp_path / "moved.jsonl"

    assert cache.move(path, lambda asked, given: asked.epoch % 2 == 0 and given.text != "4") == (4, 0)

    assert sorted(asked.epoch for asked, _ in read_answers(path).values()) == [0, 2, 6, 8]
    assert sorted(asked.epoch for asked, _ in cache.get_all(cache.keys()).values()) == [1, 3, 4, 5, 7, 9]
    assert (len(cache), cache.verify(), stat.S_IMODE(path.stat().st_mode)) == (6, [], 0o600)
    assert cache.import_(path) == (4, 0)


def test_a_file_that_exists_is_never_moved_over(cache: Cache, tmp_path: Path) -> None:
    cache.add(request(), response())
    path = tmp_path / "mine.txt"
    path.write_text("keep me")

    with pytest.raises(BadInput, match=r"mine\.txt: exists; name a new file"):
        cache.move(path, lambda asked, given: True)
    assert cache.move(tmp_path / "none.jsonl", lambda asked, given: False) == (0, 0)

    assert (path.read_text(), len(cache)) == ("keep me", 1)
    assert not (tmp_path / "none.jsonl").exists()


def test_what_cannot_be_written_is_not_removed(cache: Cache, tmp_path: Path) -> None:
    cache.add(request(), response())
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(BadInput, match="cannot write"):
        cache.move(tmp_path / "taken" / "out.jsonl", lambda asked, given: True)
    assert cache.get(request().key) == response()


MOVER = """
import os, signal, sys
from pathlib import Path
from harness import answers
from harness.cache import Cache
folder, path, moment = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def watch(event, arguments):
    global moment
    if event in {"open", "os.rename", "sqlite3.connect"} and str(path.parent) in str(arguments[0]):
        moment -= 1
        if moment == 0:
            os.kill(os.getpid(), signal.SIGKILL)
with Cache.open(folder) as cache:
    sys.addaudithook(watch)
    cache.move(path, lambda request, response: request.epoch < 5)
print("done")
"""


@pytest.mark.parametrize("moment", range(1, 7))
def test_kill_9_of_a_move_loses_nothing(folder: Path, tmp_path: Path, fresh: Fresh, moment: int) -> None:
    """Killed at every file that it opens, connects to or renames: an answer is in the cache or in the whole file."""
    path = tmp_path / "moved.jsonl"
    with Cache.open(folder) as cache:
        cache.add_all([(request(epoch), response()) for epoch in range(8)])

    done = fresh(MOVER, folder, path, moment)

    with Cache.open(folder) as cache:
        stored = set(cache.keys())
        assert cache.verify() == []
    written = path.exists() and path.stat().st_size > 0
    moved = set(read_answers(path)) if written else set()
    assert done.returncode in {0, -signal.SIGKILL}
    assert len(stored | moved) == 8
    assert len(moved) in {0, 5}
    assert (len(stored) == 3) <= bool(written)


def test_an_answer_from_before_the_first_release_is_one_line(folder: Path) -> None:
    with Cache.open(folder) as cache:
        cache.add(request(), response())
        poison(folder, """UPDATE Cache SET value = replace(value, '"failed":[]', '"attempts":2')""")

        (found,) = cache.verify()
        with pytest.raises(BadInput) as caught:
            cache.get(request().key)

    assert found.endswith("tries were only counted; leave the answer out and ask again")
    assert found in str(caught.value)


def test_a_lock_that_is_not_given_back_is_named(folder: Path) -> None:
    with Cache.open(folder) as cache, closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as other:
        cache._rows._sql("PRAGMA busy_timeout = 50")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BadInput, match="database is locked; run again when the process that holds it is done"):
            cache.add(request(), response())
        other.execute("ROLLBACK")
        assert cache.add(request(), response()) == response()
