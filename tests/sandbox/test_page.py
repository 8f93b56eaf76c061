"""The page of what the sandbox stops says what the tests' tables say."""

from __future__ import annotations

from sandbox.page import PAGE, page


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python tests/sandbox/page.py"
