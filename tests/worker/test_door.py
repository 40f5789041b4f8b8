"""Who is let in, and what the worker says of itself."""

from __future__ import annotations

import base64
import hashlib
import hmac

import httpx
import pytest

from .conftest import KEY, UNUSABLE, World


def derived(key: str, info: str = "building-vitals/operator/v1") -> str:
    """HKDF-SHA256 as RFC 5869 writes it down, apart from any other code of the project."""
    pseudorandom = hmac.new(b"\0" * 32, key.encode(), hashlib.sha256).digest()
    block = hmac.new(pseudorandom, info.encode() + b"\x01", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(block).decode().rstrip("=")


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["status"] == "error"
    assert answer.headers["content-type"] == "application/json"


def test_health_shows_what_runs(world: World) -> None:
    answer = world.ask("main", "GET", "/health")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "status": "healthy",
        "service": "backfill-worker",
        "version": "1.0.0",
        "worker_version": {"id": "version-1", "tag": "bv:test"},
    }
    head = world.ask("main", "HEAD", "/health")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "worker", ["no-key", "empty-key", "blank-key", "key-not-text", "no-bucket", "head-fails", *UNUSABLE]
)
def test_health_looks_at_each_binding_and_does_not_say_which(world: World, worker: str) -> None:
    answer = world.ask(worker, "GET", "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert set(answer.json()) == {"status", "service", "version", "worker_version"}
    assert "KEY" not in answer.text
    assert world.ask(worker, "HEAD", "/health").status_code == 503
    assert {line["message"] for line in world.logs("Unhealthy")} == {"[Backfill] Unhealthy"}


def test_health_costs_one_head_and_no_list(world: World) -> None:
    assert world.ask("counted", "GET", "/health").headers["x-r2-calls"] == '{"head":1}'
    assert world.ask("head-fails", "GET", "/health").headers["x-r2-calls"] == '{"head":1}'
    assert world.odd.requests == []


def test_refusals_come_in_order(world: World) -> None:
    for path in ("/", "/health/", "/Trigger", "/reset", "/constructor", "/__proto__"):
        refused(world.ask("no-key", "POST", path), 404, "not_found")
    for method, path, allowed in (
        ("POST", "/health", "GET, HEAD"),
        ("DELETE", "/status", "GET, HEAD"),
        ("GET", "/trigger", "POST"),
    ):
        answer = world.ask("no-key", method, path)
        refused(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
    for worker in ("no-key", "empty-key", "blank-key", "key-not-text"):
        for token in (None, derived(""), derived(" \t\n")):
            refused(world.ask(worker, "POST", "/trigger", token=token), 503, "not_configured")
            refused(world.ask(worker, "GET", "/status", token=token), 503, "not_configured")
    for token in (None, "wrong", KEY, derived(KEY)[:-1], derived(KEY) + "A", derived(KEY, "other"), derived("other")):
        for method, path in (("POST", "/trigger"), ("GET", "/status")):
            answer = world.ask("main", method, path, token=token)
            refused(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert world.odd.requests == []


def test_the_token_travels_in_the_bearer_scheme_alone(world: World) -> None:
    url = f"{world.urls['main']}/status"
    token = derived(KEY)
    assert httpx.get(url, headers={"Authorization": f"bearer {token}"}).status_code == 200
    for headers in ({"Authorization": token}, {"Authorization": f"Basic {token}"}, {"X-Token": token}):
        assert httpx.get(url, headers=headers).status_code == 401
    assert httpx.get(url, params={"token": token, "access_token": token}).status_code == 401


@pytest.mark.parametrize(
    ("worker", "key"), [("main", KEY), ("other-key", f" {KEY}\u00e9 "), ("line-in-key", f"{KEY}\n{KEY}")]
)
def test_the_token_is_derived_from_the_key_as_it_is(world: World, worker: str, key: str) -> None:
    assert world.ask(worker, "GET", "/status", token=derived(key)).status_code == 200
    for other in {KEY, f"{KEY}\u00e9", f"{KEY}\n{KEY}"} - {key}:
        assert world.ask(worker, "GET", "/status", token=derived(other)).status_code == 401


@pytest.mark.parametrize("worker", UNUSABLE)
def test_an_unusable_setting_is_never_replaced_by_a_default(world: World, worker: str) -> None:
    (name,) = UNUSABLE[worker]
    refused(world.ask(worker, "POST", "/trigger"), 401, "unauthorized")
    answer = world.trigger(worker)
    refused(answer, 503, "not_configured")
    assert name in answer.json()["error"]["message"]
    assert world.control("cron", worker=worker)["outcome"] == "exception"
    assert (world.keys(worker), world.odd.requests) == ([], [])
    world.logs("[Backfill] Not configured", name)


@pytest.mark.parametrize(
    ("worker", "answered", "absent"),
    [
        ("no-bucket", (502, "storage"), ["BUCKET"]),
        ("unbound", (503, "not_configured"), ["BUCKET", "CF_VERSION_METADATA"]),
        ("bare", (503, "not_configured"), ["ACE_API_KEY", "BUCKET", "CF_VERSION_METADATA"]),
    ],
)
def test_the_log_names_all_that_is_absent_the_bucket_among_it(
    world: World, worker: str, answered: tuple[int, str], absent: list[str]
) -> None:
    world.logs()
    answer = world.trigger(worker)
    refused(answer, *answered)
    assert "BUCKET" not in answer.text
    lines = [line for line in world.logs("Not configured") if line["message"] == "[Backfill] Not configured"]
    assert [line["unusable"] for line in lines] == [absent]
