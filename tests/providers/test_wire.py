"""What adapters share: keys, headers, counts; and that nothing around them changes where a request goes or what it is."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from providers.edge import CONNECT, GOOD, KEY, PROVIDERS, Edge, Page, request_of, serving, tier_of

from harness.errors import ProviderError
from harness.providers import Allowance
from harness.providers.openai_compatible import client_of
from harness.providers.wire import allowance_of, key_of, tokens
from harness.values import Tier

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PROVIDERS_OWN = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openai-compatible": "OPENAI_API_KEY",
    "google": "GOOGLE_API_KEY",
}


def anthropic_headers(**left: tuple[int, int, str]) -> dict[str, str]:
    return {
        f"anthropic-ratelimit-{kind.replace('_', '-')}-{what}": str(value)
        for kind, values in left.items()
        for what, value in zip(("remaining", "limit", "reset"), values, strict=True)
    }


@pytest.mark.parametrize(
    ("headers", "allowance"),
    [
        ({}, None),
        ({"content-type": "x", "retry-after": "3"}, None),
        # The tokens are scarcer, by the share that is left; output tokens are the scarcest of them.
        (anthropic_headers(requests=(40, 50, "2026-11-22T12:00:01Z"), tokens=(900, 1000, "2026-11-22T12:00:02Z"),
                           input_tokens=(800, 1000, "2026-11-22T12:00:03Z"),
                           output_tokens=(10, 200, "2026-11-22T12:00:04.500Z")),
         Allowance(requests=40, tokens=10, reset=4.5)),
        # Here the requests are.
        (anthropic_headers(requests=(0, 50, "2026-11-22T13:00:01+01:00"), tokens=(900, 1000, "2026-11-22T12:00:09Z")),
         Allowance(requests=0, tokens=900, reset=1.0)),
        ({"X-RateLimit-Remaining-Requests": "59", "x-ratelimit-reset-requests": "12ms",
          "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"},
         Allowance(requests=59, tokens=0, reset=360.0)),
        ({"x-ratelimit-remaining-requests": "59"}, Allowance(requests=59)),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1h2m3.5s"},
         Allowance(requests=1, reset=3723.5)),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "7"}, Allowance(requests=1, reset=7.0)),
        # A moment that has passed, moments that are none, counts that are none.
        ({"anthropic-ratelimit-requests-remaining": "1", "anthropic-ratelimit-requests-reset": "2020-11-22T12:00:00Z"},
         Allowance(requests=1)),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1795340050"}, Allowance(requests=1)),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "soon"}, Allowance(requests=1)),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "2026-11-22T12:00:00"},
         Allowance(requests=1)),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-remaining-tokens": "-5"}, None),
        ({"x-ratelimit-remaining-requests": "²", "x-ratelimit-remaining-tokens": ""}, None),
    ],
)  # fmt: skip
def test_what_headers_leave(headers: dict[str, str], allowance: Allowance | None) -> None:
    assert allowance_of(headers, NOW) == allowance


@given(st.dictionaries(st.sampled_from([
    f"{form}" for kind in ("requests", "tokens", "input-tokens") for what in ("remaining", "limit", "reset")
    for form in (f"anthropic-ratelimit-{kind}-{what}", f"x-ratelimit-{what}-{kind}")
]), st.text("0123456789msT.-:Zh² µ", max_size=12)))  # fmt: skip
def test_no_header_is_too_odd(headers: dict[str, str]) -> None:
    found = allowance_of(headers, NOW)

    assert found is None or (found.reset >= 0 and (found.requests or 0) >= 0 and (found.tokens or 0) >= 0)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=300)))
def test_a_moment_is_read_as_the_time_until_it(ahead: timedelta) -> None:
    headers = {
        "anthropic-ratelimit-tokens-remaining": "5",
        "anthropic-ratelimit-tokens-reset": (NOW + ahead).isoformat().replace("+00:00", "Z"),
    }

    assert allowance_of(headers, NOW) == Allowance(tokens=5, reset=ahead.total_seconds())


@pytest.mark.parametrize(
    ("counts", "count"), [({}, 0), (None, 0), ({"n": None}, 0), ({"n": 0}, 0), ({"n": 7}, 7), ({"n": 7.0}, 7)]
)
def test_a_count(counts: dict[str, Any] | None, count: int) -> None:
    assert tokens(counts, "n") == count


def test_a_providers_own_key_never_goes_to_an_address_of_the_ladder(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.page = lambda path: Page(body=next(GOOD[each] for each in PROVIDERS if path_of(each) in path))
    for name in {*PROVIDERS_OWN.values(), "GEMINI_API_KEY"}:
        monkeypatch.setenv(name, "sk-own-0123456789")

    for provider in PROVIDERS:
        complete(replace(tier_of(provider, edge), key_env=None))

    credentials = [headers.get("authorization") or headers["x-goog-api-key"] for headers in edge.headers]
    assert credentials == ["Bearer none", "Bearer none", "Bearer none", "none"]
    assert "sk-own" not in str(edge.headers)


def path_of(provider: str) -> str:
    paths = {
        "anthropic": "/messages",
        "openai": "/responses",
        "openai-compatible": "/chat",
        "google": "generateContent",
    }
    return paths[provider]


def test_keys_are_looked_for_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    tier = Tier(name="t", provider="google", model="m")
    monkeypatch.setenv("GEMINI_API_KEY", " sk-gemini ")
    assert key_of(tier, "GOOGLE_API_KEY", "GEMINI_API_KEY") == "sk-gemini"
    monkeypatch.setenv("GOOGLE_API_KEY", "sk-google")
    assert key_of(tier, "GOOGLE_API_KEY", "GEMINI_API_KEY") == "sk-google"
    monkeypatch.setenv("MINE", "sk-mine")
    assert key_of(replace(tier, key_env="MINE"), "GOOGLE_API_KEY", "GEMINI_API_KEY") == "sk-mine"


@pytest.fixture
def misled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything in the environment that could redirect an SDK or add a credential."""
    elsewhere, other = "http://127.0.0.1:9", "sk-other-0123456789"
    (tmp_path / "netrc").write_text(f"default login me password {other}\n")
    headers = f"Authorization: Bearer {other}\nx-api-key: {other}\nx-goog-api-key: {other}\nx-more: {other}"
    for name, value in {
        "ANTHROPIC_BASE_URL": elsewhere, "ANTHROPIC_AUTH_TOKEN": other, "ANTHROPIC_API_KEY": other,
        "ANTHROPIC_CUSTOM_HEADERS": headers, "ANTHROPIC_PROFILE": "other", "ANTHROPIC_CONFIG_DIR": str(tmp_path),
        "OPENAI_BASE_URL": elsewhere, "OPENAI_API_KEY": other, "OPENAI_ORG_ID": other, "OPENAI_PROJECT_ID": other,
        "OPENAI_ADMIN_KEY": other, "OPENAI_CUSTOM_HEADERS": headers,
        "GOOGLE_GEMINI_BASE_URL": elsewhere, "GOOGLE_VERTEX_BASE_URL": elsewhere, "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true", "GOOGLE_CLOUD_PROJECT": "other", "GOOGLE_CLOUD_LOCATION": "global",
        "GOOGLE_GENAI_API_VERSION": "other", "GOOGLE_GENAI_CLIENT_MODE": "replay", "GOOGLE_API_KEY": other,
        "GOOGLE_GENAI_REPLAYS_DIRECTORY": str(tmp_path), "GOOGLE_GENAI_REPLAY_ID": "other", "NETRC": str(tmp_path / "netrc"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("misled")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_environment_neither_redirects_nor_adds_a_credential(edge: Edge, provider: str) -> None:
    edge.page = Page(body=GOOD[provider])

    complete(tier_of(provider, edge))

    (headers,) = edge.headers
    assert path_of(provider) in edge.paths[0]
    assert "other" not in edge.paths[0]
    assert "sk-other" not in str(headers)
    known = {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key"}
    credentials = {name: value for name, value in headers.items() if name in known or KEY in value}
    assert credentials == ({"x-goog-api-key": KEY} if provider == "google" else {"authorization": f"Bearer {KEY}"})


@pytest.mark.usefixtures("misled")
def test_an_organisation_counts_at_openais_own_address_only() -> None:
    async def go() -> list[str | None]:
        ours, theirs = client_of("https://api.openai.com/v1", KEY, own=True), client_of("http://127.0.0.1:9/v1", KEY)
        async with ours, theirs:
            return [ours.organization, ours.project, theirs.organization, theirs.project]

    assert asyncio.run(go()) == ["sk-other-0123456789", "sk-other-0123456789", None, None]


@pytest.mark.usefixtures("misled")
@pytest.mark.parametrize(
    ("provider", "host"),
    [
        ("anthropic", "api.anthropic.com:443"),
        ("openai", "api.openai.com:443"),
        ("google", "generativelanguage.googleapis.com:443"),
    ],
)
def test_without_an_address_the_providers_own_is_asked_through_the_proxy(
    edge: Edge, provider: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", edge.url)
    edge.page = Page(status=403)

    with pytest.raises(ProviderError) as caught:
        complete(replace(tier_of(provider, edge), base_url=None))

    assert caught.value.fault == "no connection"
    assert edge.paths == [host]
    assert "sk-" not in str(edge.headers)


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # the SDKs', inside their transport
@pytest.mark.filterwarnings("ignore:The 'proxy_auth' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_proxy_is_used(edge: Edge, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", edge.url.replace("//", "//me:mine@"))
    edge.page = Page(body=GOOD[provider])

    complete(tier_of(provider, Edge("http://provider.invalid")))

    assert edge.paths[0].startswith("http://provider.invalid/v1")
    assert edge.headers[0]["proxy-authorization"] == "Basic bWU6bWluZQ=="


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_proxy_is_used_where_none_shall_be(edge: Edge, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    edge.page = Page(body=GOOD[provider])

    complete(tier_of(provider, edge))

    assert len(edge.paths) == 1


def certified(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "edge.pem"
    path.write_bytes(text + made.public_bytes(pem))
    return path


def test_the_environments_certificates_are_trusted_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    path = certified(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    with serving(context) as edge:
        for provider in PROVIDERS:
            edge.page = Page(body=GOOD[provider])
            monkeypatch.delenv("SSL_CERT_FILE", raising=False)
            with pytest.raises(ProviderError, match="CERTIFICATE_VERIFY_FAILED") as caught:
                complete(tier_of(provider, edge))
            assert caught.value.fault == "no connection"
            monkeypatch.setenv("SSL_CERT_FILE", str(path))
            complete(tier_of(provider, edge))

    assert len(edge.paths) == len(PROVIDERS)


def complete(tier: Tier) -> None:
    async def go() -> None:
        async with CONNECT[tier.provider](tier) as connection:
            assert (await connection.complete(request_of(tier.provider))).text == "Paris"

    asyncio.run(go())
