"""The local provider: what it refuses without a model, and, marked `live`, a real one."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness import tiers, weights
from harness.errors import BadInput, MissingExtra, ProviderError, WeightsError
from harness.providers import local
from harness.values import Request, Response, Tier, Usage

SMOL = tiers.load("local").tiers[0]


def request_of(prompt: str, system: str = "You are brief.", **fields: object) -> Request:
    values = {
        "provider": "local",
        "model": SMOL.model,
        "endpoint": "",
        "system": system,
        "prompt": prompt,
        "max_output_tokens": 12,
        "temperature": "0",
        "seed": 1,
        "effort": None,
        "schema": None,
        "weights": weights.identity(SMOL.weights or ""),
        "engine": SMOL.engine,
        "epoch": 0,
    }
    return Request(**{**values, **fields})  # type: ignore[arg-type]


def ask(tier: Tier, requests: Sequence[Request]) -> list[Response]:
    async def go() -> list[Response]:
        async with local.connect(tier) as connection:
            return await asyncio.gather(*(connection.complete(request) for request in requests))

    return asyncio.run(go())


def test_a_reply_is_stored_without_what_depends_on_the_machine() -> None:
    body = {"id": "chatcmpl-x", "model": "/home/me/x.gguf", "created": 5, "timings": {"prompt_ms": 3},
            "choices": [{"finish_reason": "stop"}]}  # fmt: skip
    usage = Usage(input=30, output=5, cached=20)
    response = Response(
        text="hi",
        finish="ok",
        usage=usage,
        model="/home/me/x.gguf",
        latency_ms=9,
        on="2026-11-22",
        raw=body,
    )

    kept = local.reproducible(response, "smol")

    assert kept.model == "smol"
    assert kept.usage == Usage(input=30, output=5)
    assert kept.raw == {"finish_reason": "stop", "usage": {"completion_tokens": 5, "prompt_tokens": 30}}


def test_another_engine_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "installed_engine", lambda: "xllamacpp 2026.11.1")

    with pytest.raises(BadInput, match=r"engine is xllamacpp 2026.11.1, the ladder pins xllamacpp 2026.10.11549"):
        ask(SMOL, [])


def test_without_the_engine_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "installed_engine", lambda: None)

    with pytest.raises(MissingExtra, match=r'pip install "tierfloor\[local\]"'):
        ask(SMOL, [])


def test_absent_weights_say_how_to_get_them() -> None:
    pytest.importorskip("xllamacpp")

    with pytest.raises(WeightsError, match="tierfloor pull local"):
        ask(SMOL, [])


def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xllamacpp")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    (tier,) = tiers.with_gguf(broken).tiers

    with pytest.raises(WeightsError, match="cannot load it"):
        ask(tier, [])


@pytest.fixture
def smol() -> Tier:
    pytest.importorskip("xllamacpp", reason="needs the extra: pip install tierfloor[local]")
    try:
        weights.locate(SMOL.weights or "")
    except WeightsError as error:
        pytest.skip(f"no weights here: {error}")
    return SMOL


@pytest.mark.live
def test_a_real_model_answers_the_same_whatever_it_answered_before(smol: Tier) -> None:
    system = "You are a careful assistant who answers in one short sentence. " * 3
    prompts = ["Name a colour.", "Name a colour and a fruit.", "Name a city."]
    requests = [request_of(prompt, system) for prompt in prompts]

    forwards = ask(replace(smol, max_connections=1), requests)
    backwards = ask(replace(smol, max_connections=2), [request_of("Hello.", "Be rude."), *reversed(requests)])

    assert [response.text for response in forwards] == [response.text for response in reversed(backwards[1:])]
    assert [response.usage for response in forwards] == [response.usage for response in reversed(backwards[1:])]
    assert {response.model for response in forwards} == {smol.model}
    assert all(response.usage.cached == 0 and response.usage.input > 40 for response in forwards)


@pytest.mark.live
def test_a_schema_binds_a_real_model(smol: Tier) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}},
        "required": ["city"],
        "additionalProperties": False,
    }

    (response,) = ask(smol, [request_of("Name a city.", schema=json.dumps(schema), max_output_tokens=48)])

    assert list(json.loads(response.text)) == ["city"]


@pytest.mark.live
def test_temperature_and_seed_reach_a_real_model(smol: Tier) -> None:
    seeds = [1, 2, 3, 1]

    replies = ask(smol, [request_of("Invent a name.", temperature="1.5", seed=seed) for seed in seeds])

    assert replies[0].text == replies[3].text
    assert len({reply.text for reply in replies}) > 1


@pytest.mark.live
def test_a_prompt_that_is_too_long_fails_alone(smol: Tier) -> None:
    async def go() -> Response:
        async with local.connect(smol) as connection:
            with pytest.raises(ProviderError, match="400") as caught:
                await connection.complete(request_of("word " * 5000))
            assert caught.value.kind == "request"
            return await connection.complete(request_of("Hello."))

    assert asyncio.run(go()).usage.output > 0


INTERRUPTED = """
    import asyncio, sys
    from harness import tiers
    from harness.providers import local
    from harness.values import Request

    async def main():
        tier = tiers.load("local").tiers[0]
        async with local.connect(tier) as connection:
            request = Request(provider="local", model=tier.model, endpoint="", system="Write a lot.", prompt="A story.",
                              max_output_tokens=int(sys.argv[1]), temperature="1", seed=1, effort=None, schema=None,
                              weights=tier.weights, engine=tier.engine, epoch=0)
            print("asking", flush=True)
            await asyncio.gather(*(connection.complete(request) for _ in range(3)))

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.live
@pytest.mark.parametrize(("tokens", "code"), [(2, 0), (3000, 130)])
def test_the_process_ends_by_itself_also_when_interrupted(smol: Tier, tokens: int, code: int) -> None:
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(tokens)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        if code:
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
        started = time.monotonic()
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (code, "", "")
    assert not code or time.monotonic() - started < 20


def test_a_tier_without_its_pins_is_refused() -> None:
    with pytest.raises(BadInput, match="needs weights, temperature and seed"):
        ask(replace(SMOL, temperature=None), [])
