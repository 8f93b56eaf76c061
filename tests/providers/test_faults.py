"""Naming faults: what the tables in `faults` make of bodies, headers and errors. Real sockets: `test_providers.py`."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime

import httpx2
import pytest

from harness.providers.faults import network_error, retry_hint, status_error

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 3600 "}, 3600.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2020 00:00:30 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 00:00:30"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after-ms": "nan"}, None),
    ],
)
def test_the_hint_of_a_header(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_hint(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("rate_limit_exceeded", "rate limit"),
        ("rate_limit_error", "rate limit"),
        ("overloaded_error", "overloaded"),
        ("server_error", "server fault"),
        ("api_error", "server fault"),
        ("timeout_error", "timeout"),
        ("not_found_error", "no such model"),
        ("authentication_error", "key refused"),
        ("permission_error", "not allowed"),
        ("billing_error", "limit reached"),
        ("insufficient_quota", "limit reached"),
        ("invalid_request_error", "bad request"),
        ("invalid_prompt", "bad request"),
    ],
)
def test_an_error_without_a_status_is_known_by_its_name(word: str, fault: str) -> None:
    error = status_error("here", 200, {"error": {"code": word, "message": "a reason"}})

    assert error.fault == fault
    assert "a reason" in str(error) or fault == "key refused"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (None, "500: no explanation"),
        ("<html>\n Bad   gateway", "500: <html> Bad gateway"),
        ({"error": "plain"}, "500: plain"),
        ({"message": "flat"}, "500: flat"),
        ({"error": {"message": "deep"}}, "500: deep"),
        ({"error": {"message": None, "why": 1}}, '500: {"message": null, "why": 1}'),
        ({"error": {"message": "x" * 999}}, "500: " + "x" * 300 + ";"),
        ({"error": {"message": "odd", "details": "text"}}, "500: odd"),
        ({"error": {"message": "odd", "details": [None, {"violations": [3]}]}}, "500: odd"),
        ([1], "500: [1]"),
    ],
)
def test_whatever_a_server_sends_becomes_one_line(body: object, text: str) -> None:
    assert str(status_error("here", 500, body)).startswith(f"here: {text}")


def chained(*errors: BaseException) -> BaseException:
    """The first error, caused by the second, and so on."""
    for error, cause in itertools.pairwise(errors):
        error.__cause__ = cause
    return errors[0]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (TimeoutError(), "timeout"),
        (httpx2.ReadTimeout("x"), "timeout"),
        (httpx2.ConnectTimeout("x"), "no connection"),
        (httpx2.ConnectError("x"), "no connection"),
        (httpx2.ProxyError("x"), "no connection"),
        (httpx2.ReadError("x"), "connection lost"),
        (httpx2.RemoteProtocolError("x"), "connection lost"),
        (httpx2.DecodingError("x"), "unreadable reply"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "unreadable reply"),
        (chained(RuntimeError("outer"), ConnectionRefusedError(111, "refused")), "no connection"),
        (chained(httpx2.ConnectTimeout("as OpenAI maps it"), ConnectionResetError(104, "reset")), "connection lost"),
        (TypeError("x"), "bad request"),
        # It may have been sent, and billed.
        (RuntimeError("never seen before"), "connection lost"),
        (asyncio.IncompleteReadError(b"", 1), "connection lost"),
    ],
)
def test_an_error_that_no_server_told(error: BaseException, fault: str) -> None:
    found = network_error("here", error)

    assert found.fault == fault
    assert str(found).startswith("here: ")
