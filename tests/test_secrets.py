"""No key reaches a message, a log or a file, and none is sent where it does not belong."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from echo import MODES, EchoServer
from hypothesis import given
from hypothesis import strategies as st
from worlds import write_suite

from harness import cli
from harness.secrets import HIDDEN, held, hide, hide_in, hide_only, hiding

KEY = "sk-0123456789/abc+DEF="
Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

# What any key may look like, and any text around it.
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8, max_size=60)
TEXTS = st.text(max_size=30)


# What counts as a secret


@pytest.mark.parametrize(
    "name",
    [
        *(
            "ANTHROPIC_API_KEY",
            "OPENAI_KEY_2",
            "apikey",
            "HF_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "DB_PASSWD",
        ),
        *("SSH_PASSPHRASE", "GOOGLE_APPLICATION_CREDENTIALS", "GITHUB_PAT", "DB_PASS", "NPM_AUTH", "MYSQL_PWD"),
        *("KEYBOARD_API_KEY", "GNOME_KEYRING_PASSWORD"),
    ],
)
def test_a_variable_with_such_a_name_holds_a_secret(name: str) -> None:
    assert held({name: f" {KEY}\n"}) == {KEY}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEYBOARD", "qwertz-layout"),
        ("KEYMAP", "de-latin1-nodeadkeys"),
        ("XDG_KEYRING", "gnome-keyring"),
        ("TOKENIZERS_PARALLELISM", "disabled"),
        ("MAX_THINKING_TOKENS", "100000000"),
        ("SSH_AUTH_SOCK", sys.executable),
        ("GOOGLE_APPLICATION_CREDENTIALS", sys.executable),
        ("COMPATIBLE", "yes-it-is-so"),
        ("XAUTHORITY", "somewhere"),
        ("PWD", "somewhere-else"),
        ("API_KEY", "short"),
        ("HOME_PAGE", "https://example.org/path"),
    ],
)
def test_other_variables_do_not(name: str, value: str) -> None:
    assert held({name: value}) == set()


def test_an_address_holds_a_password() -> None:
    environ = {
        "HTTPS_PROXY": "http://me:pass%2Fword1@proxy:8080",
        "ORIGIN": "https://ghp_0123456789@github.com/a/b",
    }

    assert held(environ) == {"pass%2Fword1", "pass/word1", "ghp_0123456789"}


# Hiding


def test_the_environment_and_what_is_given_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)

    assert hide(f"refused: {KEY}, 0123456789!", "0123456789!") == "refused: [key], [key]"


def test_a_common_word_in_a_variable_does_not_change_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "postgres")
    body = {"text": f"postgres {KEY}", KEY: [f"{KEY}{KEY}", 1, None, True]}

    assert hide_in(body, KEY) == {"text": "postgres [key]", "[key]": ["[key][key]", 1, None, True]}


@given(KEYS, TEXTS, TEXTS)
def test_no_spelling_of_a_key_is_left(key: str, before: str, after: str) -> None:
    spellings = [
        key,
        quote(key, safe=""),
        repr(key)[1:-1],
        json.dumps(key)[1:-1],
        json.dumps(key, ensure_ascii=False)[1:-1],
    ]
    for spelling in spellings:
        assert spelling not in hide_only(f"{before}{spelling}{after}", key)


@given(KEYS, st.binary(max_size=9), st.binary(max_size=9), st.booleans())
def test_base64_gives_no_key_away_wherever_it_stands(key: str, before: bytes, after: bytes, urlsafe: bool) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    text = encode(before + key.encode() + after).decode()

    left = hide_only(f"Basic {text}", key)

    assert HIDDEN in left
    # At each end four characters may belong to bytes of the key's neighbours as well.
    assert len(left) <= len("Basic ") + len(HIDDEN) + len(text) - len(encode(key.encode())) + 8


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=17, max_size=60), st.integers(0, 60))
def test_a_key_that_was_cut_leaves_its_first_letters_at_most(key: str, length: int) -> None:
    left = hide_only(f"KEY {key[:length]}", key)

    assert left == (f"KEY {key[:length]}" if length < 16 else "KEY [key]")


@given(st.text("0123456789 :/=", max_size=300), st.text("abcdefghijkl", min_size=8, max_size=60))
def test_what_holds_no_key_stays_as_it_is(text: str, key: str) -> None:
    assert hide_only(text, key) == text


@given(TEXTS, KEYS)
def test_hiding_twice_is_hiding_once(text: str, key: str) -> None:
    once = hide_only(f"{text}{key}{text}", key)

    assert hide_only(once, key) == once


def test_a_key_of_several_lines_is_hidden_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----END PRIVATE KEY-----"]
    monkeypatch.setenv("SIGNING_KEY", "\n".join(lines))

    assert hide(f"cannot use {' '.join(lines)}") == "cannot use [key]"
    assert hide(f"line 2: {lines[1]}, as text: {chr(92)}n".join(lines)).count(lines[1]) == 0


def test_a_stream_hides_and_otherwise_stays_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    inner = io.StringIO()
    stream = hiding(inner)

    stream.write(f"a {KEY}\n")
    stream.writelines([KEY, "\n"])

    assert inner.getvalue() == "a [key]\n[key]\n"
    assert not stream.isatty()


# What the command line lets through

UNEXPECTED = """
import sys, types
from harness import cli
KEY = sys.argv[1]
def suites_command(options):
    import logging, threading, warnings
    for name in ("tierfloor", "openai._base_client", "httpx2", "google_genai.models", "aiohttp.access"):
        logging.getLogger(name).info("%s says %s", name, KEY)
    logging.getLogger("asyncio").warning("unseen %s", KEY)
    warnings.warn(KEY, stacklevel=1)
    worker = threading.Thread(target=lambda: 1 / 0 if KEY else None, name=KEY)
    worker.start()
    worker.join()
    try:
        raise ValueError("first " + KEY)
    except ValueError as error:
        raise RuntimeError("second " + KEY) from error
module = types.ModuleType("harness.commands.suites")
module.suites_command = suites_command
sys.modules["harness.commands.suites"] = module
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.parametrize("words", [("suites",), ("--debug", "suites"), ("suites", "--debug")])
def test_a_fault_of_ours_is_one_line_and_with_debug_a_traceback(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)

    done = fresh(UNEXPECTED, KEY, *words)

    lines = done.stderr.splitlines()
    assert done.returncode == 70
    assert lines[-1] == "tierfloor: unexpected RuntimeError: second [key]; run again with --debug and report it"
    assert KEY not in done.stderr
    debug = "--debug" in words
    assert ("ValueError: first [key]" in lines, "RuntimeError: second [key]" in lines) == (debug, debug)
    assert sum(" says [key]" in line for line in lines) == (5 if debug else 0)


def test_a_mistake_of_the_user_has_a_traceback_with_debug_only(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for words in (("run", "nonesuch"), ("run", "nonesuch", "--debug")):
        assert cli.main(words) == 2
        said.append(capsys.readouterr().err)

    assert said[0].count("\n") == 1
    assert said[1].startswith("Traceback (most recent call last):")
    assert said[1].endswith(said[0])


# The proof: real commands, real SDKs, and a server that repeats whatever key it is sent

PROGRAM = "import sys; from harness.cli import main; sys.exit(main())"
# Long enough to be told apart by their beginnings, and with characters that are escaped here and there.
PLANTED = {
    name: f"{mark}-planted/{number}{number}+{'q7Zx' * 6}{number}=="
    for number, (name, mark) in enumerate(
        {
            "ANTHROPIC_API_KEY": "sk-ant-api03",
            "OPENAI_API_KEY": "sk-proj",
            "GOOGLE_API_KEY": "AIza",
            "GEMINI_API_KEY": "AIzb",
            "ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01",
            "LAB_ACCESS": "lab",
        }.items()
    )
}
# Provider, what its address has behind the mode, and the variable that a ladder names for it. The last name does not
# look like a secret's, so that nothing but the ladder tells that it is one.
SERVED = (
    ("anthropic", "", "ANTHROPIC_API_KEY"),
    ("openai", "/v1", "OPENAI_API_KEY"),
    ("google", "", "GEMINI_API_KEY"),
    ("openai-compatible", "/v1", "LAB_ACCESS"),
)
TIER = """
[[tier]]
name = "{name}"
provider = "{provider}"
model = "some-model"
base_url = "{url}/{mode}{suffix}"
{key}
price = {{ input = "1", output = "1", unit = "credits", on = "2026-11-22", source = "declared" }}
"""


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path) -> Path:
    write_suite(tmp_path)
    return tmp_path


def write_ladder(path: Path, server: EchoServer, *modes: str, keyed: bool = True) -> None:
    tiers = [
        TIER.format(
            name=f"{provider}-{mode}", provider=provider, mode=mode, suffix=suffix, url=server.url,
            key=f'key_env = "{variable}"' if keyed else "",
        )
        for mode in modes
        for provider, suffix, variable in SERVED
    ]  # fmt: skip
    path.write_text("".join(['title = "Echoes"\nunit = "credits"\n', *tiers]))


def tierfloor(folder: Path, *words: str, **more: str) -> int:
    """Run a command with all keys planted; what it prints is kept in files of the folder."""
    number = len(list(folder.glob("out.*")))
    with (folder / f"out.{number}").open("w") as out, (folder / f"err.{number}").open("w") as err:
        command = [sys.executable, "-c", PROGRAM, *words]
        env = {**os.environ, **PLANTED, **more, "TIERFLOOR_CACHE": str(folder / "cache")}
        return subprocess.run(command, cwd=folder, env=env, stdout=out, stderr=err, timeout=300, check=False).returncode


def leaks(folder: Path) -> list[str]:
    """Every file below a folder that holds a key, the beginning of one, or a coded one."""
    found = []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        for name, key in PLANTED.items():
            forms = {"plain": key, "cut": key[:20], "quoted": quote(key, safe=""), "escaped": json.dumps(key)[1:-1]}
            forms |= {f"base64+{n}": base64.b64encode(bytes(n) + key.encode()).decode()[4:-4] for n in range(3)}
            for form, text in forms.items():
                if (at := data.find(text.encode())) >= 0:
                    found.append(f"{path.relative_to(folder)}: {name} {form}: {data[max(0, at - 80) : at + 80]!r}")
    return found


def texts(folder: Path, kind: str) -> list[str]:
    return [path.read_text() for path in sorted(folder.glob(f"{kind}.*"))]


@pytest.mark.slow
def test_no_key_is_left_by_a_measurement_from_answers_that_repeat_it(world: Path, server: EchoServer) -> None:
    write_ladder(world / "ladder.toml", server, "talkative", "escaped", "indirect", "flaky")
    chosen = ("--ladder", "ladder.toml")

    codes = [
        tierfloor(world, "plan", "sums", *chosen),
        tierfloor(world, "run", "sums", *chosen, "--until", "all", "--max-wait", "0.01"),
        tierfloor(world, "run", "sums", *chosen, "--fresh", "7", "--limit", "2", "--format", "json", "--debug"),
        tierfloor(world, "cache", "export", "answers.jsonl"),
        tierfloor(world, "cache", "stats", "--format", "json"),
        tierfloor(world, "table", *chosen, "--format", "json"),
    ]

    assert codes == [0] * 6, texts(world, "err")
    assert leaks(world) == []
    exported = (world / "answers.jsonl").read_text()
    assert exported.count("\n") == 16 * 42
    assert "by [key]" in exported
    assert '"fault":"overloaded"' in exported
    assert (world / "results" / "ladder" / "routing.json").exists()
    assert all(any(key in request for request in server.heard) for name, key in PLANTED.items() if name in SENT)


SENT = {variable for _, _, variable in SERVED}


@pytest.mark.slow
def test_no_key_is_left_by_errors_that_repeat_it(world: Path, server: EchoServer) -> None:
    write_ladder(world / "ladder.toml", server, *MODES)
    chosen = ("--ladder", "ladder.toml")
    asked = (*chosen, "--limit", "1", "--max-retries", "0")

    codes = [
        tierfloor(world, "run", "sums", *asked, "--format", "json"),
        tierfloor(world, "--debug", "run", "sums", *asked),
        tierfloor(world, "--debug", "run", "sums", *asked, "--batch", "--no-wait"),
        tierfloor(world, "plan", "sums", *chosen, "--limit", "1", "--count"),
        tierfloor(world, "--debug", "doctor", *chosen),
        tierfloor(world, "cache", "export", "answers.jsonl"),
    ]

    out, err = texts(world, "out"), texts(world, "err")
    assert codes == [3, 3, 3, 0, 0, 0], err
    outcomes = {each["tier"]: each for line in out[0].splitlines() if "sample" in (each := json.loads(line))}
    assert {outcomes[f"{provider}-f500"]["verdict"] for provider, _, _ in SERVED} == {"error"}
    assert {outcomes[f"{provider}-good"]["verdict"] for provider, _, _ in SERVED} == {"pass"}
    assert ["Traceback" in said for said in err[:2]] == [False, True]
    assert "tierfloor: openai/some-model: 500: " in err[1]
    assert all(f"model {provider}/some-model" in out[4] for provider, _, _ in SERVED)
    assert leaks(world) == []


@pytest.mark.slow
def test_a_providers_own_key_never_goes_to_an_address_that_a_ladder_names(world: Path, server: EchoServer) -> None:
    write_ladder(world / "ladder.toml", server, "good", keyed=False)
    key = PLANTED["LAB_ACCESS"]
    (world / "netrc").write_text(f"machine 127.0.0.1 login me password {key}\n")
    (world / "netrc").chmod(0o600)
    more = {
        "NETRC": str(world / "netrc"),
        "ANTHROPIC_CUSTOM_HEADERS": f"x-api-key: {key}",
        "OPENAI_CUSTOM_HEADERS": f"authorization: Bearer {key}",
        "OPENAI_ORG_ID": key,
    }

    codes = [
        tierfloor(world, "run", "sums", "--ladder", "ladder.toml", "--limit", "1", **more),
        tierfloor(world, "doctor", "--ladder", "ladder.toml", **more),
    ]

    assert codes == [0, 0], texts(world, "err")
    assert len([request for request in server.heard if request.startswith("POST")]) == 4
    assert len([request for request in server.heard if request.startswith("GET")]) == 4
    coded = base64.b64encode(f"me:{key}".encode()).decode()
    assert [request for request in server.heard for secret in (coded, *PLANTED.values()) if secret in request] == []
