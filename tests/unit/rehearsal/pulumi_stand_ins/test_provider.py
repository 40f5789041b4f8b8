"""The provider calls only this machine, reports that it is a stand-in, and refuses unknown types in one line."""

import asyncio
from typing import Any

import pytest
from pulumi.provider.experimental import provider

from rehearsal.pulumi_stand_ins.property_values import wrap_map
from rehearsal.pulumi_stand_ins.provider import CloudflareProvider
from rehearsal.pulumi_stand_ins.resource import RefusedByPluginError

TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
LOCAL = "http://127.0.0.1:8787/client/v4"


def _configure(**settings: str) -> list[tuple[str, str, str]]:
    said: list[tuple[str, str, str]] = []
    cloudflare = CloudflareProvider(notify=lambda *words: said.append(words))
    answer = asyncio.run(
        cloudflare.configure(
            provider.ConfigureRequest({}, wrap_map(settings), accept_secrets=True, accept_resources=True)
        )
    )
    assert answer.supports_preview
    assert (
        not answer.accept_secrets
    )  # so that the engine hides every value with a secret part, as with the official plugin
    return said


@pytest.fixture(autouse=True)
def _without_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_BASE_URL", raising=False)
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)


@pytest.mark.parametrize("base", [LOCAL, "http://localhost:1/client/v4", "http://[::1]:1/client/v4"])
def test_it_reports_once_that_it_is_a_stand_in(base: str) -> None:
    assert _configure(baseUrl=base, apiToken=TOKEN) == [
        ("info", "", "stand-in for the official cloudflare plugin: rehearsals and tests only")
    ]


def test_address_and_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", LOCAL)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    assert len(_configure()) == 1


@pytest.mark.parametrize(
    "base", ["", "https://api.cloudflare.com/client/v4", "http://127.0.0.1.example.com/", "10.0.0.1"]
)
def test_it_calls_no_other_machine(base: str) -> None:
    with pytest.raises(RefusedByPluginError, match="loopback"):
        _configure(baseUrl=base, apiToken=TOKEN)


@pytest.mark.parametrize("token", ["", "short", "x" * 81, TOKEN + " "])
def test_a_token_has_the_official_form_and_is_never_repeated(token: str) -> None:
    with pytest.raises(RefusedByPluginError, match="40 to 80 characters") as refused:
        _configure(baseUrl=LOCAL, apiToken=token)
    assert not token or token not in str(refused.value)


def test_an_unknown_resource_type_is_refused_with_the_place_to_add_it() -> None:
    request: Any = provider.CheckRequest("urn:pulumi:s::p::cloudflare:index/d1Database:D1Database::n", {}, {}, b"")
    with pytest.raises(RefusedByPluginError, match=r"D1Database.*rehearsal/pulumi_stand_ins/resources"):
        asyncio.run(CloudflareProvider(notify=lambda *words: None).check(request))
