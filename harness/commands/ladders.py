"""Ladders: what there is, and the weights of local tiers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from .. import console, prices, report, tiers, weights
from ..errors import BadInput
from ..records import plain

__all__ = ["ladders_command", "prices_command", "pull_command"]


def ladders_command(options: Namespace) -> int:
    loaded = [tiers.load(name) for name in tiers.builtin()]
    if options.format == "json":
        console.data(loaded)
        return 0
    cells = [
        (ladder.name, tier.name, tier.provider, tier.model, tier.effort or "", _strategy(tier.schema, tier.vote))
        for ladder in loaded
        for tier in ladder.tiers
    ]
    console.show(report.text_table(("ladder", "tier", "provider", "model", "effort", "strategy"), cells))
    return 0


def prices_command(options: Namespace) -> int:
    ladder, day = tiers.load(options.ladder), options.as_of or date.today()
    quotes: list[prices.Quote] = []
    cells, records, unpriced = [], [], []
    for tier in ladder.tiers:
        try:
            quotes.append(prices.quote(tier, ladder.unit, day))
        except BadInput as problem:
            unpriced.append(problem)
            records.append({"tier": tier.name, "model": tier.model, "problem": str(problem)})
            cells.append((tier.name, tier.model, *["?"] * 6, "", "", "no price"))
        else:
            records.append(plain(quotes[-1]))
            cells.append(_price_cells(quotes[-1]))
    if options.format == "json":
        console.data(records)
    else:
        console.show(report.text_table(_PRICE_HEAD, cells))
        console.show(sorted(line for found in quotes for line in _announced(found)))
        console.note(f"{ladder.unit} per million tokens, at the prices of {day}")
    if unpriced:
        for earlier in unpriced[:-1]:
            console.note(str(earlier))
        raise unpriced[-1]
    return 0


def pull_command(options: Namespace) -> int:
    names = [name for given in options.names for name in _weights_of(given)]
    with console.transfer() as reporter:
        for name in names:
            path = weights.pull(name, reporter(name), console.note)
            console.show([f"{name}: {path}"])
    return 0


_PRICE_HEAD = (
    "tier",
    "model",
    "input",
    "output",
    "cached",
    "cache write",
    "batch input",
    "batch output",
    "cliff (input / output)",
    "next change",
    "source",
)


def _price_cells(found: prices.Quote) -> tuple[str, ...]:
    (first, *cliffs), batch = found.standard, found.batch[0]
    halved = ("-", "-") if found.batch == found.standard else (_amount(batch.input), _amount(batch.output))
    above = [f"above {rate.above:,} tokens: {_amount(rate.input)} / {_amount(rate.output)}" for rate in cliffs]
    if first.call:
        above.append(f"{_amount(first.call)} a request")
    live = [change for change in found.changes if change.standard[0] != change.standard[1]]
    soon = [
        f"{change.on}: {_amount(now.input)} / {_amount(now.output)}"
        for change in live
        for now in change.standard[1][:1]
    ]
    amounts = map(_amount, (first.input, first.output, first.cached, first.cache_write))
    return (found.tier, found.model, *amounts, *halved, "; ".join(above), *(soon or [""])[:1], found.source)


def _announced(found: prices.Quote) -> Iterator[str]:
    """One line for each day on which a floor may move because this tier's price does."""
    for change in found.changes:
        batch = f"in batches {_moved(*change.batch)}" if change.batch[0] != change.batch[1] else ""
        live = f"{_moved(*change.standard)} {found.unit}" if change.standard[0] != change.standard[1] else ""
        what = live if change.batch == change.standard else ", ".join(filter(None, (live, batch)))
        yield f"floor inputs change on {change.on}: {found.tier} ({found.entry}) {what}"


def _moved(before: prices.Rates, after: prices.Rates) -> str:
    """What differs between two prices: input and output, else the first part that does."""
    old, new = before[0], after[0]
    if (old.input, old.output) != (new.input, new.output):
        return f"{_amount(old.input)}/{_amount(old.output)} -> {_amount(new.input)}/{_amount(new.output)}"
    if old.cached != new.cached:
        return f"cached {_amount(old.cached)} -> {_amount(new.cached)}"
    if old.cache_write != new.cache_write:
        return f"cache write {_amount(old.cache_write)} -> {_amount(new.cache_write)}"
    return "prices of long requests"


def _amount(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _weights_of(given: str) -> list[str]:
    if given in weights.pins():
        return [given]
    return list(dict.fromkeys(tier.weights for tier in tiers.load(given).tiers if tier.weights))


def _strategy(schema: bool, vote: int) -> str:
    return "+".join([*(["schema"] if schema else []), *([f"vote of {vote}"] if vote > 1 else [])]) or "plain"
