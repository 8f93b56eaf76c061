"""Ladders: what there is, and the weights of local tiers."""

from __future__ import annotations

from argparse import Namespace

from .. import console, report, tiers, weights

__all__ = ["ladders_command", "pull_command"]


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


def pull_command(options: Namespace) -> int:
    names = [name for given in options.names for name in _weights_of(given)]
    with console.transfer() as reporter:
        for name in names:
            path = weights.pull(name, reporter(name), console.note)
            console.show([f"{name}: {path}"])
    return 0


def _weights_of(given: str) -> list[str]:
    if given in weights.pins():
        return [given]
    return list(dict.fromkeys(tier.weights for tier in tiers.load(given).tiers if tier.weights))


def _strategy(schema: bool, vote: int) -> str:
    return "+".join([*(["schema"] if schema else []), *([f"vote of {vote}"] if vote > 1 else [])]) or "plain"
