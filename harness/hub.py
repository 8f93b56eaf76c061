"""Samples that are kept elsewhere: CSV, Parquet or JSON lines of another shape, and datasets of the Hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import BadInput
from .values import Sample, Split, canonical

__all__ = ["read"]

_FORMATS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "json", ".json": "json"}


def read(split: Split, folder: Path) -> list[Sample]:
    """The samples that a split's file or Hub dataset holds, through `datasets`.

    A row without id, level or template gets its number, level 1 and its id. Raises BadInput for an unknown format,
    an unreadable source or a column that does not exist.
    """
    import datasets

    place = split.hub or str(folder / str(split.file))
    datasets.disable_progress_bars()
    try:
        if split.hub is not None:
            rows = datasets.load_dataset(split.hub, revision=split.revision, split="train")
        else:
            rows = _from_file(folder / str(split.file))
    except BadInput:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise BadInput(place, f"datasets cannot read it: {reason[0] if reason else type(error).__name__}") from error
    return _samples(rows, split.columns, place)


def _from_file(path: Path) -> Any:
    import datasets

    kind = _FORMATS.get(path.suffix)
    if kind is None:
        raise BadInput(str(path), f"unknown format; use one of {', '.join(sorted(_FORMATS))}")
    if not path.is_file():
        raise BadInput(str(path), "no such file")
    return datasets.load_dataset(kind, data_files=str(path), split="train")


def _samples(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], place: str) -> list[Sample]:
    found = []
    for number, row in enumerate(rows, start=1):
        taken = {ours: row.get(columns.get(ours, ours)) for ours in ("id", "input", "target", "level", "template")}
        for needed in ("input", "target"):
            if taken[needed] is None:
                column = columns.get(needed, needed)
                raise BadInput(f"{place}:{number}", f"no column {column!r}; map it under columns.{needed}")
        id_ = str(taken["id"] if taken["id"] is not None else f"{number:06d}")
        found.append(
            Sample(
                id=id_,
                input=_text(taken["input"]),
                target=_text(taken["target"]),
                metadata={"level": int(taken["level"] or 1), "template": str(taken["template"] or id_)},
            )
        )
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else canonical(value)
