"""results/<ladder>/ on disk: what a table was made from and what was made of it, as files that diff well."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from .answers import read_answers
from .errors import BadInput
from .records import line, plain, read_lines, read_value, write_text
from .values import Outcome, Registered, Request, Response

__all__ = [
    "answers",
    "covered",
    "differences",
    "is_imported",
    "keep_registered",
    "kept_registered",
    "outcomes",
    "outcomes_text",
    "priced_on",
    "registered",
    "save",
    "shipped",
]


def shipped(ladder: str) -> Path:
    """The recorded results of a ladder that come with tierfloor (the folder need not exist)."""
    package = Path(__file__).parent
    inside = package / "_results"
    return (inside if inside.is_dir() else package.parent / "results") / ladder


def covered(folder: Path) -> tuple[str, ...]:
    """The suites whose outcomes a results folder holds, sorted."""
    return tuple(sorted(path.stem for path in (folder / "outcomes").glob("*.jsonl")))


def answers(folders: Iterable[Path]) -> dict[str, tuple[Request, Response]]:
    """The recorded answers of several results folders by request key; the first folder that has one wins."""
    found: dict[str, tuple[Request, Response]] = {}
    for folder in folders:
        for path in sorted((folder / "answers").glob("*.jsonl")):
            for key, pair in read_answers(path).items():
                found.setdefault(key, pair)
    return found


def priced_on(folder: Path) -> date | None:
    """The day whose prices a results folder was made with; None where its manifest is missing or not one of ours."""
    try:
        return date.fromisoformat(json.loads(_read(folder / "manifest.json") or "")["prices"]["on"])
    except (KeyError, TypeError, ValueError):
        return None


def is_imported(folder: Path) -> bool:
    """Whether the results in a folder come from outcomes that others measured."""
    try:
        return "imported" in json.loads(_read(folder / "manifest.json") or "{}")
    except (TypeError, ValueError):
        return False


def registered(folders: Iterable[Path]) -> dict[str, Registered]:
    """What several results folders registered, by suite; the first folder that has one wins.

    A manifest without registrations has none to tell; one with something else in their place is BadInput.
    """
    found: dict[str, Registered] = {}
    for folder in folders:
        path = folder / "manifest.json"
        try:
            suites = json.loads(_read(path) or "{}").get("suites", [])
            kept = {suite["id"]: suite["registered"] for suite in suites if "registered" in suite}
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        for id_, text in kept.items():
            found.setdefault(id_, read_value(f"{path}: {id_}.registered", text, Registered))
    return found


def keep_registered(cache: Path, ladder: str, registered: Mapping[str, Registered]) -> None:
    """Note in the folder of the answers, before they are asked, what is fixed about them, by suite."""
    for id_, each in registered.items():
        write_text(_registered(cache, ladder) / f"{id_}.json", json.dumps(plain(each), indent=2, sort_keys=True) + "\n")


def kept_registered(cache: Path, ladder: str) -> dict[str, Registered]:
    """What runs on a ladder noted before they asked, by suite."""
    found = {}
    for path in sorted(_registered(cache, ladder).glob("*.json")):
        try:
            found[path.stem] = read_value(str(path), json.loads(_read(path) or ""), Registered)
        except ValueError:
            raise BadInput(str(path), "is damaged: put it right, or start a new cache (TIERFLOOR_CACHE)") from None
    return found


def outcomes(folders: Iterable[Path]) -> list[Outcome]:
    """The outcomes of several results folders, validated."""
    return [
        outcome
        for folder in folders
        for path in sorted((folder / "outcomes").glob("*.jsonl"))
        for outcome in read_lines(path, Outcome)
    ]


def outcomes_text(records: Iterable[Outcome]) -> str:
    """Outcomes as sorted JSON lines."""
    ordered = sorted(records, key=lambda each: (each.suite, each.sample, each.tier, each.epoch))
    return "".join(f"{line(each)}\n" for each in ordered)


def save(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files that differ, each replaced whole; returns their names."""
    return [name for name, text in sorted(files.items()) if write_text(folder / name, text)]


def differences(folder: Path, files: Mapping[str, str]) -> list[str]:
    """The names of the files that are missing in `folder` or say something else."""
    return [name for name, text in sorted(files.items()) if _read(folder / name) != text]


def _registered(cache: Path, ladder: str) -> Path:
    return cache / "registered" / ladder


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
