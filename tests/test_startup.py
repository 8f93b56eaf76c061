"""`tierfloor --help` is instant: it loads nothing heavy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

HEAVY = (
    *("anthropic", "openai", "google.genai", "genai_prices", "httpx2", "xllamacpp", "diskcache", "pydantic", "rich"),
    *("pandas", "matplotlib", "datasets", "scipy", "numpy", "pytest"),
)
HELP = """
import json, resource, sys
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
before = spent()
from harness.cli import main
try:
    main(["--help"])
except SystemExit as done:
    assert not done.code, done.code
print(json.dumps({"modules": sorted(sys.modules), "seconds": spent() - before}), file=sys.stderr)
"""

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


def test_help_imports_nothing_heavy(fresh: Fresh) -> None:
    done = fresh(HELP)
    assert done.returncode == 0, done.stderr
    assert "usage: tierfloor" in done.stdout
    assert set(HEAVY) & set(json.loads(done.stderr)["modules"]) == set()


def test_help_takes_little_processor_time(fresh: Fresh) -> None:
    seconds = min(json.loads(fresh(HELP).stderr)["seconds"] for _ in range(3))
    assert seconds < 0.15
