"""The answer cache: nothing paid is lost, nothing foreign is believed."""

from __future__ import annotations

import dataclasses
import json
import pickle
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cache import KEEP_ALL, Cache, default_folder, read_answers, write_answers
from harness.errors import BadInput
from harness.values import Request, Response, Usage

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

WRITER = """
import sys
from pathlib import Path
from harness.cache import Cache, read_answers
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
from harness.cache import Cache, read_answers
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
