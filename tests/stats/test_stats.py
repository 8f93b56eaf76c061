from __future__ import annotations

import subprocess
import sys

from harness import stats


def test_public_names_are_sorted_and_exist() -> None:
    assert stats.__all__ == sorted(stats.__all__, key=lambda name: (name.islower(), name))
    assert all(hasattr(stats, name) for name in stats.__all__)


def test_importing_and_betting_load_neither_numpy_nor_scipy() -> None:
    program = """
import sys
from decimal import Decimal
from harness import stats
from harness.values import Rule
d = Decimal
rule = Rule(margin=d("0.1"), alpha=d("0.05"), bar=d("0.8"), horizon=150, method="sequential")
stats.judge([1.0] * 99, [1.0] * 99, rule), stats.tango(3, 4, 99, 0.9), stats.wilson(9, 10, 0.9)
print({"numpy", "scipy"} & set(sys.modules))
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
