"""The operator token and the refusals of the backfill worker."""

from __future__ import annotations

import base64
import hashlib
import hmac

import httpx
import pytest

from .conftest import KEY, World, check_refusal


def derived(key: str, info: str = "building-vitals/operator/v1") -> str:
    """HKDF-SHA256 as RFC 5869 defines it, independent of the project's code."""
    pseudorandom = hmac.new(b"\0" * 32, key.encode(), hashlib.sha256).digest()
    block = hmac.new(pseudorandom, info.encode() + b"\x01", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(block).decode().rstrip("=")


def test_refusals_have_a_fixed_order(world: World) -> None:
    for path in ("/", "/health/", "/Trigger", "/reset", "/constructor", "/__proto__"):
        check_refusal(world.ask("no-key", "POST", path), 404, "not_found")
    for method, path, allowed in (
        ("POST", "/health", "GET, HEAD"),
        ("DELETE", "/status", "GET, HEAD"),
        ("GET", "/trigger", "POST"),
    ):
        answer = world.ask("no-key", method, path)
        check_refusal(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
    for worker in ("no-key", "empty-key", "blank-key", "key-not-text"):
        for token in (None, derived(""), derived(" \t\n")):
            check_refusal(world.ask(worker, "POST", "/trigger", token=token), 503, "not_configured")
            check_refusal(world.ask(worker, "GET", "/status", token=token), 503, "not_configured")
    for token in (None, "wrong", KEY, derived(KEY)[:-1], derived(KEY) + "A", derived(KEY, "other"), derived("other")):
        for method, path in (("POST", "/trigger"), ("GET", "/status")):
            answer = world.ask("main", method, path, token=token)
            check_refusal(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert world.odd.requests == []


def test_the_token_is_accepted_in_the_bearer_scheme_only(world: World) -> None:
    url = f"{world.urls['main']}/status"
    token = derived(KEY)
    assert httpx.get(url, headers={"Authorization": f"bearer {token}"}).status_code == 200
    for headers in ({"Authorization": token}, {"Authorization": f"Basic {token}"}, {"X-Token": token}):
        assert httpx.get(url, headers=headers).status_code == 401
    assert httpx.get(url, params={"token": token, "access_token": token}).status_code == 401


@pytest.mark.parametrize(
    ("worker", "key"), [("main", KEY), ("other-key", f" {KEY}\u00e9 "), ("line-in-key", f"{KEY}\n{KEY}")]
)
def test_the_token_is_derived_from_the_untrimmed_key(world: World, worker: str, key: str) -> None:
    assert world.ask(worker, "GET", "/status", token=derived(key)).status_code == 200
    for other in {KEY, f"{KEY}\u00e9", f"{KEY}\n{KEY}"} - {key}:
        assert world.ask(worker, "GET", "/status", token=derived(other)).status_code == 401
