"""What tests of imports share."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from importers.recorded import TERMS, Load, Row

from harness.importers import Imported
from harness.importers.outcomes import load


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def load_rows(found: list[Row], **terms: Any) -> Imported:
        path = tmp_path / "mine.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in found))
        return load(path, replace(TERMS, **terms))

    return load_rows
