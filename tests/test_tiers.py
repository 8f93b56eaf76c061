"""Ladders: ours load, and whatever is wrong with one is a line with the file and the key."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from worlds import write_suite

from harness import suites, tiers, weights
from harness.errors import BadInput
from harness.values import Price

PAID = """
title = "Mine"
unit = "USD"
[[tier]]
name = "small"
provider = "anthropic"
model = "claude-haiku-5-5"
[[tier]]
name = "big"
provider = "anthropic"
model = "claude-opus-5-5"
effort = "high"
"""
LOCAL = """
title = "Mine"
unit = "CPU-s"
[[tier]]
name = "smol"
provider = "local"
model = "smollm2"
weights = "smollm2-135m-instruct-q4_1"
engine = "xllamacpp 2026.10.11549"
temperature = "0.8"
seed = 1
vote = 5
price = { input = "3500", output = "17000", unit = "CPU-s", on = "2026-11-22", source = "measured" }
"""

MIXED = """
title = "Mine"
unit = "USD"
floors = "cheap-first"
table_alpha = true
[mix]
crud = "0.7"
races.1 = "0.1"
races.2 = "0.2"
[[tier]]
name = "small"
provider = "anthropic"
model = "claude-haiku-5-5"
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.toml"


def test_our_ladders_in_their_order() -> None:
    assert tiers.builtin() == ["anthropic", "google", "local", "local-strategies", "mixed", "openai"]
    local = tiers.load("local")
    assert [tier.name for tier in local.tiers] == ["smol", "small", "base"]
    assert local.reference.name == "base"
    assert local.unit == "CPU-s"
    assert {(tier.temperature, tier.seed, tier.max_connections) for tier in local.tiers} == {(Decimal(0), 1, 2)}
    smol = local.tiers[0].price
    assert smol is not None
    assert (smol.input, smol.output) == (Decimal(5960), Decimal(21100))


def test_strategies_are_tiers() -> None:
    ladder = tiers.load("local-strategies")

    assert [(tier.name, tier.schema, tier.vote, tier.temperature) for tier in ladder.tiers] == [
        ("smol", False, 1, Decimal(0)),
        ("smol+schema", True, 1, Decimal(0)),
        ("smol+vote5", False, 5, Decimal("0.8")),
        ("small", False, 1, Decimal(0)),
        ("small+schema", True, 1, Decimal(0)),
        ("base", False, 1, Decimal(0)),
    ]


@pytest.mark.parametrize("name", ["anthropic", "openai", "google", "mixed"])
def test_paid_ladders_send_no_sampling_parameters(name: str) -> None:
    for tier in tiers.load(name).tiers:
        assert (tier.temperature, tier.seed, tier.weights, tier.price) == (None, None, None, None)


def test_a_ladder_of_ones_own(path: Path) -> None:
    path.write_text(PAID)

    ladder = tiers.load("mine.toml")

    assert (ladder.name, ladder.title, ladder.reference.effort) == ("mine", "Mine", "high")


def test_all_fields_of_a_local_tier(path: Path) -> None:
    path.write_text(LOCAL)

    (tier,) = tiers.load(str(path)).tiers

    assert tier.price == Price(
        input=Decimal(3500), output=Decimal(17000), unit="CPU-s", on="2026-11-22", source="measured"
    )
    assert (tier.vote, tier.temperature) == (5, Decimal("0.8"))


def test_a_price_of_ones_own_may_tell_cached_written_and_batched_tokens_apart(path: Path) -> None:
    path.write_text(LOCAL.replace('"17000"', '"17000", cached = "350", cache_write = "4000", batch = "0.5"'))

    price = tiers.load(str(path)).tiers[0].price

    assert price is not None
    assert (price.cached, price.cache_write, price.batch) == (Decimal(350), Decimal(4000), Decimal("0.5"))


def test_a_tier_may_name_its_entry_of_the_price_book(path: Path) -> None:
    path.write_text(PAID.replace('effort = "high"', 'priced_as = "openrouter/google/gemini-3.8-flash"'))

    assert tiers.load(str(path)).reference.priced_as == "openrouter/google/gemini-3.8-flash"


@pytest.mark.parametrize(
    ("text", "old", "new", "line"),
    [
        (PAID, 'unit = "USD"', 'unti = "USD"', "mine.toml: unti: unknown key; did you mean 'unit'?"),
        (PAID, 'unit = "USD"', "", "mine.toml: unit: missing; add it"),
        (PAID, 'unit = "USD"', 'unit = "USD"\nfloors = "bottom-up"',
         "mine.toml: floors: input should be 'top-down' or 'cheap-first': 'bottom-up'"),
        (PAID, 'unit = "USD"', 'unit = "USD"\ntable_alpha = "yes"',
         "mine.toml: table_alpha: input should be a valid boolean: 'yes'"),
        (MIXED, "[mix]", "mix = 5\n[nix]", "mine.toml: nix: unknown key; did you mean 'mix'?"),
        (MIXED, '"0.7"', "0.7", 'mine.toml: mix.crud: write the decimal in quotes: "0.7"'),
        (MIXED, '"0.7"', '"much"', "mine.toml: mix.crud: not a decimal: 'much'"),
        (MIXED, '"0.7"', '"Infinity"', "mine.toml: mix.crud: "),
        (MIXED, '"0.7"', '"-0.7"', "mine.toml: mix.crud: -0.7: a share is not negative"),
        (MIXED, "races.2", "races.7", "mine.toml: mix.races.7: no level '7'; levels are 1 to 5"),
        (MIXED, '"0.1"\nraces.2 = "0.2"', '"0"', "mine.toml: mix.races: the shares add up to 0; give a share"),
        (PAID, 'title = "Mine"', "title = 5", "mine.toml: title: input should be a valid string: 5"),
        (PAID, "effort", "efort", "mine.toml: tier.2.efort: unknown key; did you mean 'effort'?"),
        (PAID, 'name = "small"', "", "mine.toml: tier.1.name: missing; add it"),
        (PAID, 'effort = "high"', "seed = true", "mine.toml: tier.2.seed: input should be a valid integer: True"),
        (PAID, 'effort = "high"', "temperature = 0.5",
         'mine.toml: tier.2.temperature: write the decimal in quotes: "0.5"'),
        (PAID, 'effort = "high"', 'temperature = "3"', "mine.toml: tier.2.temperature: 3: outside 0 to 2"),
        (PAID, 'effort = "high"', 'temperature = "NaN"', "mine.toml: tier.2.temperature: "),
        (PAID, 'effort = "high"', "vote = 4",
         "mine.toml: tier.2.vote: 4: take an odd number, so that a vote can be decided"),
        (PAID, 'effort = "high"', "vote = -1", "mine.toml: tier.2.vote: -1: take an odd number"),
        (PAID, 'effort = "high"', 'vote = 3\ntemperature = "0"', "mine.toml: tier.2.vote: equal replies need no vote"),
        (PAID, 'effort = "high"', "max_connections = 0", "mine.toml: tier.2.max_connections: 0: take at least 1"),
        (PAID, 'effort = "high"', 'base_url = "ftp://x"', "mine.toml: tier.2.base_url: not an http address"),
        (PAID, 'effort = "high"', 'base_url = "https://me:pw@host/v1"', "mine.toml: tier.2.base_url: holds credentials"),
        (PAID, 'effort = "high"', 'base_url = "https://host/v1?key=1"', "mine.toml: tier.2.base_url: holds credentials"),
        (PAID, 'effort = "high"', 'engine = "x 1"', "mine.toml: tier.2.engine: only provider 'local' has it; remove it"),
        (PAID, 'name = "big"', 'name = "small"', "mine.toml: tier.2.name: 'small' is taken by an earlier tier"),
        (PAID, 'name = "big"', 'name = "a/b"', "mine.toml: tier.2.name: 'a/b': use letters"),
        (PAID, 'name = "big"', 'name = ""', "mine.toml: tier.2.name: '': use letters"),
        (PAID, 'provider = "anthropic"', 'provider = "openai-compatible"', "mine.toml: tier.1.base_url: missing"),
        (PAID, '"USD"', '"EUR"', "mine.toml: tier.1.price: missing; the price book knows USD only"),
        (LOCAL, 'unit = "CPU-s"\n[', 'unit = "USD"\n[',
         "mine.toml: tier.1.price.unit: 'CPU-s', but the ladder counts in 'USD'; make them equal"),
        (LOCAL, '"17000"', '"five"', "mine.toml: tier.1.price.output: not a decimal: 'five'"),
        (LOCAL, '"17000"', "17000", 'mine.toml: tier.1.price.output: write the decimal in quotes: "17000"'),
        (LOCAL, '"17000"', '"-1"', "mine.toml: tier.1.price.output: -1: not a price"),
        (LOCAL, '"17000"', '"Infinity"', "mine.toml: tier.1.price.output: "),
        (LOCAL, '"17000"', '"17000", cached = 5', 'mine.toml: tier.1.price.cached: write the decimal in quotes: "5"'),
        (LOCAL, '"17000"', '"17000", batch = 0.5', 'mine.toml: tier.1.price.batch: write the decimal in quotes: "0.5"'),
        (LOCAL, '"17000"', '"17000", cached = "-1"', "mine.toml: tier.1.price.cached: -1: not a price"),
        (LOCAL, '"17000"', '"17000", cache_write = "NaN"', "mine.toml: tier.1.price.cache_write: "),
        (LOCAL, '"17000"', '"17000", batch = "-0.5"', "mine.toml: tier.1.price.batch: -0.5: not a price"),
        (LOCAL, '"17000"', '"17000", batch = "50"', "mine.toml: tier.1.price.batch: 50: the share of the price that"),
        (LOCAL, "vote = 5", 'priced_as = "openai/gpt-6-luna"', "mine.toml: tier.1.priced_as: the tier declares a price"),
        (PAID, 'effort = "high"', 'priced_as = "gpt-6-luna"', "mine.toml: tier.2.priced_as: 'gpt-6-luna': name provider"),
        (PAID, 'effort = "high"', 'priced_as = "openai/"', "mine.toml: tier.2.priced_as: 'openai/': name provider and"),
        (PAID, 'effort = "high"', "priced_as = 5", "mine.toml: tier.2.priced_as: input should be a valid string: 5"),
        (LOCAL, "output =", "outptu =", "mine.toml: tier.1.price.outptu: unknown key; did you mean 'output'?"),
        (LOCAL, '"2026-11-22"', '"yesterday"', "mine.toml: tier.1.price.on: 'yesterday': not a date"),
        (LOCAL, "seed = 1", "", "mine.toml: tier.1.seed: missing; a local tier pins it"),
        (LOCAL, 'engine = "xllamacpp 2026.10.11549"', "", "mine.toml: tier.1.engine: missing; a local tier pins it"),
        (LOCAL, "135m-instruct-q4_1", "135m", "mine.toml: tier.1.weights: no weights named 'smollm2-135m'; did you"),
        (LOCAL, 'temperature = "0.8"', 'temperature = "0"', "mine.toml: tier.1.vote: equal replies need no vote"),
        (LOCAL, "vote = 5", 'base_url = "http://x/v1"', "mine.toml: tier.1.base_url: provider 'local' has none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_file_and_key(path: Path, text: str, old: str, new: str, line: str) -> None:
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(BadInput) as caught:
        tiers.load("mine.toml")

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_ladder_says_how_floors_are_tried_and_what_its_owner_has_to_do(path: Path) -> None:
    path.write_text(MIXED)

    ladder = tiers.load("mine.toml")

    assert (ladder.floors, ladder.table_alpha) == ("cheap-first", True)
    assert [ladder.share(kind) for kind in ("crud", "races", "other")] == [Decimal("0.7"), Decimal("0.3"), Decimal(0)]
    assert ladder.level_shares("races") == {1: Decimal("0.1"), 2: Decimal("0.2")}
    assert ladder.level_shares("crud") == {}
    plain = tiers.load("local")
    assert (plain.floors, plain.table_alpha, plain.share("crud")) == ("top-down", False, None)


def test_quotes_around_a_level_make_no_difference(path: Path) -> None:
    path.write_text(MIXED)
    one = tiers.load("mine.toml")
    path.write_text(MIXED.replace("races.1", '"races.1"').replace("races.2", '"races.2"'))

    assert tiers.load("mine.toml") == one


@pytest.mark.parametrize(
    ("mix", "method", "line"),
    [
        ("sum", "sequential", "mix.sum: no kind of work 'sum'; did you mean 'sums'?"),
        ("sum.1", "sequential", "mix.sum.1: no kind of work 'sum'; did you mean 'sums'?"),
        ("sums.4", "sequential", "mix.sums.4: the suite sums has no samples of level 4"),
        ("sums.1", "fixed", "mix.sums.1: the suite sums uses the fixed test, which cannot weigh samples; set its"),
        ("sums", "fixed", None),
        ("other.5", "sequential", None),
    ],
)  # fmt: skip
def test_a_mix_of_what_there_is_not(tmp_path: Path, mix: str, method: Any, line: str | None) -> None:
    suite = suites.load(write_suite(tmp_path))
    suite = replace(suite, rule=replace(suite.rule, method=method))
    ladder = replace(tiers.load("local"), mix={mix: Decimal(1)})

    with pytest.raises(BadInput) if line else nullcontext() as caught:
        tiers.check_mix(ladder, [suite], ["other", "sums"])

    if line:
        assert str(caught.value).startswith(f"ladder local: {line}")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"title = ", "mine.toml: not TOML: "),
        (b"\xff", "mine.toml: not TOML: "),
        (b'title = "x"\nunit = "USD"', "mine.toml: tier: no tiers; write at least one [[tier]]"),
        (b'title = "x"\nunit = "USD"\ntier = []', "mine.toml: tier: no tiers"),
        (b'title = "x"\nunit = "USD"\ntier = [5]', "mine.toml: tier.1: "),
    ],
)
def test_a_file_that_is_no_ladder(path: Path, data: bytes, line: str) -> None:
    path.write_bytes(data)

    with pytest.raises(BadInput) as caught:
        tiers.load("mine.toml")

    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("antropic", "ladder: no ladder named 'antropic'; did you mean 'anthropic'?"),
        ("none.toml", "none.toml: cannot be read: No such file or directory"),
        (".", ".: cannot be read: Is a directory"),
    ],
)
def test_no_such_ladder(path: Path, name: str, line: str) -> None:
    with pytest.raises(BadInput) as caught:
        tiers.load(name)

    assert str(caught.value) == line


def test_tiers_are_selected_in_the_ladders_order() -> None:
    ladder = tiers.load("local")

    assert [tier.name for tier in tiers.select(ladder, ["base", "smol"]).tiers] == ["smol", "base"]
    assert tiers.select(ladder, []) == ladder
    with pytest.raises(BadInput, match="ladder local: no tier named 'smal'; did you mean 'small'"):
        tiers.select(ladder, ["smol", "smal"])


def test_a_gguf_file_is_a_ladder_that_the_local_provider_can_run(path: Path) -> None:
    file = path.with_name("My Model (v2).gguf")
    file.write_bytes(b"GGUF and more")

    ladder = tiers.with_gguf(file)

    (tier,) = ladder.tiers
    assert (tier.name, tier.provider, tier.temperature, tier.seed) == ("My-Model-v2", "local", Decimal(0), 1)
    assert tier.engine == weights.installed_engine()
    assert weights.locate(tier.weights or "").read_bytes() == b"GGUF and more"
    assert ladder.unit == "tokens"


@pytest.mark.parametrize(("content", "problem"), [(None, "no such file"), (b"PK", "not a GGUF file")])
def test_a_file_that_is_no_gguf(path: Path, content: bytes | None, problem: str) -> None:
    file = path.with_suffix(".gguf")
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(BadInput, match=problem):
        tiers.with_gguf(file)


def test_an_address_is_a_ladder() -> None:
    ladder = tiers.with_base_url("http://127.0.0.1:8080/v1", "org/model:free", key_env="MY_KEY")

    (tier,) = ladder.tiers
    assert (tier.name, tier.model, tier.provider) == ("org-model-free", "org/model:free", "openai-compatible")
    assert (tier.base_url, tier.key_env, tier.temperature) == ("http://127.0.0.1:8080/v1", "MY_KEY", None)
    with pytest.raises(BadInput, match="--base-url: not an http address"):
        tiers.with_base_url("127.0.0.1:8080", "m")
