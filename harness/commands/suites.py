"""Suites: what there is, its proof, its frozen data."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from .. import console, report, suites
from .. import lint as lint_
from ..errors import CheckFailed
from ..records import write_lines
from ..values import Control, Sample

__all__ = ["generate_command", "lint_command", "suites_command"]


def suites_command(options: Namespace) -> int:
    loaded = [suites.load(suites.find(name)) for name in suites.names()]
    if options.format == "json":
        console.data(
            {
                "id": s.id,
                "version": s.version,
                "samples": len(s.samples),
                "rule": s.rule,
                "hash": s.hash,
                "rows": s.rows,
            }
            for s in loaded
        )
        return 0
    head = ("suite", "version", "samples", "margin", "bar", "hash", "title")
    cells = [
        (s.id, s.version, str(len(s.samples)), str(s.rule.margin), str(s.rule.bar), s.hash[:12], s.title)
        for s in loaded
    ]
    console.show(report.text_table(head, cells))
    return 0


def lint_command(options: Namespace) -> int:
    findings = []
    with console.judging() as report_judging:
        for name in [*options.suites, *options.more_suites] or suites.names():
            findings += lint_.lint(suites.load(suites.find(name)), most=options.mutants, report=report_judging)
    if options.format == "json":
        console.data(findings)
    else:
        console.show(
            report.text_table(
                ("suite", "gate", "result", "detail"), [(f.suite, f.gate, f.result, f.detail) for f in findings]
            )
        )
    failed = [finding for finding in findings if finding.result == "fail"]
    if failed:
        raise CheckFailed(
            "lint", f"{len(failed)} findings, the first: {failed[0].suite}: {failed[0].gate}: {failed[0].detail}"
        )
    return 0


def generate_command(options: Namespace) -> int:
    for name in [*options.suites, *options.more_suites] or suites.names():
        folder = suites.find(name)
        for path, samples in suites.frozen(folder):
            _write(path, samples, "samples")
        # The proof is made for the frozen samples, so after them.
        if proof := suites.proof(folder):
            _write(*proof, "controls")
    return 0


def _write(path: Path, records: Sequence[Sample | Control], noun: str) -> None:
    """In the order in which they were made."""
    position = {record.id: number for number, record in enumerate(records)}
    changed = write_lines(path, records, order=lambda record: position[record.id])
    console.show([f"{path}: {len(records)} {noun}{'' if changed else ', unchanged'}"])
