"""What a run needs, checked before it costs anything: software, keys, models, prices, weights, cache, isolation.

Every check takes what it looks at and gives findings. Nothing is changed, nothing is paid, and of a key's value no word
is said.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from .. import weights
from ..secrets import hide
from .findings import Finding, Visit
from .machine import cache_findings, isolation_findings
from .providers import KEYS, key_findings, model_findings, price_findings, variables
from .software import import_finding, installed, local_findings, package_findings

__all__ = [
    "KEYS",
    "Finding",
    "Visit",
    "cache_findings",
    "examine",
    "import_finding",
    "isolation_findings",
    "key_findings",
    "local_findings",
    "model_findings",
    "package_findings",
    "price_findings",
]


def examine(visit: Visit) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    found = [
        *installed(),
        *key_findings(visit),
        *([] if visit.offline else asyncio.run(model_findings(visit))),
        *price_findings(visit.ladder, visit.today),
        *local_findings(visit.ladder, weights.installed_engine(), absent=visit.absent),
        *cache_findings(visit.cache),
        *isolation_findings(),
    ]
    # A server may echo the key it was sent in the names of its models.
    keys = [visit.environ.get(name, "") for tier in visit.ladder.tiers for name in variables(tier)]
    return [replace(finding, detail=hide(finding.detail, *keys)) for finding in found]
