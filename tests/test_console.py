"""Progress is plain lines where nobody watches, bars on a terminal, and never on stdout."""

from __future__ import annotations

import io
import sys
from decimal import Decimal

import pytest

from harness import console
from harness.run import Progress


def state(done: int, failed: int = 0) -> Progress:
    return Progress(tier="small", done=done, total=3, failed=failed, spent=Decimal("1.25"))


def test_lines_come_rarely_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("credits") as report:
        for done in (1, 2, 3):
            report(state(done, failed=1))

    assert capsys.readouterr() == ("", "small: 3/3 answers, 1 failed, 1.25 credits\n")


def test_bars_are_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress("credits") as report:
        report(state(2))

    assert "small" in screen.getvalue()
    assert "2/3" in screen.getvalue()


def test_a_download_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with console.transfer() as reporter:
        report = reporter("weights")
        report(50_000_000, 100_000_000)
        report(100_000_000, 100_000_000)

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("weights: 100 of 100 MB in ")


def test_records_are_data_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    console.data([{"b": Decimal("1.50"), "a": None}])

    assert capsys.readouterr() == ('{"a": null, "b": "1.50"}\n', "")
