"""What every test gets: its own cache and weights folders, and an environment without keys."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes no test fail, and the same code always gets the same examples.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

KEYS = ("API_KEY", "AUTH_TOKEN", "BASE_URL", "GOOGLE_APPLICATION_CREDENTIALS")
VENDORS = ("ANTHROPIC_", "OPENAI_", "GEMINI_", "GOOGLE_", "OPENROUTER_", "LLM_GATEWAY_", "TIERFLOOR_")

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def isolated(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own answers, and none can spend money. `live` tests see the real weights."""
    weights = os.environ.get("TIERFLOOR_WEIGHTS")
    for name in os.environ:
        if (name.startswith(VENDORS) and name.endswith(KEYS)) or name.startswith("TIERFLOOR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TIERFLOOR_CACHE", str(tmp_path / "cache-of-test"))
    if request.node.get_closest_marker("live") is None:
        monkeypatch.setenv("TIERFLOOR_WEIGHTS", str(tmp_path / "weights-of-test"))
    elif weights:
        monkeypatch.setenv("TIERFLOOR_WEIGHTS", weights)


@pytest.fixture
def fresh() -> Fresh:
    """Run a piece of Python in an interpreter of its own: `fresh(code, *arguments)`."""

    def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run
