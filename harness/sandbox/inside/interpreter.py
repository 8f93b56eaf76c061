"""What an interpreter needs of the files of its machine."""

from __future__ import annotations

import os
import sys

__all__ = ["shown"]

# Shared libraries, how they are found, and the time zones.
_OF_THE_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")


def shown() -> tuple[str, ...]:
    """The topmost files and folders that this interpreter, the standard library and those libraries are in."""
    of_python = (sys.executable, os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "lib"))
    places = [*dict.fromkeys(map(os.path.realpath, of_python)), *_OF_THE_SYSTEM]
    there = [place for place in places if os.path.exists(place) and not os.path.islink(place)]
    return tuple(place for place in there if not any(place.startswith(f"{other}/") for other in there) and place != "/")
