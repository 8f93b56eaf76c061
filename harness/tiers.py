"""Ladders: TOML files of tiers, ours by name or a user's by path, as validated values."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import weights
from .errors import BadInput, did_you_mean
from .values import Ladder, Price, Suite, Tier

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["builtin", "check_mix", "load", "select", "with_base_url", "with_gguf"]

_FOLDER = Path(__file__).parent / "ladders"
_DECIMALS = ("temperature", *(f"price.{key}" for key in ("input", "output", "cached", "cache_write", "batch")))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_LEVELS = ("1", "2", "3", "4", "5")
_LADDER_KEYS = ("title", "unit", "tier", "floors", "table_alpha", "mix")


def builtin() -> list[str]:
    """The names of the ladders that come with tierfloor."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> Ladder:
    """The ladder of a built-in's name or of a TOML file's path."""
    if name in builtin():
        return _parse(_FOLDER / f"{name}.toml", f"ladder {name}")
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        raise BadInput("ladder", f"no ladder named {name!r}; {did_you_mean(name, builtin())}")
    return _parse(path, str(path))


def select(ladder: Ladder, names: Iterable[str]) -> Ladder:
    """The ladder with the named tiers only, in its own order; without names, the ladder itself.

    What is selected is what is asked: verdicts need the whole ladder, since its last tier is the reference.
    """
    wanted = set(names)
    known = [tier.name for tier in ladder.tiers]
    for name in sorted(wanted - set(known)):
        raise BadInput(f"ladder {ladder.name}", f"no tier named {name!r}; {did_you_mean(name, known)}")
    return replace(ladder, tiers=tuple(tier for tier in ladder.tiers if tier.name in wanted)) if wanted else ladder


def with_gguf(path: Path) -> Ladder:
    """A ladder of one tier: a user's own GGUF file on the engine that is installed."""
    name = _tame(path.stem)
    return _single(
        Tier(
            name=name,
            provider="local",
            model=name,
            temperature=Decimal(0),
            seed=1,
            weights=weights.adopt(path),
            engine=weights.installed_engine(),
            max_connections=2,
        )
    )


def with_base_url(url: str, model: str, key_env: str | None = None) -> Ladder:
    """A ladder of one tier: a model behind any address that speaks Chat Completions."""
    tier = Tier(name=_tame(model), provider="openai-compatible", model=model, base_url=url, key_env=key_env)
    for problem in _address_problems(tier):
        raise BadInput("--base-url", problem.removeprefix("base_url: "))
    return _single(tier)


def _single(tier: Tier) -> Ladder:
    # Nobody has declared a price: every token costs one.
    count = Decimal(1_000_000)
    price = Price(input=count, output=count, unit="tokens", on="2026-11-22", source="every token counts as one")
    return Ladder(name="custom", title=tier.model, unit="tokens", tiers=(replace(tier, price=price),))


def _tame(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-._+") or "model"


def _parse(path: Path, place: str) -> Ladder:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(place, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(place, f"not TOML: {error}") from error
    for key in data:
        if key not in _LADDER_KEYS:
            raise BadInput(place, f"{key}: unknown key; {did_you_mean(key, _LADDER_KEYS)}")
    ladder = _validate({**data, "name": path.stem}, place)
    for problem in _problems(ladder):
        raise BadInput(place, problem)
    return ladder


def _validate(data: dict[str, Any], place: str) -> Ladder:
    from pydantic import TypeAdapter, ValidationError

    if "mix" in data:
        data["mix"] = _mix(data["mix"], place)
    tiers = data.pop("tier", None)
    if not isinstance(tiers, list) or not tiers:
        raise BadInput(place, "tier: no tiers; write at least one [[tier]]")
    for number, tier in enumerate(tiers, 1):
        for key in _DECIMALS:
            value = _at(tier, key)
            if value is not None and not isinstance(value, str):
                raise BadInput(place, f'tier.{number}.{key}: write the decimal in quotes: "{value}"')
    try:
        return TypeAdapter(Ladder).validate_json(
            json.dumps({**data, "tiers": tiers}, default=str), strict=True, extra="forbid"
        )
    except ValidationError as error:
        # A mistyped key is told before the key that is missing for it.
        first = min(error.errors(), key=lambda each: each["type"] != "unexpected_keyword_argument")
        raise BadInput(place, _sentence(first)) from error


def _mix(given: object, place: str) -> dict[str, str]:
    """The shares of `[mix]` by "category" or "category.level", as their texts."""
    if not isinstance(given, Mapping):
        raise BadInput(place, "mix: write it as a table: [mix]")
    shares: dict[str, str] = {}
    for key, value in given.items():
        # Without quotes TOML reads crud.2 as a table of its own.
        parts = (
            {f"{key}.{level}": share for level, share in value.items()} if isinstance(value, Mapping) else {key: value}
        )
        for name, share in parts.items():
            if not isinstance(share, str):
                raise BadInput(place, f'mix.{name}: write the decimal in quotes: "{share}"')
            shares[name] = share
    return shares


def _mix_problems(mix: Mapping[str, Decimal]) -> Iterator[str]:
    by_category: dict[str, list[Decimal]] = defaultdict(list)
    for key, share in mix.items():
        category, dot, level = key.rpartition(".")
        if share < 0:
            yield f"mix.{key}: {share}: a share is not negative"
        if dot and level not in _LEVELS:
            yield f"mix.{key}: no level {level!r}; levels are 1 to 5"
        by_category[category if dot else key].append(share)
        if dot:
            by_category[f"{category}, levels"].append(share)
    for name, shares in by_category.items():
        if not sum(shares):
            yield f"mix.{name}: the shares add up to 0; give a share or leave them out"
    if mix and not sum(mix.values()):
        yield "mix: the shares add up to 0"


def check_mix(ladder: Ladder, suites: Iterable[Suite], categories: Iterable[str]) -> None:
    """Raise BadInput where a ladder's mix names a kind of work or a level that there is not.

    `suites` are whole ones; `categories` are all that there are, loaded or not.
    """
    loaded = {suite.category: suite for suite in suites}
    known = {*loaded, *categories}
    for key in ladder.mix:
        category = key if key in known else key.rpartition(".")[0] or key
        if category not in known:
            raise BadInput(
                f"ladder {ladder.name}",
                f"mix.{key}: no kind of work {category!r}; {did_you_mean(category, sorted(known))}",
            )
        suite = loaded.get(category)
        if suite is None or key == category:
            continue
        level = int(key.rpartition(".")[2])
        if level not in {sample.level for sample in suite.samples}:
            raise BadInput(f"ladder {ladder.name}", f"mix.{key}: the suite {suite.id} has no samples of level {level}")
        if suite.rule.method == "fixed":
            problem = f"mix.{key}: the suite {suite.id} uses the fixed test, which cannot weigh samples; set its rule.method to 'sequential'"
            raise BadInput(f"ladder {ladder.name}", problem)


def _at(tier: object, key: str) -> object:
    found: object = tier
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _sentence(error: ErrorDetails) -> str:
    """A pydantic error in our words: the key's path as in the file, what is wrong, what to do."""
    loc = error["loc"]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc).replace("tiers.", "tier.", 1)
    match error["type"]:
        case "unexpected_keyword_argument":
            known = [field.name for field in fields(Price if "price" in loc[:-1] else Tier)]
            return f"{where}: unknown key; {did_you_mean(str(loc[-1]), known)}"
        case "missing":
            return f"{where}: missing; add it"
        case "decimal_parsing":
            return f"{where}: not a decimal: {error['input']!r}"
        case _:
            return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}: {error['input']!r}"


def _problems(ladder: Ladder) -> Iterator[str]:
    """What is wrong with a ladder whose types are right, each with its place."""
    if not ladder.unit.strip():
        yield "unit: empty; write USD, or the unit of the declared prices"
    yield from _mix_problems(ladder.mix)
    names = [tier.name for tier in ladder.tiers]
    for number, tier in enumerate(ladder.tiers, 1):
        if tier.name in names[: number - 1]:
            yield f"tier.{number}.name: {tier.name!r} is taken by an earlier tier; names are unique"
        for problem in _tier_problems(tier, ladder.unit):
            yield f"tier.{number}.{problem}"


def _tier_problems(tier: Tier, unit: str) -> Iterator[str]:
    if not _NAME.fullmatch(tier.name):
        yield f"name: {tier.name!r}: use letters, digits and . _ + - only"
    if tier.vote < 1 or tier.vote % 2 == 0:
        yield f"vote: {tier.vote}: take an odd number, so that a vote can be decided"
    if tier.vote > 1 and tier.temperature == 0:
        yield "vote: equal replies need no vote; set a temperature above 0"
    if tier.temperature is not None and not 0 <= tier.temperature <= 2:
        yield f"temperature: {tier.temperature}: outside 0 to 2"
    if tier.max_connections is not None and tier.max_connections < 1:
        yield f"max_connections: {tier.max_connections}: take at least 1"
    if tier.priced_as is not None:
        if tier.price is not None:
            yield "priced_as: the tier declares a price of its own; remove one of the two"
        if not all(tier.priced_as.partition("/")):
            yield f"priced_as: {tier.priced_as!r}: name provider and model, as in anthropic/claude-haiku-5-5"
    yield from _price_problems(tier.price, unit)
    yield from _address_problems(tier)
    yield from _local_problems(tier)


def _price_problems(price: Price | None, unit: str) -> Iterator[str]:
    if price is None:
        if unit != "USD":
            yield f"price: missing; the price book knows USD only and the ladder counts in {unit}"
        return
    if price.unit != unit:
        yield f"price.unit: {price.unit!r}, but the ladder counts in {unit!r}; make them equal"
    for key in ("input", "output", "cached", "cache_write", "batch"):
        value = getattr(price, key)
        if value is not None and (not value.is_finite() or value < 0):
            yield f"price.{key}: {value}: not a price"
    if price.batch is not None and price.batch > 1:
        yield f"price.batch: {price.batch}: the share of the price that a batch costs lies between 0 and 1"
    try:
        date.fromisoformat(price.on)
    except ValueError:
        yield f"price.on: {price.on!r}: not a date; write it as 2026-11-22"


def _address_problems(tier: Tier) -> Iterator[str]:
    if tier.base_url is None:
        if tier.provider == "openai-compatible":
            yield "base_url: missing; name the address of the server, with its /v1"
        return
    try:
        parts = urlsplit(tier.base_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield "base_url: not an http address"
    # The address is stored with every answer.
    elif parts.username or parts.password or parts.query:
        yield "base_url: holds credentials or a query; put the key into an environment variable and name it in key_env"


def _local_problems(tier: Tier) -> Iterator[str]:
    if tier.provider != "local":
        for key in ("weights", "engine"):
            if getattr(tier, key) is not None:
                yield f"{key}: only provider 'local' has it; remove it"
        return
    for key in ("weights", "engine", "temperature", "seed"):
        if getattr(tier, key) is None:
            yield f"{key}: missing; a local tier pins it, so that its answers can be repeated"
    if tier.base_url is not None:
        yield "base_url: provider 'local' has none; use provider 'openai-compatible'"
    if tier.weights is not None:
        try:
            weights.identity(tier.weights)
        except BadInput as error:
            yield f"weights: {error.problem}"
