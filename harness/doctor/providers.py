"""Can the ladder's providers be asked: keys, models, prices?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from .. import prices
from ..errors import BadInput, ProviderError, TierfloorError, did_you_mean
from ..providers import Connect, Listed
from ..secrets import hide
from ..values import Ladder, Tier, Usage
from .findings import Finding, Result, Visit

__all__ = ["KEYS", "key_findings", "model_findings", "price_findings", "variables"]

# Where a provider's key is read from, the first that is set, unless the tier names a variable.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
}
SECONDS: Final = 10.0
SOON: Final = timedelta(days=90)
SAMPLE: Final = Usage(input=10_000, output=1_000)

_QUOTES = "\"'`"


def key_findings(visit: Visit) -> Iterator[Finding]:
    """For each key that the ladder's tiers use: whether its variable is set, and looks like a key."""
    users: dict[tuple[str, ...], list[str]] = {}
    for tier in visit.ladder.tiers:
        if names := variables(tier):
            users.setdefault(names, []).append(tier.name)
    for names, tiers in users.items():
        using = f"used by {', '.join(tiers)}"
        name = next((name for name in names if visit.environ.get(name, "").strip()), None)
        if name is None:
            empty = any(name in visit.environ for name in names)
            detail = f"{'empty' if empty else 'not set'}, {using}; set it to ask these tiers"
            yield Finding(check=f"key {' or '.join(names)}", result=visit.absent, detail=detail)
        else:
            result, problem = _judged(visit.environ[name])
            yield Finding(check=f"key {name}", result=result, detail=f"set, {problem}{using}")


def _judged(value: str) -> tuple[Result, str]:
    bare = value.strip()
    if not bare.isascii() or not bare.isprintable() or " " in bare:
        return "fail", "but with characters that no key has (spaces, line breaks, accents): copy it again; "
    if bare[0] in _QUOTES or bare[-1] in _QUOTES:
        return "warn", "but with quotes, which are sent as a part of it: take them away; "
    if bare != value:
        return "warn", "but with white space around it: take it away; "
    return "ok", ""


def variables(tier: Tier) -> tuple[str, ...]:
    """The variables whose key a tier may send; a provider's own key never goes to an address that a ladder names."""
    if tier.key_env:
        return (tier.key_env,)
    return KEYS.get(tier.provider, ()) if tier.base_url is None else ()


async def model_findings(visit: Visit) -> list[Finding]:
    """Whether the providers list the ladder's models, and until when they serve them. Each is asked once."""
    channels: dict[tuple[str, str | None, str | None], list[Tier]] = {}
    for tier in visit.ladder.tiers:
        names = variables(tier)
        if tier.weights is None and (not names or any(visit.environ.get(name, "").strip() for name in names)):
            channels.setdefault((tier.provider, tier.base_url, tier.key_env), []).append(tier)
    found = []
    for tiers in channels.values():
        listed = await _listed(tiers[0], visit.connect)
        if isinstance(listed, Finding):
            found.append(listed)
        else:
            found += [_model(tier, listed, visit.today) for tier in tiers]
    return list(dict.fromkeys(found))


async def _listed(tier: Tier, connect: Connect) -> tuple[Listed, ...] | Finding:
    place = f"models of {_place(tier)}"
    try:
        async with connect(tier) as connection, asyncio.timeout(SECONDS):
            if connection.models is not None:
                return await connection.models()
            return Finding(check=place, result="warn", detail="it has no list of models, so none could be checked")
    except TimeoutError:
        return Finding(check=place, result="warn", detail=f"no answer in {SECONDS:.0f} s; check network and address")
    except TierfloorError as error:
        passing = isinstance(error, ProviderError) and error.kind == "transient"
        return Finding(check=place, result="warn" if passing else "fail", detail=hide(str(error)))
    except Exception as error:  # noqa: BLE001 - an adapter may raise anything
        return Finding(check=place, result="fail", detail=hide(" ".join(f"{type(error).__name__}: {error}".split())))


def _model(tier: Tier, listed: Sequence[Listed], today: date) -> Finding:
    check = f"model {tier.provider}/{tier.model}"
    ends = {model.id: model.retires for model in listed}
    dated = re.compile(rf"{re.escape(tier.model)}-\d{{4}}-?\d\d-?\d\d")
    served = tier.model if tier.model in ends else max(filter(dated.fullmatch, ends), default=None)
    if served is None:
        # A server of one model often takes any name.
        result: Result = "warn" if tier.base_url else "fail"
        detail = f"{_place(tier)} does not list it{_nearest(tier.model, ends)}"
        return Finding(check=check, result=result, detail=detail)
    end = ends[served]
    name = "listed" if served == tier.model else f"listed as {served}"
    if end is None:
        return Finding(check=check, result="ok", detail=name)
    if end < today:
        return Finding(check=check, result="fail", detail=f"{name}, but retired on {end}; choose its successor")
    soon = end - today <= SOON
    detail = f"{name}, retires on {end}" + ("; choose its successor in time" if soon else "")
    return Finding(check=check, result="warn" if soon else "ok", detail=detail)


def _place(tier: Tier) -> str:
    return f"{tier.provider} at {tier.base_url}" if tier.base_url else tier.provider


def _nearest(word: str, known: Iterable[str]) -> str:
    said = did_you_mean(word, known)
    # Without a near one it would be the whole list.
    return f"; {said}" if said.startswith("did you mean") else ""


def price_findings(ladder: Ladder, today: date) -> Iterator[Finding]:
    """Whether the price of each tier is known as of today, and the next day on which it changes."""
    for tier in ladder.tiers:
        check = f"price of {tier.name}"
        try:
            now = prices.cost(SAMPLE, tier, ladder.unit, today)
            coming = prices.changes(tier, ladder.unit, today)[:1]
            then = [prices.cost(SAMPLE, tier, ladder.unit, date.fromisoformat(change.on)) for change in coming]
        except BadInput as error:
            yield Finding(check=check, result="fail", detail=str(error))
            continue
        detail = f"{now.normalize():f} {ladder.unit} for {SAMPLE.input:,} tokens in and {SAMPLE.output:,} out"
        detail += "".join(f"; {cost.normalize():f} from {change.on}" for change, cost in zip(coming, then, strict=True))
        soon = any(date.fromisoformat(change.on) - today <= SOON for change in coming)
        yield Finding(check=check, result="warn" if soon else "ok", detail=detail)
