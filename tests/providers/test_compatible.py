"""The real llama.cpp server on all the wires it speaks: what its users' tiers get by configuration alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from providers.edge import Edge, inside, request_of

from harness import tiers, weights
from harness.errors import ProviderError, WeightsError
from harness.values import Response

pytestmark = pytest.mark.live

# Where each wire's base_url ends.
SUFFIXES = {"openai-compatible": "/v1", "anthropic": "/", "openai": "/v1"}
SYSTEM = "You are a careful assistant. Answer in one short sentence."
PATIENCE = "Please take your time and be as exact as you can. "


@pytest.fixture(scope="module")
def path() -> Path:
    pytest.importorskip("xllamacpp", reason="needs the extra: pip install tierfloor[local]")
    try:
        return weights.locate(tiers.load("local").tiers[0].weights or "")
    except WeightsError as error:
        pytest.skip(f"no weights here: {error}")


@pytest.fixture(scope="module")
def server(path: Path) -> Iterator[Edge]:
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel = 2048, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity, params.ui = 1, False
    started = xllamacpp.Server(params)
    yield Edge(started.listening_address)
    del started


def ask(server: Edge, provider: str, **change: Any) -> Response:
    fields = {"system": SYSTEM, "prompt": "Name a colour.", "temperature": "0", **change}
    request = replace(request_of(provider), **fields)
    found: Response = inside(provider, server, lambda it: it.complete(request), **address(server, provider))
    return found


def address(server: Edge, provider: str) -> dict[str, Any]:
    return {"base_url": server.url + SUFFIXES[provider], "key_env": None}


def test_every_wire_counts_the_same_and_counts_cached_tokens_as_input(server: Edge, path: Path) -> None:
    plain = {name: ask(server, name) for name in SUFFIXES}
    assert len({response.usage.input for response in plain.values()}) == 1
    assert len({response.text for response in plain.values()}) == 1
    assert {Path(response.model).name for response in plain.values()} == {path.name}

    for name in SUFFIXES:
        first, repeated = (ask(server, name, prompt=name + PATIENCE * 20, max_output_tokens=8).usage for _ in range(2))
        assert replace(first, cached=0) == replace(repeated, cached=0)
        assert first.cached < 100 < repeated.cached <= repeated.input
        assert (first.cache_write, first.reasoning) == (0, 0)


def test_a_reply_at_the_limit_is_truncated_on_every_wire(server: Edge) -> None:
    for name in SUFFIXES:
        response = ask(server, name, prompt="Write a long story.", max_output_tokens=5)

        assert (response.finish, response.usage.output) == ("truncated", 5), name


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_the_count_beforehand_is_the_count_afterwards(server: Edge, provider: str) -> None:
    request = replace(request_of(provider), system=SYSTEM, prompt="Name a colour.")

    counted = inside(provider, server, lambda it: it.count(request), **address(server, provider))

    assert counted == ask(server, provider).usage.input


def test_a_prompt_that_is_too_long_is_a_bad_request_on_every_wire(server: Edge) -> None:
    for name in SUFFIXES:
        with pytest.raises(ProviderError, match="exceed") as caught:
            ask(server, name, prompt="word " * 3000)
        assert caught.value.fault == "bad request"


def test_its_models_are_listed(server: Edge, path: Path) -> None:
    found = inside("openai-compatible", server, lambda it: it.models(), **address(server, "openai-compatible"))

    assert [Path(model.id).name for model in found] == [path.name]
