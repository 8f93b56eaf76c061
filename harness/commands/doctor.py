"""Whether a run would work on this machine."""

from __future__ import annotations

import os
from argparse import Namespace
from datetime import date

from .. import console, doctor, plugins, report, tiers
from ..errors import CheckFailed
from . import given

__all__ = ["doctor_command"]


def doctor_command(options: Namespace) -> int:
    visit = doctor.Visit(
        ladder=tiers.load(options.ladder),
        environ=os.environ,
        today=date.today(),
        cache=given.cache_folder(options),
        connect=lambda tier: plugins.load("tierfloor.providers", tier.provider)(tier),
        offline=options.offline,
    )
    findings = doctor.examine(visit)
    if options.format == "json":
        console.data(findings)
    else:
        cells = [(finding.check, finding.result, finding.detail) for finding in findings]
        console.show(report.text_table(("check", "result", "detail"), cells))
    failed = [finding for finding in findings if finding.result == "fail"]
    if failed:
        first = f"{failed[0].check}: {failed[0].detail}"
        raise CheckFailed("doctor", f"{len(failed)} of {len(findings)} checks fail, the first: {first}")
    return 0
