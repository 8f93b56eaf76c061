"""What the doctor finds, and that it says nothing about a key."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from datetime import date
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import worlds
from hypothesis import given
from hypothesis import strategies as st

from harness import doctor, plugins, sandbox, weights
from harness.cache import Cache
from harness.cli import main
from harness.doctor import KEYS, Finding, Visit, machine
from harness.doctor import providers as asked
from harness.errors import BadInput, ProviderError
from harness.providers import Connect, Connection, Listed
from harness.values import Ladder, Tier

TODAY = date(2026, 11, 22)
PINNED = "smollm2-135m-instruct-q4_1"


def tier(name: str = "sonnet", **more: Any) -> Tier:
    return Tier(name=name, **{"provider": "anthropic", "model": "claude-sonnet-4-5", **more})


def ladder(*tiers: Tier, unit: str = "USD") -> Ladder:
    return Ladder(name="mine", title="Mine", unit=unit, tiers=tiers)


def visit(
    *tiers: Tier, key: str | None = "sk-1234567890", connect: Connect | None = None, offline: bool = False
) -> Visit:
    return Visit(
        ladder=ladder(*tiers),
        environ={} if key is None else {"ANTHROPIC_API_KEY": key},
        today=TODAY,
        cache=Path("cache"),
        connect=connect or listing(),
        offline=offline,
    )


def listing(*models: Listed, fault: Exception | None = None, asks: list[Tier] | None = None) -> Connect:
    """A provider that lists models, or fails to."""

    @asynccontextmanager
    async def connect(tier: Tier) -> AsyncIterator[Connection]:
        async def listed() -> tuple[Listed, ...]:
            if asks is not None:
                asks.append(tier)
            if fault is not None:
                raise fault
            return models

        yield Connection(complete=worlds.FakeProvider().connect, models=listed)  # type: ignore[arg-type]

    return connect


def results(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.check, finding.result) for finding in findings]


def models(given: Visit) -> list[Finding]:
    return asyncio.run(doctor.model_findings(given))


def model(given: Visit) -> Finding:
    (finding,) = models(given)
    return finding


# Software


def test_the_import_name_is_ours_alone() -> None:
    found = doctor.import_finding({"harness": ["tierfloor", "tierfloor"]}, Path("there/harness"), editable=False)

    assert found == Finding(
        check="import name", result="ok", detail="`harness` is tierfloor's alone, from there/harness"
    )


def test_another_owner_of_the_import_name_is_a_failure() -> None:
    found = doctor.import_finding({"harness": ["tierfloor", "harness-ml"]}, Path("harness"), editable=False)

    assert found.result == "fail"
    assert found.detail == "harness-ml also installs `harness`; give tierfloor an environment of its own"


@pytest.mark.parametrize(("editable", "result"), [(True, "ok"), (False, "warn")])
def test_an_unowned_import_name_is_fine_in_an_editable_install_only(editable: bool, result: str) -> None:
    assert doctor.import_finding({}, Path("harness"), editable=editable).result == result


REQUIRES = ("anthropic[aiohttp]<3,>=2.12", "openai<4,>=3.54", "numpy<3,>=2", 'xllamacpp==1.0; extra == "local"')


def packages(**installed: str) -> list[Finding]:
    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    return list(doctor.package_findings(REQUIRES, version))


def test_fitting_packages_are_one_line_and_extras_are_left_out() -> None:
    assert packages(anthropic="2.12.0", openai="3.54", numpy="2.4.6rc1") == [
        Finding(check="packages", result="ok", detail="anthropic 2.12.0, numpy 2.4.6rc1, openai 3.54")
    ]


@pytest.mark.parametrize(
    ("version", "result", "said"),
    [
        ("2.11.9", "fail", '2.11.9 is installed, tierfloor asks for >=2.12; run: pip install "anthropic<3,>=2.12"'),
        ("2.9", "fail", "2.9 is installed, tierfloor asks for >=2.12"),
        ("3.0.0", "warn", "3.0.0 is installed, tierfloor asks for <3"),
        ("3.0.0b1", "warn", "3.0.0b1 is installed, tierfloor asks for <3"),
    ],
)
def test_a_package_outside_its_bounds_is_named(version: str, result: str, said: str) -> None:
    first, *rest = packages(anthropic=version, openai="3.54", numpy="2")

    assert (first.check, first.result) == ("package anthropic", result)
    assert first.detail.startswith(said)
    assert results(rest) == [("packages", "ok")]


def test_a_missing_package_fails() -> None:
    assert results(packages(openai="3.54", numpy="2")) == [("package anthropic", "fail"), ("packages", "ok")]


# Keys


def test_a_set_key_is_fine_and_names_its_users() -> None:
    found = doctor.key_findings(visit(tier("a"), tier("b")))

    assert list(found) == [Finding(check="key ANTHROPIC_API_KEY", result="ok", detail="set, used by a, b")]


@pytest.mark.parametrize(("key", "said"), [(None, "not set, "), (" ", "empty, ")])
def test_a_missing_key_fails_unless_nobody_is_asked(key: str | None, said: str) -> None:
    (online,) = doctor.key_findings(visit(tier(), key=key))
    (offline,) = doctor.key_findings(visit(tier(), key=key, offline=True))

    assert (online.result, offline.result) == ("fail", "warn")
    assert online.detail == f"{said}used by sonnet; set it to ask these tiers"


@pytest.mark.parametrize(
    ("value", "result", "said"),
    [
        ("'sk-1234567890'", "warn", "quotes"),
        (" sk-1234567890\n", "warn", "white space around"),
        ("sk-12345 67890", "fail", "characters that no key has"),
        ("sk-12345\n67890", "fail", "characters that no key has"),
        ("“sk-1234567890”", "fail", "characters that no key has"),
    ],
)
def test_a_key_that_was_copied_badly_is_told(value: str, result: str, said: str) -> None:
    (found,) = doctor.key_findings(visit(tier(), key=value))

    assert (found.result, said in found.detail) == (result, True)
    assert "1234" not in found.detail


@given(st.text("abcdefXYZ0189_-", min_size=1, max_size=200))
def test_nothing_of_a_key_can_be_read_from_what_is_found(key: str) -> None:
    other = doctor.key_findings(visit(tier(), key="another"))
    assert list(doctor.key_findings(visit(tier(), key=key))) == list(other)


def test_an_address_gets_the_key_that_the_ladder_names_or_none() -> None:
    named = tier("named", base_url="http://there", key_env="THEIR_KEY")
    bare = tier("bare", base_url="http://there")

    found = doctor.key_findings(visit(named, bare))

    assert results(found) == [("key THEIR_KEY", "fail")]


@pytest.mark.parametrize("provider", sorted(KEYS))
def test_the_named_variable_is_the_one_that_the_adapter_reads(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect() -> None:
        async with plugins.load("tierfloor.providers", provider)(tier(provider=provider)):
            pass

    with pytest.raises(BadInput, match=f"set {' or '.join(KEYS[provider])},"):
        asyncio.run(connect())
    for name in KEYS[provider]:
        monkeypatch.setenv(name, "sk-test-1234567890")
        asyncio.run(connect())
        monkeypatch.delenv(name)


# Models


@pytest.mark.parametrize(
    ("retires", "result", "said"),
    [
        (None, "ok", "listed"),
        (date(2027, 6, 1), "ok", "listed, retires on 2027-06-01"),
        (date(2027, 2, 20), "warn", "listed, retires on 2027-02-20; choose its successor in time"),
        (date(2026, 11, 30), "warn", "listed, retires on 2026-11-30; choose its successor in time"),
        (TODAY, "warn", "listed, retires on 2026-11-22; choose its successor in time"),
        (date(2026, 11, 21), "fail", "listed, but retired on 2026-11-21; choose its successor"),
    ],
)
def test_a_model_is_listed_until_its_day(retires: date | None, result: str, said: str) -> None:
    connect = listing(Listed(id="claude-sonnet-4-5", retires=retires))

    found = model(visit(tier(), connect=connect))

    assert found == Finding(check="model anthropic/claude-sonnet-4-5", result=result, detail=said)  # type: ignore[arg-type]


def test_a_dated_snapshot_stands_for_its_alias() -> None:
    listed = (
        Listed(id="claude-sonnet-4-5-20250929", retires=date(2026, 11, 30)),
        Listed(id="claude-sonnet-4-5-mini"),
    )

    found = model(visit(tier(), connect=listing(*listed)))

    assert found.result == "warn"
    assert found.detail.startswith("listed as claude-sonnet-4-5-20250929, retires on 2026-11-30")


def test_an_unlisted_model_fails_with_the_nearest_name() -> None:
    mistyped = tier(model="claude-sonet-4-5")
    connect = listing(Listed(id="claude-sonnet-4-5"), Listed(id="claude-opus-5-5"))

    found = model(visit(mistyped, connect=connect))

    assert found.result == "fail"
    assert found.detail == "anthropic does not list it; did you mean 'claude-sonnet-4-5'?"


def test_a_server_at_an_address_may_take_any_name() -> None:
    own = tier(provider="openai-compatible", model="default", base_url="http://there/v1")

    found = model(visit(own, connect=listing(Listed(id="other"))))
    assert (found.result, found.detail) == ("warn", "openai-compatible at http://there/v1 does not list it")


def test_a_channel_is_asked_once_and_not_without_a_key() -> None:
    asks: list[Tier] = []
    tiers = (
        tier("a"),
        tier("b"),
        tier("keyless", provider="openai", model="gpt-6-luna"),
        tier("own", base_url="http://there"),
        tier("local", provider="local", weights=PINNED),
    )
    connect = listing(Listed(id="claude-sonnet-4-5"), asks=asks)

    found = models(visit(*tiers, connect=connect))

    assert [each.name for each in asks] == ["a", "own"]
    assert results(found) == [("model anthropic/claude-sonnet-4-5", "ok")]


@pytest.mark.parametrize(
    ("fault", "result", "said"),
    [
        (ProviderError("anthropic", "busy; try again later", fault="overloaded"), "warn", "anthropic: busy"),
        (ProviderError("anthropic", "refused", fault="key refused"), "fail", "anthropic: refused"),
        (BadInput("anthropic", "no such address"), "fail", "anthropic: no such address"),
        (KeyError("sk-secret-0123456789"), "fail", "KeyError: '[key]'"),
    ],
)
def test_a_fault_is_a_finding_and_hides_keys(
    fault: Exception, result: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret-0123456789")

    found = model(visit(tier(), connect=listing(fault=fault)))

    assert (found.check, found.result) == ("models of anthropic", result)
    assert found.detail.startswith(said)


def test_a_provider_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def connect(tier: Tier) -> AsyncIterator[Connection]:
        yield Connection(complete=None, models=asyncio.Event().wait)  # type: ignore[arg-type]

    monkeypatch.setattr(asked, "SECONDS", 0.01)

    found = model(visit(tier(), connect=connect))

    assert (found.result, found.detail) == ("warn", "no answer in 0 s; check network and address")


def test_a_provider_without_a_list_is_a_warning() -> None:
    found = model(visit(tier(), connect=worlds.FakeProvider().connect))

    assert found.result == "warn"


# Prices


def test_known_and_unknown_prices() -> None:
    tiers = (tier("haiku", model="claude-haiku-5-5"), tier("odd", model="claude-nonesuch-9"))

    known, unknown = doctor.price_findings(ladder(*tiers), TODAY)

    detail = "0.0015 USD for 10,000 tokens in and 1,000 out"
    assert known == Finding(check="price of haiku", result="ok", detail=detail)
    assert (unknown.check, unknown.result) == ("price of odd", "fail")
    assert "does not know anthropic/claude-nonesuch-9" in unknown.detail


def test_a_coming_change_of_price_is_a_warning() -> None:
    argon = tier("argon", provider="google", model="gemini-4-argon")

    (before,) = doctor.price_findings(ladder(argon), TODAY)
    (after,) = doctor.price_findings(ladder(argon), date(2026, 12, 1))

    assert before.result == "warn"
    assert before.detail == "0.03 USD for 10,000 tokens in and 1,000 out; 0.06 from 2026-12-01"
    assert (after.result, after.detail) == ("ok", "0.06 USD for 10,000 tokens in and 1,000 out")


# Engine and weights


def local(engine: str | None) -> list[Finding]:
    tiers = (tier("a", weights=PINNED, engine="xllamacpp 1"), tier("b", weights=PINNED, engine="xllamacpp 1"))
    return list(doctor.local_findings(ladder(*tiers), engine, absent="fail"))


@pytest.mark.parametrize(
    ("engine", "result", "said"),
    [
        (None, "fail", 'xllamacpp is not installed; run: pip install "tierfloor[local]"'),
        ("xllamacpp 2", "fail", "xllamacpp 2 is installed, the ladder pins xllamacpp 1; pip install xllamacpp==1"),
        ("xllamacpp 1", "ok", "xllamacpp 1, as pinned"),
    ],
)
def test_the_engine_must_be_the_pinned_one(engine: str | None, result: str, said: str) -> None:
    assert local(engine)[0] == Finding(check="engine", result=result, detail=said)  # type: ignore[arg-type]


def test_weights_are_here_whole_or_not() -> None:
    pin = weights.pins()[PINNED]
    path = weights.folder() / f"{pin.sha256}.gguf"

    (absent,) = local("xllamacpp 1")[1:]
    path.parent.mkdir()
    path.write_bytes(b"GGUF")
    (short,) = local("xllamacpp 1")[1:]
    os.truncate(path, pin.bytes)
    (whole,) = local("xllamacpp 1")[1:]

    assert [finding.result for finding in (absent, short, whole)] == ["fail", "fail", "ok"]
    assert absent.detail.endswith("run: tierfloor pull mine")
    assert short.detail.startswith(f"4 bytes instead of {pin.bytes}; delete ")


def test_a_ladder_without_local_tiers_needs_no_engine() -> None:
    assert list(doctor.local_findings(ladder(tier()), None, absent="fail")) == []


# Cache


def stored(folder: Path, count: int = 2) -> Path:
    with Cache.open(folder) as cache:
        for number in range(count):
            cache.add(worlds.request(epoch=number), worlds.response("3"))
    return folder


def test_a_cache_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = list(doctor.cache_findings(tmp_path / "a" / "b"))

    assert results(found) == [("cache room", "ok"), ("cache", "ok")]
    assert found[1].detail.endswith("not there yet, the first run makes it")
    assert not (tmp_path / "a").exists()


def test_a_sound_cache_is_counted(tmp_path: Path) -> None:
    _, found = doctor.cache_findings(stored(tmp_path / "cache"))

    assert (found.result, found.detail) == ("ok", f"{tmp_path / 'cache'}: 2 answers, each is sound")


def test_a_large_cache_is_counted_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "VERIFIED_AT_MOST", 2)

    _, found = doctor.cache_findings(stored(tmp_path / "cache"))

    assert found.detail.endswith("2 answers, too many to look at here: tierfloor cache verify")


def test_a_damaged_row_fails(tmp_path: Path) -> None:
    folder = stored(tmp_path / "cache")
    with closing(sqlite3.connect(folder / "cache.db")) as database, database:
        database.execute("UPDATE Cache SET value = 'x' WHERE rowid = 1")

    _, found = doctor.cache_findings(folder)

    assert (found.result, "1 rows are not ours or damaged" in found.detail) == ("fail", True)


def test_a_cache_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    folder = stored(tmp_path / "cache")
    folder.chmod(0o755)

    assert results(doctor.cache_findings(folder)) == [("cache room", "ok"), ("cache mode", "warn"), ("cache", "ok")]


def test_a_folder_of_other_things_and_a_file_cannot_be_the_cache(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")

    assert list(doctor.cache_findings(tmp_path))[-1].result == "fail"
    (found,) = doctor.cache_findings(tmp_path / "notes" / "cache")
    assert (found.result, "cannot be written" in found.detail) == ("fail", True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ROOM", 1 << 62)

    room, _ = doctor.cache_findings(tmp_path / "cache")

    assert (room.result, "make room" in room.detail) == ("warn", True)


# Isolation


def test_the_isolation_is_named_and_proved() -> None:
    first, canaries, *_ = doctor.isolation_findings()

    assert (first.check, first.result) == ("sandbox", "ok")
    assert first.detail.startswith(sandbox.isolation().name)
    assert "reads a file (E" in canaries.detail


@pytest.mark.parametrize(
    ("setting", "command"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("user/max_user_namespaces", "user.max_user_namespaces=15000"),
    ],
)
def test_what_keeps_namespaces_away_is_named_with_the_command_that_helps(
    tmp_path: Path, setting: str, command: str
) -> None:
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text("1\n" if "apparmor" in setting else "0\n")

    assert machine._mended("namespaces: EPERM", tmp_path) == f"namespaces: EPERM; try: sudo sysctl -w {command}"


def test_an_executor_that_is_not_there_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox.CHOICE, "bubblewarp")

    (only,) = doctor.isolation_findings()

    assert (only.result, "did you mean 'bubblewrap'?" in only.detail) == ("fail", True)


# The command

LADDER = """\
title = "One server"
unit = "credits"

[[tier]]
name = "mine"
provider = "openai-compatible"
model = "mine"
base_url = "http://127.0.0.1:9/v1"
key_env = "MY_KEY"
price = { input = "1", output = "1", unit = "credits", on = "2026-11-22", source = "declared" }
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    (tmp_path / "mine.toml").write_text(LADDER)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(("doctor", "--ladder", str(tmp_path / "mine.toml"), *words))
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_a_missing_key_fails_the_command_with_one_line(run: Run) -> None:
    code, out, err = run()

    assert code == 1
    assert out.splitlines()[0].split() == ["check", "result", "detail"]
    assert "key MY_KEY" in out
    assert err.startswith("doctor: 1 of ")
    assert err.endswith("checks fail, the first: key MY_KEY: not set, used by mine; set it to ask these tiers\n")
    assert err.count("\n") == 1


def test_offline_it_passes_and_comes_as_json(run: Run) -> None:
    code, out, err = run("--offline", "--format", "json")

    found = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert {
        "check": "key MY_KEY",
        "detail": "not set, used by mine; set it to ask these tiers",
        "result": "warn",
    } in found
    assert {"python", "import name", "packages", "price of mine", "cache", "sandbox"} <= {
        each["check"] for each in found
    }
