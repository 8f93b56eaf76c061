"""The command line: parse, call one step, print."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

from .errors import BadInput, TierfloorError, did_you_mean

__all__ = ["main", "parser"]

FAULT: Final = 70
INTERRUPTED: Final = 130
# Ours and those of the SDKs and what they send with.
LOGGERS: Final = ("tierfloor", "anthropic", "openai", "httpx2", "google_genai", "aiohttp")

_Part = Callable[[argparse.ArgumentParser], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 a check says no, 2 misuse, 3 incomplete, 4 budget reached, 70 a fault in tierfloor itself (EX_SOFTWARE of
    sysexits.h), 130 interrupted. No secret of the environment reaches stderr, whoever writes there.
    """
    from .secrets import hiding

    with contextlib.redirect_stderr(hiding(sys.stderr)):
        try:
            options = parser().parse_args(argv)
        except TierfloorError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
        with _logged() if options.debug else contextlib.nullcontext():
            return _run(options)


def _run(options: argparse.Namespace) -> int:
    if getattr(options, "allow_unsafe", False):
        from .sandbox import CHOICE, UNSAFE

        os.environ.setdefault(CHOICE, UNSAFE)  # processes that grade for us read it too
    try:
        module = importlib.import_module(f".commands.{options.module}", __package__)
        code: int = getattr(module, f"{options.command}_command")(options)
        sys.stdout.flush()
    except TierfloorError as error:
        _trace(options)
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; every answer so far is stored, the same command goes on from there\n")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user who has not asked for it
        _trace(options)
        problem = f"unexpected {type(error).__name__}: {error}; run again with --debug and report it"
        sys.stderr.write(f"{TierfloorError('tierfloor', problem)}\n")
        return FAULT
    return code


def _trace(options: argparse.Namespace) -> None:
    if options.debug:
        import traceback

        traceback.print_exc()


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """Log lines go to stderr while this lasts."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in LOGGERS]
    logging.getLogger().addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for logger in loggers:
            logger.setLevel(logging.NOTSET)


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
    _debug(top, default=False)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(module: str, name: str, help_: str, *parts: _Part) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_)
        made.set_defaults(module=module)
        _debug(made)
        for part in parts:
            part(made)
        return made

    run = command("run", "run", "ask what is not stored, grade, print the floors", _suites, _ladder, _selection, _store)
    run.add_argument("--offline", action="store_true", help="use stored answers only; a missing one is an error")
    run.add_argument("--budget", metavar="AMOUNT", help="the most this run may spend, in the ladder's unit")
    run.add_argument(
        "--until",
        type=_until,
        metavar="WHEN",
        help="decided: ask only what the floors need (default); all: every sample (default for a part and in batches)",
    )
    _asking(run)
    _grading(run)
    plan = command("plan", "plan", "print what a run would ask and cost", _suites, _ladder, _selection, _store, _as_of)
    plan.add_argument("--batch", action="store_true", help="at the prices of batch processing")
    plan.add_argument(
        "--until",
        type=_until,
        metavar="WHEN",
        help="decided: also what the floors are expected to need (default); all: every sample alone",
    )
    plan.add_argument(
        "--count", action="store_true", help="let providers that do it for nothing count the input tokens"
    )
    told = "print the quality-vs-cost table from stored answers"
    command("results", "table", told, _suites, _ladder, _store, _as_of, _grading)
    route = command("results", "route", "make results/ anew from stored answers", _ladder, _store, _as_of, _grading)
    route.add_argument("--check", action="store_true", help="change nothing; exit 1 if anything would change")
    plot = command("results", "plot", "draw the cost-quality curves", _suites, _ladder, _store, _grading)
    plot.add_argument("--png", action="store_true", help="write PNG files beside the SVG ones")
    told = "say what floors and cascades save"
    saved = command("results", "savings", told, _suites, _ladder, _store, _as_of, _grading)
    saved.add_argument(
        "--failure-cost", metavar="AMOUNT", help="what an undetected failure costs, in the ladder's unit"
    )
    saved.add_argument("--requests", type=_positive, metavar="N", default=1000, help="count failures in so many")
    _power(
        command("power", "power", "say what a suite can prove before it is paid for: chances and cost", _as_of, _format)
    )
    _import(command("imports", "import", "make floors, table and curves from results that others measured", _format))
    lint = command("suites", "lint", "prove suites: data, prompts, controls", _suites, _grading)
    lint.add_argument("--format", choices=("text", "json"), default="text")
    mutants = "also judge N small faults made in the right answers of suites that say so (default: all there are)"
    lint.add_argument("--mutants", nargs="?", type=_positive, metavar="N", default=0, const=None, help=mutants)
    command("suites", "generate", "write a suite's frozen data and controls files from its programs", _suites)
    pull = command("ladders", "pull", "bring the weights of a ladder's local tiers")
    pull.add_argument("names", nargs="*", default=["local"], metavar="LADDER", help="a ladder or names of weights")
    command("suites", "suites", "list the suites", _format)
    command("ladders", "ladders", "list the ladders and their tiers", _format)
    command("ladders", "prices", "list a ladder's prices and the days they change", _ladder, _format, _as_of)
    doctor = command("doctor", "doctor", "check keys, models, prices, engine, cache, isolation", _ladder, _store)
    doctor.add_argument("--offline", action="store_true", help="ask no provider which models it lists")
    _cache(command)
    return top


def _debug(made: argparse.ArgumentParser, default: object = argparse.SUPPRESS) -> None:
    """Before or after the command; a command that does not have it leaves what stood before."""
    help_ = "print log lines and tracebacks, without keys, to stderr"
    made.add_argument("--debug", action="store_true", default=default, help=help_)


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


def _asking(made: argparse.ArgumentParser) -> None:
    made.add_argument("--batch", action="store_true", help="hand requests in as batches: half price, hours to days")
    made.add_argument("--no-wait", action="store_true", help="with --batch: hand in, fetch what is there, do not wait")
    made.add_argument("--max-connections", type=_positive, metavar="N", help="requests under way at once, per model")
    made.add_argument(
        "--max-retries", type=_natural, metavar="N", default=5, help="further tries a request (default: 5)"
    )
    made.add_argument("--max-wait", type=_seconds, metavar="S", default=120.0, help="longest wait before a further try")
    made.add_argument("--timeout", type=_seconds, metavar="S", default=600.0, help="longest time for one try")


def _grading(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--allow-unsafe",
        action="store_true",
        help="run code of a model also where the sandbox lacks Landlock or seccomp; rows say so",
    )


def _as_of(made: argparse.ArgumentParser) -> None:
    made.add_argument("--as-of", type=_date, metavar="DATE", help="at the prices of this day (2026-11-22)")


def _power(made: argparse.ArgumentParser) -> None:
    made.add_argument("suite", metavar="SUITE", help="its name or folder")
    for name in ("margin", "alpha", "bar"):
        made.add_argument(f"--{name}", metavar="X", help=f"another {name} than the suite's")
    made.add_argument(
        "--quality", action="append", default=[], type=_share, metavar="Q", help="the tier's pass rate (repeatable)"
    )
    made.add_argument("--reference", type=_share, metavar="R", help="the reference's pass rate (default: .95 or more)")
    made.add_argument(
        "--correlation", type=_share, default=0.4, metavar="C", help="of passing the same samples (default: 0.4)"
    )
    made.add_argument("--sizes", type=_sizes, metavar="N,N", help="numbers of units to compare")
    made.add_argument("--ladder", help="a ladder's name or TOML file, for what it costs")
    made.add_argument("--results", metavar="DIR", default="results", help="where lengths are learnt (default: results)")
    made.add_argument("--plot", metavar="FILE", help="draw the chances into an .svg or .png file")


def _import(made: argparse.ArgumentParser) -> None:
    made.add_argument("importer", metavar="KIND", help="outcomes: a row for each item, tier and run")
    made.add_argument("file", metavar="FILE", help="CSV or JSON lines, gzipped or not, or Parquet")
    made.add_argument(
        *("--column", "--columns"), action="append", default=[], metavar="OURS=THEIRS", help="what columns are called"
    )
    made.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE", help="only rows with this value")
    made.add_argument("--common", action="store_true", help="only items with an outcome at every tier")
    made.add_argument("--ladder", help="order of the tiers: a ladder's name or TOML file (default: tier_rank, or cost)")
    made.add_argument("--name", help="the results folder's name (default: the file's)")
    made.add_argument("--results", metavar="DIR", default="results", help="where results are kept (default: results)")
    for name, default in (("margin", "0.10"), ("alpha", "0.05"), ("bar", "0.80")):
        made.add_argument(f"--{name}", metavar="X", default=default, help=f"the rule's {name} (default: {default})")
    made.add_argument("--horizon", type=_positive, metavar="N", help="planned units (default: all there are)")
    made.add_argument("--method", choices=("sequential", "fixed"), default="sequential", help="the test of the verdict")


def _cache(command: Callable[..., argparse.ArgumentParser]) -> None:
    top = command("cache", "cache", "look after the stored answers")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Parser)

    def action(name: str, help_: str, *parts: _Part) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=help_, description=help_)
        _debug(made)
        for part in (*parts, _store):
            part(made)
        return made

    action("stats", "how many answers there are, from whom, from when, in how many tokens and tries")
    action("verify", "find rows that are damaged or not ours")
    action("explain", "say why requests have no stored answer", _suites, _ladder, _selection)
    action("export", "write all answers as sorted JSON lines").add_argument("file", metavar="FILE")
    action("import", "add the answers of a JSON-lines file").add_argument("file", metavar="FILE")
    prune = action("prune", "move answers out of the cache into a JSON-lines file", _ladder)
    prune.add_argument("file", metavar="FILE", help="where the answers go")
    prune.add_argument("--before", type=_date, metavar="DATE", help="answers given before this day")
    prune.add_argument(
        "--unused", action="store_true", help="answers that no suite asks of the ladder's tiers any more"
    )
    prune.add_argument("--model", help="answers of this model")


def _format(made: argparse.ArgumentParser) -> None:
    made.add_argument("--format", choices=("text", "json"), default="text", help="json prints one record a line")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return number


def _until(text: str) -> str:
    if text not in {"decided", "all"}:
        raise argparse.ArgumentTypeError(f"{text!r}: must be decided or all")
    return text


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 0")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be a positive number of seconds")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text}: must be between 0 and 1")
    return share


def _sizes(text: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: not numbers; write them as 50,100,200") from None
    if not all(1 <= size <= 5000 for size in found):
        raise argparse.ArgumentTypeError(f"{text}: each must be between 1 and 5000")
    return found


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: not a date; write it as 2026-11-22") from None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tierfloor")
    except PackageNotFoundError:
        return "(not installed)"
