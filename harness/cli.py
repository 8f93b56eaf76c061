"""The command line: parse, call one step, print."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from .errors import BadInput, TierfloorError, did_you_mean

__all__ = ["main", "parser"]

INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 a check says no, 2 misuse, 3 incomplete, 4 budget reached, 130 interrupted.
    """
    try:
        options = parser().parse_args(argv)
        from . import commands

        code: int = getattr(commands, f"{options.command}_command")(options)
        sys.stdout.flush()
    except TierfloorError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; every answer so far is stored, the same command goes on from there\n")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line and name the nearest known word."""

    def error(self, message: str) -> None:  # type: ignore[override]
        if "invalid choice: " in message and "choose from" in message:
            word = message.split("invalid choice: ")[1].split(" ", 1)[0].strip("'")
            known = [each.strip(" '()") for each in message.split("choose from ")[1].split(",")]
            message = f"no command {word!r} ({did_you_mean(word, known)})"
        raise BadInput(self.prog, f"{message}; see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; building it imports nothing heavy."""
    top = _Parser(
        prog="tierfloor", description="Measure, per kind of work, the cheapest model tier proved good enough."
    )
    top.add_argument("--version", action="version", version=f"tierfloor {_version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help_: str, *parts: Callable[[argparse.ArgumentParser], None]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_)
        for part in parts:
            part(made)
        return made

    run = command("run", "ask what is not stored, grade, and print the floors", _suites, _ladder, _selection, _store)
    run.add_argument("--offline", action="store_true", help="use stored answers only; a missing one is an error")
    run.add_argument("--budget", metavar="AMOUNT", help="the most this run may spend, in the ladder's unit")
    command("plan", "print what a run would ask and cost", _suites, _ladder, _selection, _store)
    command("table", "print the quality-vs-cost table from stored answers", _suites, _ladder, _store)
    route = command("route", "make results/ anew from stored answers", _ladder, _store)
    route.add_argument("--check", action="store_true", help="change nothing; exit 1 if anything would change")
    plot = command("plot", "draw the cost-quality curves", _suites, _ladder, _store)
    plot.add_argument("--png", action="store_true", help="write PNG files beside the SVG ones")
    lint = command("lint", "prove suites: data, prompts, controls", _suites)
    lint.add_argument("--format", choices=("text", "json"), default="text")
    command("generate", "write a suite's frozen data files from its generator", _suites)
    pull = command("pull", "bring the weights of a ladder's local tiers")
    pull.add_argument("names", nargs="*", default=["local"], metavar="LADDER", help="a ladder or names of weights")
    command("suites", "list the suites", _format)
    command("ladders", "list the ladders and their tiers", _format)
    cache = command("cache", "look after the stored answers", _store)
    cache.add_argument("action", choices=("stats", "export", "import", "verify"))
    cache.add_argument("file", nargs="?", help="the JSON-lines file to export to or import from")
    return top


def _suites(made: argparse.ArgumentParser) -> None:
    made.add_argument("suites", nargs="*", metavar="SUITE", help="names or folders (default: all)")
    made.add_argument("--suite", action="append", default=[], dest="more_suites", help="the same, as an option")


def _ladder(made: argparse.ArgumentParser) -> None:
    made.add_argument("--ladder", default="local", help="a ladder's name or TOML file (default: local)")


def _selection(made: argparse.ArgumentParser) -> None:
    made.add_argument("--tier", action="append", default=[], help="only this tier (repeatable)")
    made.add_argument("--level", action="append", default=[], type=int, choices=range(1, 6), help="only this level")
    made.add_argument("--limit", type=_positive, help="only the first N samples of each suite, in its fixed order")
    made.add_argument("--fresh", metavar="SEED", help="new samples from the suites' generators")
    made.add_argument("--epochs", type=_positive, help="ask every sample N times")
    made.add_argument("--gguf", metavar="PATH", help="a ladder of one local model file")
    made.add_argument("--base-url", metavar="URL", help="a ladder of one OpenAI-compatible server")
    made.add_argument("--model", default="default", help="the model's name on that server")
    made.add_argument("--key-env", metavar="NAME", help="the environment variable that holds that server's key")


def _store(made: argparse.ArgumentParser) -> None:
    made.add_argument("--results", metavar="DIR", default="results", help="where results are kept (default: results)")
    made.add_argument("--cache", metavar="DIR", help="where answers are kept (default: the user's cache folder)")
    _format(made)


def _format(made: argparse.ArgumentParser) -> None:
    made.add_argument("--format", choices=("text", "json"), default="text", help="json prints one record a line")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return number


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tierfloor")
    except PackageNotFoundError:
        return "(not installed)"
