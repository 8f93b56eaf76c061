"""One tree of errors, one line each."""

from __future__ import annotations

import re

import pytest

from harness import errors
from harness.errors import BadInput, ProviderError, TierfloorError, did_you_mean


def tree(kind: type[TierfloorError] = TierfloorError) -> list[type[TierfloorError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


def test_the_docstring_shows_the_whole_tree() -> None:
    shown = re.findall(r"(\w+) {2,}(?:exit (\d))?", str(errors.__doc__))
    ours = [kind for kind in tree() if kind.__module__ == errors.__name__]
    assert [name for name, _ in shown] == [kind.__name__ for kind in ours]
    assert {name: int(code) for name, code in shown if code}.items() <= {k.__name__: k.exit_code for k in ours}.items()


def test_every_name_is_public_and_sorted() -> None:
    ours = {kind.__name__ for kind in tree() if kind.__module__ == errors.__name__}
    assert {*errors.__all__} == {*ours, "Fault", "did_you_mean", "maybe_billed"}
    assert errors.__all__ == sorted(errors.__all__)


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    error = BadInput("suite.toml:3", "not a decimal:\n  'five'\n")
    assert str(error) == "suite.toml:3: not a decimal: 'five'"


def test_a_provider_error_says_whether_to_try_again() -> None:
    assert [ProviderError("x", "y", fault=fault).kind for fault in ("overloaded", "expired", "key refused")] == [
        "transient",
        "request",
        "fatal",
    ]
    assert ProviderError("openai", "slow down", fault="rate limit", retry_after=1.5).retry_after == 1.5


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("smoll", ["base", "smol"], "did you mean 'smol'?"),
        ("zzz", ["base", "smol"], "known: base, smol"),
        ("zzz", [], "none are known"),
    ],
)
def test_an_unknown_word_gets_a_suggestion(word: str, known: list[str], said: str) -> None:
    assert did_you_mean(word, known) == said
