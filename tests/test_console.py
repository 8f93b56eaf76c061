"""Progress is plain lines where nobody watches, bars on a terminal, and never on stdout."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from harness import console
from harness.run import Progress


def state(done: int, **more: Any) -> Progress:
    given: dict[str, Any] = {"failed": 0, "connections": 24, "spent": Decimal("1.25"), "uncertain": Decimal(0), **more}
    return Progress(tier="small", done=done, total=3, **given)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_quick_run_says_one_line_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("credits") as report:
        for done in (1, 2, 3):
            report(state(done, failed=1))
        report(state(3, failed=1, ended=True))

    assert capsys.readouterr() == ("", "small: 3/3 answers, 1 failed, 1.25 credits\n")


def test_a_long_run_says_how_it_stands_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    with console.progress("credits", lambda: now) as report:
        for _ in range(25):
            now += 1
            report(state(1, waiting=11.2, why="rate limit", uncertain=Decimal("0.5")))
            report(replace(state(2), tier="large"))

    _, err = capsys.readouterr()
    small = "small: 1/3 answers, x24, waiting 12 s: rate limit, 1.25 credits (and at most 0.5 more)"
    assert err.splitlines() == [small, "large: 2/3 answers, x24, 1.25 credits"] * 2


def test_why_a_tier_is_stopped_is_said_once_and_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("credits") as report:
        report(state(1))
        report(state(1, stopped="401: the key was refused"))
        assert capsys.readouterr().err == "small: stopped: 401: the key was refused\n"
        report(state(1, stopped="401: the key was refused", ended=True))

    assert capsys.readouterr().err == "small: 1/3 answers, 1.25 credits\n"


def test_bars_are_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress("credits") as report:
        report(state(1, stopped="[red]401[/red]: no"))
        report(state(2, ended=True))

    assert "small: stopped: [red]401[/red]: no" in screen.getvalue()
    assert "2/3" in screen.getvalue()


def test_long_judging_says_how_far_it_is_and_starts_anew_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with console.judging(lambda: now) as report:
        for _ in range(2):
            for done in range(1, 31):
                now += 1
                report(done, 30)

    assert capsys.readouterr() == ("", "judged 11/30 answers\njudged 21/30 answers\n" * 2)


def test_a_bar_of_judging_is_gone_when_all_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    now = 0.0
    with console.judging(lambda: now) as report:
        for done in range(1, 6):
            now += 1
            report(done, 5)
        drawn = terminal.getvalue()
        with console.progress("credits") as answers:
            answers(state(1))

    assert "4/5" in drawn
    assert "1/3" in terminal.getvalue()


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
