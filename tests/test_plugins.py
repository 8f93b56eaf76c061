"""Plugins are entry points; only the one asked for is loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness import plugins
from harness.errors import BadInput


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that somebody else installed: one good plugin, one broken, one that must not be imported."""
    (tmp_path / "stranger.py").write_text("def connect(tier):\n    return tier\n")
    (tmp_path / "stranger_heavy.py").write_text("raise RuntimeError('must not be loaded')\n")
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tierfloor.providers]\n"
        "stranger = stranger:connect\n"
        "heavy = stranger_heavy:connect\n"
        "gone = stranger:no_such_thing\n"
        "[tierfloor.checkers]\n"
        "exact = stranger:connect\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_plugin_is_loaded_by_name_and_no_other_is_touched() -> None:
    connect = plugins.load("tierfloor.providers", "stranger")

    assert connect("t") == "t"
    assert "stranger_heavy" not in sys.modules


@pytest.mark.usefixtures("installed")
def test_the_names_of_a_group_with_and_without_its_prefix() -> None:
    assert {"stranger", "heavy", "gone"} <= set(plugins.names("providers"))
    assert plugins.names("providers") == plugins.names("tierfloor.providers")
    assert "exact" in plugins.names("checkers")
    assert "exact" not in plugins.names("providers")


@pytest.mark.usefixtures("installed")
def test_an_unknown_name_is_one_line_with_a_guess() -> None:
    with pytest.raises(BadInput) as caught:
        plugins.load("tierfloor.providers", "strnger")

    assert str(caught.value) == "tierfloor.providers: no plugin named 'strnger'; did you mean 'stranger'?"


@pytest.mark.usefixtures("installed")
def test_a_broken_plugin_is_one_line() -> None:
    with pytest.raises(BadInput, match="plugin 'gone' cannot be loaded"):
        plugins.load("providers", "gone")
