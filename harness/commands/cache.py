"""The stored answers."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from .. import cache as cache_
from .. import console
from ..errors import BadInput, CheckFailed
from . import given

__all__ = ["cache_command"]


def cache_command(options: Namespace) -> int:
    folder = given.cache_folder(options)
    with cache_.Cache.open(folder) as cache:
        if options.action == "stats":
            console.show([f"{folder}: {len(cache)} answers"])
        elif options.action == "verify":
            problems = cache.verify()
            console.show(problems)
            if problems:
                raise CheckFailed(
                    str(folder), f"{len(problems)} rows are not ours or damaged; export the rest, start anew"
                )
        elif options.file is None:
            raise BadInput(f"cache {options.action}", "name the JSON-lines file")
        elif options.action == "export":
            console.show([f"{options.file}: {cache.export(Path(options.file))} answers"])
        else:
            added, held = cache.import_(Path(options.file))
            console.show([f"{options.file}: {added} answers added, {held} already there"])
    return 0
